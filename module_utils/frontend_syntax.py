"""TypeScript as a tree: what an expression means, where a name comes from, and edits that leave the rest alone.

The tree is ast-grep's; nothing here reads source by patterns of characters.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

try:
    from ast_grep_py import SgNode, SgRoot
except ImportError:
    SgRoot = SgNode = None

FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "method_definition",
    }
)
#: What may stand around an expression without changing its value.
WRAPPERS = frozenset(
    {
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "type_assertion",
    }
)
DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})
NAMES = frozenset({"identifier", "shorthand_property_identifier"})
GLOBAL_OBJECTS = frozenset({"window", "globalThis", "self"})
#: Calls without an effect.
PURE_CALLS = frozenset({"String", "Boolean", "Number", "JSON.stringify", "btoa", "Date.now"})
PURE_METHODS = frozenset({"bind", "toString", "trim", "includes", "startsWith", "endsWith"})


class Unreadable(Exception):
    """The text is not TypeScript; the text of the error is one sentence without the file's name."""


class NotApplicable(Exception):
    """A step has nothing to look at in a file."""


class NotUnderstood(Exception):
    """A place that a person has to look at."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node, self.reason = node, reason


@dataclass(eq=False)
class Node:
    """A node of the tree with its place in the text; two nodes are equal only if they are the same."""

    kind: str
    start: int
    end: int
    line: int
    named: bool
    parent: Node | None
    code: Code
    sg: SgNode
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.code.text[self.start : self.end]

    @property
    def items(self) -> list[Node]:
        """The named children without comments."""
        return [child for child in self.children if child.named and child.kind != "comment"]

    def get(self, name: str) -> Node | None:
        """Return the child of a field of the grammar; what `new` calls is a function like others."""
        name = "constructor" if (self.kind, name) == ("new_expression", "function") else name
        found = self.sg.field(name)
        if found is None:
            return None
        place = found.range()
        for child in self.children:
            if (child.start, child.end, child.kind) == (
                place.start.index,
                place.end.index,
                found.kind(),
            ):
                return child
        return None

    def walk(self) -> Iterator[Node]:
        """Yield the node and all below it, in the order of the text."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))

    def above(self) -> Iterator[Node]:
        """Yield the parents, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def inside(self, others: Iterable[Node]) -> bool:
        return any(other.start <= self.start and self.end <= other.end for other in others)

    def operator(self) -> str:
        """Return the operator of a unary or binary expression."""
        found = self.get("operator")
        return found.text if found else ""

    def has(self, token: str) -> bool:
        """Say whether a keyword or sign stands directly in the node."""
        return any(not child.named and child.text == token for child in self.children)


class Code:
    """A file's text and its tree."""

    def __init__(self, text: str, tsx: bool) -> None:
        self.text, self.tsx = text, tsx
        self._bindings: dict[int, Binding | None] = {}
        root = SgRoot(text, "tsx" if tsx else "typescript").root()
        # Only the outermost node may begin after the text does: blanks, and a byte order mark.
        self.root = self._node(root, None)
        pending = [self.root]
        self.nodes: list[Node] = []
        while pending:
            node = pending.pop()
            self.nodes.append(node)
            node.children = [self._node(child, node) for child in node.sg.children()]
            pending.extend(reversed(node.children))
            if node.kind == "ERROR" or (node.start == node.end and node.parent):
                raise Unreadable(f"line {node.line} is not TypeScript that the parser understands.")

    def _node(self, sg: SgNode, parent: Node | None) -> Node:
        place = sg.range()
        return Node(
            sg.kind(),
            place.start.index,
            place.end.index,
            place.start.line + 1,
            sg.is_named(),
            parent,
            self,
            sg,
        )

    def of(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    def newline(self, near: int) -> str:
        """Return the line ending that is used around a place."""
        end = self.text.find("\n", near)
        end = end if end >= 0 else self.text.rfind("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    def line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def indent(self, place: int) -> str:
        """Return the blanks with which the line of a place begins."""
        start = self.line_start(place)
        line = self.text[start:place]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def unit(self) -> str:
        """Return one step of indentation, as the file has it."""
        steps = []
        for block in self.of("statement_block", "object"):
            if block.items and block.items[0].line > block.line:
                outer, inner = self.indent(block.start), self.indent(block.items[0].start)
                if inner.startswith(outer) and inner != outer:
                    steps.append(inner[len(outer) :])
        return max(set(steps), key=steps.count) if steps else "  "


# --- edits ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Edit:
    """`text` in place of what lies between two places."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with all edits; one that lies in another is part of it, and what overlaps goes together."""
    ordered = sorted(set(edits), key=lambda edit: (edit.start, -edit.end))
    parts, place = [], 0
    for edit in ordered:
        if edit.end <= place and edit.start < place:
            continue
        parts += [text[place : max(place, edit.start)], edit.text]
        place = max(place, edit.end)
    return "".join(parts) + text[place:]


def tidy(code: Code, edits: Iterable[Edit]) -> list[Edit]:
    """Let what is removed together take its line with it when nothing else is left there."""
    ordered = sorted(set(edits))
    result = []
    for edit in ordered:
        line_start, line_end = code.line_start(edit.start), code.text.find("\n", edit.end)
        line_end = len(code.text) if line_end < 0 else line_end
        beside = [other for other in ordered if line_start <= other.start and other.end <= line_end]
        one_line = "\n" not in code.text[edit.start : edit.end]
        if len(beside) > 1 and one_line and not any(other.text for other in beside):
            moved = [Edit(other.start - line_start, other.end - line_start, "") for other in beside]
            if not apply(code.text[line_start:line_end], moved).strip():
                edit = Edit(line_start, min(line_end + 1, len(code.text)), "")
        result.append(edit)
    return sorted(set(result))


def swap(node: Node, text: str) -> Edit:
    return Edit(node.start, node.end, text)


def cut(node: Node) -> Edit:
    """Remove a statement or the like: its whole line where it has one, with the comment that ends that line."""
    text, start, end = node.code.text, node.start, node.end
    rest = text[end:]
    if node.kind not in ("else_clause",) and rest.lstrip(" \t").startswith(";"):
        end += len(rest) - len(rest.lstrip(" \t")) + 1
    line_start = node.code.line_start(start)
    alone_before = not text[line_start:start].strip()
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    after = text[end:stop]
    comment = [
        other
        for other in node.code.of("comment")
        if end <= other.start < stop and not text[end : other.start].strip()
    ]
    if alone_before and not after.strip():
        return Edit(line_start, min(stop + 1, len(text)), "")
    if alone_before and comment and comment[0].text.startswith("//"):
        return Edit(line_start, min(stop + 1, len(text)), "")
    while end < stop and text[end] in " \t":
        end += 1
    while not text[end:stop].strip() and start and text[start - 1] in " \t":
        start -= 1
    return Edit(start, end, "")


def cut_item(node: Node) -> Edit:
    """Remove an item of a list with its comma, and with its line where that holds nothing else."""
    text = node.code.text
    siblings = node.parent.children if node.parent else []
    at = siblings.index(node)
    following = next((child for child in siblings[at + 1 :] if child.kind != "comment"), None)
    before = next((child for child in reversed(siblings[:at]) if child.kind != "comment"), None)
    if following is not None and following.text == ",":
        end = following.end
        line_start = node.code.line_start(node.start)
        stop = text.find("\n", end)
        tail = text[end:stop] if stop >= 0 else ""
        if not text[line_start : node.start].strip() and stop >= 0:
            if not tail.strip() or tail.strip().startswith("//"):
                return Edit(line_start, stop + 1, "")
        while text[end] in " \t":
            end += 1
        return Edit(node.start, end, "")
    if before is not None and before.text == ",":
        return Edit(before.start, node.end, "")
    start, end = node.start, node.end
    while start and text[start - 1] in " \t":
        start -= 1
    return Edit(start, end, "")


def append_item(last: Node, text: str) -> Edit:
    """Add an item after the last one of a list, in the way the list is written."""
    code, container = last.code, last.parent
    siblings = container.children if container else []
    following = siblings[siblings.index(last) + 1 :]
    comma = next((child for child in following if child.kind != "comment"), None)
    multiline = container is not None and container.items[0].line > container.line
    gap = f"{code.newline(last.end)}{code.indent(last.start)}" if multiline else " "
    if comma is not None and comma.text == ",":
        more = any(child.named and child.kind != "comment" for child in following)
        return Edit(comma.end, comma.end, f"{gap}{text}{',' if multiline or more else ''}")
    return Edit(last.end, last.end, f",{gap}{text}")


# --- names ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Binding:
    """Where a name was declared: the value it was given, and which part of that value it is."""

    name: str
    node: Node
    kind: str
    value: Node | None = None
    path: tuple[str, ...] = ()
    statement: Node | None = None


def _pattern(node: Node, kind: str, value: Node | None, statement: Node | None) -> Iterator[Binding]:
    """Yield what a pattern on the left of a declaration, or a parameter, binds."""

    def bind(target: Node, path: tuple[str, ...]) -> Iterator[Binding]:
        if target.kind in ("identifier", "shorthand_property_identifier_pattern"):
            if target.kind != "identifier":
                path = (*path, target.text)
            yield Binding(target.text, target, kind, value, path, statement)
        elif target.kind in ("object_assignment_pattern", "assignment_pattern"):
            yield from bind(target.get("left") or target.items[0], (*path, "="))
        elif target.kind == "pair_pattern":
            key = target.get("key")
            yield from bind(target.get("value"), (*path, property_name(key) or "?"))
        elif target.kind == "rest_pattern":
            yield from bind(target.items[0], (*path, "..."))
        elif target.kind == "object_pattern":
            for item in target.items:
                yield from bind(item, path)
        elif target.kind == "array_pattern":
            for index, item in enumerate(target.items):
                yield from bind(item, (*path, str(index)))

    # A default is part of the way to a value: it can be something else.
    yield from bind(node, ())


def _declared(statement: Node) -> Iterator[Binding]:
    """Yield what a statement declares in the scope that it stands in."""
    if statement.kind == "export_statement":
        inner = statement.get("declaration")
        if inner:
            yield from _declared(inner)
    elif statement.kind in DECLARATIONS:
        kind = statement.children[0].text
        for declarator in statement.items:
            if declarator.kind == "variable_declarator":
                yield from _pattern(declarator.get("name"), kind, declarator.get("value"), statement)
    elif statement.kind in ("function_declaration", "generator_function_declaration"):
        name = statement.get("name")
        yield Binding(name.text, name, "function", statement, (), statement)
    elif statement.kind in (
        "class_declaration",
        "enum_declaration",
        "interface_declaration",
        "type_alias_declaration",
    ):
        name = statement.get("name")
        if name:
            kind = "enum" if statement.kind == "enum_declaration" else "type"
            kind = "class" if statement.kind == "class_declaration" else kind
            yield Binding(name.text, name, kind, statement, (), statement)
    elif statement.kind == "import_statement":
        for node in statement.walk():
            if node.kind == "import_specifier":
                name = node.get("alias") or node.get("name")
                yield Binding(name.text, name, "import", None, (node.get("name").text,), statement)
            elif node.kind == "namespace_import":
                yield Binding(node.items[0].text, node.items[0], "import", None, ("*",), statement)
            elif node.kind == "identifier" and node.parent.kind == "import_clause":
                yield Binding(node.text, node, "import", None, ("default",), statement)


def parameters(function: Node) -> list[Node]:
    """Return the patterns of a function's parameters."""
    single = function.get("parameter")
    if single:
        return [single]
    listed = function.get("parameters")
    return [item.get("pattern") or item for item in listed.items] if listed else []


def _scope(scope: Node) -> Iterator[Binding]:
    """Yield what a node declares for all that is in it."""
    if scope.kind in FUNCTIONS:
        for pattern in parameters(scope):
            yield from _pattern(pattern, "parameter", None, scope)
        name = scope.get("name")
        if scope.kind == "function_expression" and name:
            yield Binding(name.text, name, "function", scope, (), scope)
    elif scope.kind in ("program", "statement_block"):
        for statement in scope.items:
            yield from _declared(statement)
    elif scope.kind in ("switch_case", "switch_default", "for_statement"):
        for statement in scope.items:
            if statement.kind in DECLARATIONS:
                yield from _declared(statement)
    elif scope.kind == "for_in_statement":
        left = scope.get("left")
        if left and scope.has("const") or scope.has("let") or scope.has("var"):
            yield from _pattern(left, "loop", None, scope)
    elif scope.kind == "catch_clause":
        parameter = scope.get("parameter")
        if parameter:
            yield from _pattern(parameter, "parameter", None, scope)


def binding(node: Node) -> Binding | None:
    """Return what declares the name at a place; None for a global."""
    known = node.code._bindings
    if id(node) not in known:
        known[id(node)] = _find_binding(node)
    return known[id(node)]


def _find_binding(node: Node) -> Binding | None:
    for scope in [node, *node.above()]:
        for found in _scope(scope):
            if found.name == node.text:
                return found
    return None


def references(bound: Binding) -> list[Node]:
    """Return the uses of a name, without its declaration."""
    code = bound.node.code
    kinds = ("identifier", "shorthand_property_identifier", "type_identifier", "jsx_identifier")
    return [
        node
        for node in code.of(*kinds)
        if node.text == bound.name
        and node is not bound.node
        and (found := binding(node)) is not None
        and found.node is bound.node
        and not (node.parent.kind == "import_specifier")
    ]


def is_constant(bound: Binding) -> bool:
    """Say whether a name always has the value of its declaration."""
    if bound.kind in ("const", "function"):
        return True
    return bound.kind in ("let", "var") and not assignments(bound)


def assignments(bound: Binding) -> list[Node]:
    """Return the assignments to a name."""
    return [
        use.parent
        for use in references(bound)
        if use.parent.kind
        in ("assignment_expression", "augmented_assignment_expression", "update_expression")
        and use.parent.items[0] is use
    ]


def is_exported(bound: Binding) -> bool:
    if bound.statement and bound.statement.parent and bound.statement.parent.kind == "export_statement":
        return True
    return any(use.parent.kind in ("export_specifier", "export_statement") for use in references(bound))


# --- expressions ---------------------------------------------------------------------------------------------------


def unwrap(node: Node) -> Node:
    """Return the expression without parentheses and assertions of types."""
    while node.kind in WRAPPERS:
        node = node.items[-1] if node.kind == "type_assertion" else node.items[0]
    return node


def outermost(node: Node) -> Node:
    """Return the expression with the parentheses and assertions around it."""
    while node.parent is not None and node.parent.kind in WRAPPERS:
        node = node.parent
    return node


def resolved(node: Node) -> Node:
    """Return the expression that a constant name stands for, or the expression itself."""
    node = unwrap(node)
    for _ in range(20):
        if node.kind not in NAMES:
            break
        bound = binding(node)
        if bound is None or bound.value is None or bound.path or not is_constant(bound):
            break
        node = unwrap(bound.value)
    return node


def property_name(node: Node | None) -> str | None:
    """Return the name of a property as it is written in an object, a pattern or a type."""
    if node is None:
        return None
    if node.kind == "computed_property_name":
        return string_value(node.items[0])
    if node.kind == "string":
        return string_value(node)
    return node.text


def member(node: Node) -> tuple[Node, str | None] | None:
    """Return the object and the name of `object.name`, `object?.name` or `object['name']`."""
    node = unwrap(node)
    if node.kind == "member_expression":
        return node.get("object"), node.get("property").text
    if node.kind == "subscript_expression":
        return node.get("object"), string_value(node.get("index"))
    return None


def string_value(node: Node | None, depth: int = 0) -> str | None:
    """Return the text that an expression always has, or None."""
    if node is None or depth > 20:
        return None
    node = unwrap(node)
    if node.kind == "string":
        return _literal("".join(child.text for child in node.items))
    if node.kind == "template_string":
        parts = []
        for child in node.items:
            part = (
                string_value(child.items[0], depth + 1)
                if child.kind == "template_substitution"
                else _literal(child.text)
            )
            if part is None:
                return None
            parts.append(part)
        return "".join(parts)
    if node.kind == "binary_expression" and node.operator() == "+":
        left = string_value(node.get("left"), depth + 1)
        right = string_value(node.get("right"), depth + 1)
        return None if left is None or right is None else left + right
    if node.kind in NAMES:
        bound = binding(node)
        if bound and bound.value and not bound.path and is_constant(bound):
            return string_value(bound.value, depth + 1)
        if bound and bound.value and len(bound.path) == 1 and is_constant(bound):
            return _of_object(resolved(bound.value), bound.path[0], depth)
        return None
    found = member(node) if node.kind in ("member_expression", "subscript_expression") else None
    if found and found[1] is not None and unwrap(found[0]).kind in NAMES:
        bound = binding(unwrap(found[0]))
        if bound and bound.kind == "enum":
            return _of_enum(bound.value, found[1], depth)
        if bound and bound.kind == "const":
            return _of_object(resolved(found[0]), found[1], depth)
    return None


def _literal(text: str) -> str | None:
    if "\\" not in text:
        return text
    try:
        return str(ast.literal_eval('"' + text.replace('"', '\\"').replace('\\\\"', '\\"') + '"'))
    except (SyntaxError, ValueError):
        return None


def _of_object(node: Node, name: str, depth: int) -> str | None:
    if node.kind == "call_expression" and node.get("function").text == "Object.freeze":
        node = resolved(node.get("arguments").items[0])
    if node.kind == "array" and name.isdigit() and int(name) < len(node.items):
        return string_value(node.items[int(name)], depth + 1)
    if node.kind != "object":
        return None
    value = pairs(node).get(name)
    return string_value(value, depth + 1) if value else None


def _of_enum(node: Node, name: str, depth: int) -> str | None:
    for item in node.get("body").items:
        if item.kind == "enum_assignment" and property_name(item.get("name")) == name:
            return string_value(item.get("value"), depth + 1)
    return None


def pairs(node: Node) -> dict[str, Node]:
    """Return {name: value} of an object as it is written; a shorthand is its own value, a method itself."""
    found: dict[str, Node] = {}
    for item in node.items:
        if item.kind == "pair":
            name = property_name(item.get("key"))
            if name is not None:
                found[name] = item.get("value")
        elif item.kind == "shorthand_property_identifier":
            found[item.text] = item
        elif item.kind == "method_definition":
            found[property_name(item.get("name")) or "?"] = item
    return found


def item_of(node: Node, name: str) -> Node | None:
    """Return the item of an object that gives a property."""
    for item in node.items:
        if item.kind == "pair" and property_name(item.get("key")) == name:
            return item
        if item.kind == "shorthand_property_identifier" and item.text == name:
            return item
        if item.kind == "method_definition" and property_name(item.get("name")) == name:
            return item
    return None


def is_global(node: Node, *names: str) -> bool:
    """Say whether an expression is one of the browser's globals, however it is written."""
    node = unwrap(node)
    if node.kind == "identifier":
        return node.text in names and binding(node) is None
    found = member(node)
    return bool(found and found[1] in names and is_global(found[0], *GLOBAL_OBJECTS))


def is_pure(node: Node) -> bool:
    """Say whether an expression can go without anything else changing."""
    node = unwrap(node)
    if node.kind in (
        "identifier",
        "shorthand_property_identifier",
        "property_identifier",
        "string",
        "number",
        "true",
        "false",
        "null",
        "undefined",
        "this",
        "string_fragment",
        "escape_sequence",
        "arrow_function",
        "function_expression",
        "regex",
        "optional_chain",
    ):
        return True
    if node.kind in (
        "member_expression",
        "subscript_expression",
        "binary_expression",
        "ternary_expression",
        "template_string",
        "template_substitution",
        "array",
        "object",
        "pair",
        "spread_element",
    ):
        return all(is_pure(item) for item in node.items)
    if node.kind == "unary_expression":
        return node.operator() != "delete" and all(is_pure(item) for item in node.items)
    if node.kind == "call_expression":
        return is_pure_call(node)
    return False


def is_pure_call(node: Node) -> bool:
    """Say whether a call reads only: a conversion, or the state of a store."""
    called, arguments = node.get("function"), node.get("arguments")
    if arguments is None or not all(is_pure(item) for item in arguments.items):
        return False
    found = member(called)
    if found and found[1] == "getState" and not arguments.items:
        return is_pure(found[0])
    if called.kind == "identifier" and called.text == "get" and not arguments.items:
        return True
    if found and found[1] in PURE_METHODS:
        return is_pure(found[0])
    bound = binding(called) if called.kind == "identifier" else None
    return called.text in PURE_CALLS and bound is None


def enclosing_function(node: Node) -> Node | None:
    return next((above for above in node.above() if above.kind in FUNCTIONS), None)


def statement_of(node: Node) -> Node:
    """Return the statement that a node is part of."""
    for found in [node, *node.above()]:
        if found.parent is None or found.parent.kind in ("program", "statement_block"):
            return found
    return node


def calls(code: Code, test: Callable[[Node], bool] | None = None) -> list[Node]:
    return [node for node in code.of("call_expression") if test is None or test(node)]


def called_name(call: Node) -> str | None:
    """Return the last name of what is called: `b` of `b()` and of `a.b()`."""
    called = unwrap(call.get("function"))
    if called.kind == "identifier":
        return called.text
    found = member(called)
    return found[1] if found else None


def arguments_of(call: Node) -> list[Node]:
    listed = call.get("arguments")
    return listed.items if listed is not None and listed.kind == "arguments" else []


def function_name(function: Node) -> str:
    """Return the name under which a function is known: its own, its property's or its constant's."""
    name = function.get("name")
    if name:
        return property_name(name) or ""
    node = outermost(function)
    # A function may be handed through others: `debounce(async () => …)`.
    while node.parent is not None and node.parent.kind in ("arguments", "call_expression"):
        node = node.parent
    if node.parent is not None and node.parent.kind == "pair":
        return property_name(node.parent.get("key")) or ""
    if node.parent is not None and node.parent.kind == "variable_declarator":
        return node.parent.get("name").text
    return ""
