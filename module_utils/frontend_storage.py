"""Step 7a: tokens are not kept in the browser's storage.

Removes what writes and reads the keys of the tokens. What removes the keys stays, since they clean up what earlier
versions left, and so does a migration that reads an old key once and then removes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible.module_utils.frontend_store import ACCESS_FIELDS, REFRESH_FIELDS, Store
from ansible.module_utils.frontend_syntax import (
    FUNCTIONS,
    NAMES,
    Binding,
    Code,
    Edit,
    Node,
    NotUnderstood,
    arguments_of,
    binding,
    cut,
    cut_item,
    enclosing_function,
    is_constant,
    is_exported,
    is_global,
    is_pure,
    member,
    outermost,
    property_name,
    references,
    resolved,
    string_value,
    swap,
    tidy,
    unwrap,
)

KEYS = ("access_token", "refresh_token")
STORAGES = ("localStorage", "sessionStorage")
METHODS = {"setItem": "write", "getItem": "read", "removeItem": "remove"}
OTHER_MEMBERS = frozenset({"clear", "key", "length", "hasOwnProperty", "toString"})
#: Calls on these take names of fields, not keys of a storage.
FORMS = frozenset({"FormData", "URLSearchParams", "Headers"})


@dataclass(eq=False)
class Use:
    """A place that reads, writes or removes a key of a storage."""

    node: Node
    kind: str
    storage: str
    key: Node | None  # as an expression; None for `storage.name`
    keys: frozenset[str] | None  # None: not known
    value: Node | None = None


def storage_of(node: Node, depth: int = 0) -> str | None:
    """Return which storage an expression is, however it is written."""
    node = unwrap(node)
    if depth > 10:
        return None
    for name in STORAGES:
        if is_global(node, name):
            return name
    if node.kind == "ternary_expression":
        found = {storage_of(node.get(part), depth + 1) for part in ("consequence", "alternative")} - {None}
        return found.pop() if len(found) == 1 else None
    if node.kind == "binary_expression" and node.operator() in ("||", "??", "&&"):
        found = {storage_of(item, depth + 1) for item in node.items} - {None}
        return found.pop() if len(found) == 1 else None
    if node.kind in NAMES:
        bound = binding(node)
        if bound and bound.value and is_constant(bound) and bound.value.kind not in FUNCTIONS:
            if not bound.path:
                return storage_of(bound.value, depth + 1)
            if bound.path[-1] in STORAGES and is_global(bound.value, "window", "globalThis", "self"):
                return bound.path[-1]
    return None


def method_of(called: Node) -> tuple[str, str, int] | None:
    """Return (storage, method, number of arguments before the key) of what is called."""
    called = unwrap(called)
    found = member(called)
    if found and found[1] in ("call", "bind", "apply"):
        inner = method_of(found[0])
        return (inner[0], inner[1] if found[1] == "call" else "?", 1) if inner else None
    if found and (storage := storage_of(found[0])):
        return storage, found[1] or "?", 0
    if called.kind == "identifier":
        bound = binding(called)
        if bound and bound.value and is_constant(bound):
            if bound.path and (storage := storage_of(bound.value)):
                return storage, bound.path[-1], 0
            if not bound.path and bound.value.kind not in FUNCTIONS:
                value = unwrap(bound.value)
                if value.kind == "call_expression" and (inner := member(value.get("function"))):
                    return method_of(inner[0]) if inner[1] == "bind" else None
                return method_of(value) if value.kind != "call_expression" else None
    return None


def keys_of(node: Node | None) -> frozenset[str] | None:
    """Return the texts that an expression may be: one, or each of a list that is gone through."""
    text = string_value(node)
    if text is not None:
        return frozenset({text})
    bound = binding(unwrap(node)) if node is not None and unwrap(node).kind in NAMES else None
    listed = _list_of(bound) if bound else None
    if listed is not None and listed.kind == "array":
        texts = [string_value(item) for item in listed.items]
        return frozenset(texts) if all(text is not None for text in texts) else None
    if node is not None and unwrap(node).kind == "ternary_expression":
        parts = [keys_of(unwrap(node).get(part)) for part in ("consequence", "alternative")]
        return None if None in parts else frozenset().union(*parts)
    return None


def _list_of(bound: Binding) -> Node | None:
    """Return the list whose items a name goes through: `list.forEach((name) => …)` or `for (const name of list)`."""
    if bound.path:
        return None
    if bound.kind == "loop":
        return resolved(bound.statement.get("right"))
    function = bound.statement
    if bound.kind != "parameter" or function is None or function.parent.kind != "arguments":
        return None
    found = member(function.parent.parent.get("function"))
    return resolved(found[0]) if found and found[1] in ("forEach", "map") else None


class Tokens:
    """What a store does with the keys of the tokens, and the edits that end it."""

    def __init__(self, code: Code) -> None:
        self.code, self.store = code, Store(code)
        self.uses = [use for node in code.nodes if (use := self._use(node))]
        self.removed: list[Node] = []
        self.edits: list[Edit] = []

    def _use(self, node: Node) -> Use | None:
        if node.kind == "call_expression":
            found = method_of(node.get("function"))
            if not found:
                return None
            storage, method, skipped = found
            if member(node.get("function")) and member(node.get("function"))[1] == "bind":
                return None  # a name for the method; where that is called counts
            given = arguments_of(node)[skipped:]
            kind = METHODS.get(method)
            if kind is None:
                return None if method in OTHER_MEMBERS else Use(node, "unknown", storage, None, None)
            key = given[0] if given else None
            return Use(node, kind, storage, key, keys_of(key), given[1] if len(given) > 1 else None)
        if node.kind in ("assignment_expression", "augmented_assignment_expression"):
            return self._property_use(node, node.get("left"), "write", node.get("right"))
        if node.kind == "unary_expression" and node.operator() == "delete":
            return self._property_use(node, node.items[-1], "remove", None)
        if node.kind in ("member_expression", "subscript_expression"):
            parent = outermost(node).parent
            is_left = parent.kind in ("assignment_expression", "augmented_assignment_expression")
            if parent.kind == "call_expression" or (is_left and parent.get("left") is outermost(node)):
                return None
            if parent.kind == "unary_expression" and parent.operator() == "delete":
                return None
            if member(node)[1] in {*METHODS, *OTHER_MEMBERS, "call", "bind", "apply"}:
                return None
            return self._property_use(node, node, "read", None)
        return None

    def _property_use(self, node: Node, target: Node, kind: str, value: Node | None) -> Use | None:
        found = member(target)
        storage = storage_of(found[0]) if found else None
        if not storage:
            return None
        target = unwrap(target)
        index = target.get("index") if target.kind == "subscript_expression" else None
        keys = keys_of(index) if index else frozenset({found[1]})
        return Use(node, kind, storage, index, keys, value)

    # --- what is not understood -------------------------------------------------------------------------------

    def check(self) -> None:
        """Refuse a file in which a key is used in a way that cannot be followed."""
        for use in self.uses:
            if use.keys is None and use.kind != "remove" and self._may_be_token(use):
                raise NotUnderstood(
                    use.node, f"which key {use.storage} is asked for is not known from this file"
                )
            if use.keys and use.storage == "sessionStorage" and use.keys & {*KEYS} and use.kind != "remove":
                raise NotUnderstood(
                    use.node, "the token is kept in sessionStorage, which the guide does not speak of"
                )
            other = {key.replace("_", "").replace("-", "").lower() for key in use.keys or ()}
            if use.kind == "write" and not use.keys & {*KEYS} if use.keys else False:
                if other & {"accesstoken", "refreshtoken", "authtoken", "token", "jwt"}:
                    raise NotUnderstood(use.node, f"a token is kept in {use.storage} under another key")
        understood = [use.key for use in self.uses if use.key is not None]
        for node in self.code.of(
            "string", "template_string", *NAMES, "member_expression", "binary_expression"
        ):
            if string_value(node) in KEYS and not node.inside(understood) and not self._is_harmless(node):
                raise NotUnderstood(
                    node, f"what is done with the key {string_value(node)!r} here is not clear"
                )
        self._check_escapes()

    def _may_be_token(self, use: Use) -> bool:
        """Say whether an unknown key may be one of a token: not the key that a storage of the store is handed."""
        bound = binding(unwrap(use.key)) if use.key is not None and unwrap(use.key).kind in NAMES else None
        if bound and bound.kind == "parameter":
            return False
        said = f"{use.key.text if use.key else ''} {use.value.text if use.value else ''}".lower()
        return use.kind == "unknown" or any(word in said for word in ("token", "access", "refresh", "jwt"))

    def _is_harmless(self, node: Node) -> bool:
        """Say whether a text that is a key's name is something else: a field of an answer, a type, a declaration."""
        parent = outermost(node).parent
        if any(
            above.kind
            in ("literal_type", "import_statement", "type_alias_declaration", "interface_declaration")
            for above in node.above()
        ):
            return True
        if parent.kind in ("pair", "pair_pattern", "method_definition", "property_signature"):
            if parent.get("key") is outermost(node) or parent.get("name") is outermost(node):
                return True
        if parent.kind == "computed_property_name":
            return True
        if parent.kind == "subscript_expression" and parent.get("index") is outermost(node):
            return True
        if parent.kind in ("variable_declarator", "enum_assignment", "array", "export_specifier", "pair"):
            return self._only_names(outermost(node))
        if parent.kind in ("binary_expression", "template_substitution"):
            return string_value(parent) in KEYS or self._is_compared(parent)
        if parent.kind == "member_expression" and parent.get("object") is not node:
            return True
        if parent.kind == "arguments":
            made = member(parent.parent.get("function"))
            value = resolved(made[0]) if made else None
            return bool(
                value is not None
                and value.kind == "new_expression"
                and value.get("constructor").text in FORMS
                and parent.items[0] is outermost(node)
            )
        return False

    def _is_compared(self, node: Node) -> bool:
        return node.kind == "binary_expression" and node.operator() in ("===", "==", "!==", "!=")

    def _only_names(self, node: Node) -> bool:
        """Say whether a text is declared to be a key's name: what uses the declaration is looked at by itself."""
        for above in [node, *node.above()]:
            if above.kind in ("variable_declarator", "enum_declaration"):
                return True
            if above.kind == "call_expression":
                found = member(above.get("function"))
                return bool(found and found[1] in ("forEach", "map", "freeze"))
            if above.kind == "for_in_statement":
                return True
            if above.kind in ("statement_block", "program"):
                return False
        return False

    def _check_escapes(self) -> None:
        """Refuse a storage that is handed on whole, in a file that knows the keys."""
        mentions = any(
            node.text in KEYS
            for node in self.code.of(
                "property_identifier", "string_fragment", "shorthand_property_identifier"
            )
        )
        for node in self.code.of("identifier", "member_expression"):
            parent = outermost(node).parent
            bound_to = member(parent.parent.get("function")) if parent.kind == "arguments" else None
            if bound_to and bound_to[1] in ("bind", "call"):
                continue
            if mentions and parent.kind == "arguments" and storage_of(node):
                raise NotUnderstood(
                    node, f"{storage_of(node)} is handed to {parent.parent.get('function').text}"
                )

    # --- writes -----------------------------------------------------------------------------------------------

    def end(self) -> list[Edit]:
        """Return the edits; none when the keys are neither written nor read."""
        self.check()
        for use in self.uses:
            if not use.keys or not use.keys & {*KEYS}:
                continue
            if not use.keys <= {*KEYS} and use.kind != "remove":
                raise NotUnderstood(use.node, "a token's key is used together with others")
            if use.kind == "write":
                self._end_write(use)
            elif use.kind == "read" and not self._is_migration(use):
                self._end_read(use)
        self._promote()
        self._drop_unused()
        return tidy(self.code, [*self.edits, *(cut(node) for node in self.removed)])

    def _end_write(self, use: Use) -> None:
        if use.value is not None and not is_pure(use.value):
            raise NotUnderstood(use.node, "what is written does more than give a value")
        if use.node.kind == "augmented_assignment_expression":
            raise NotUnderstood(use.node, "the stored token is changed in place")
        if self._is_in_migration(use):
            raise NotUnderstood(use.node, "a key is both removed and written here")
        node = outermost(use.node)
        while True:
            parent = node.parent
            if parent.kind == "await_expression" or (
                parent.kind == "unary_expression" and parent.operator() in ("void", "!")
            ):
                node = outermost(parent)
            elif (
                parent.kind == "binary_expression"
                and parent.operator() in ("&&", "||", "??")
                and parent.get("right") is node
                and is_pure(parent.get("left"))
                and outermost(parent).parent.kind == "expression_statement"
            ):
                node = outermost(parent)
            else:
                break
        if node.parent.kind == "expression_statement":
            self._remove_statement(node.parent)
        elif node.parent.kind == "sequence_expression" and node.parent.parent.kind == "expression_statement":
            self.edits.append(cut_item(node))
            if all(outermost(other.node) in node.parent.items for other in self._writes_in(node.parent)):
                if len(self._writes_in(node.parent)) == len(node.parent.items):
                    self._remove_statement(node.parent.parent)
                elif len(self._writes_in(node.parent)) > 1:
                    raise NotUnderstood(use.node, "several writes are joined by commas with something else")
        else:
            # The call gives `undefined`, and an assignment what is assigned.
            is_call = use.node.kind == "call_expression"
            self.edits.append(swap(use.node, "undefined" if is_call else use.value.text))

    def _writes_in(self, node: Node) -> list[Use]:
        return [
            use
            for use in self.uses
            if use.kind == "write" and use.keys and use.keys <= {*KEYS} and use.node.inside([node])
        ]

    def _remove_statement(self, statement: Node) -> None:
        """Remove a statement, or what would be left without one."""
        parent = statement.parent
        if parent.kind == "if_statement":
            if not parent.get("alternative") and is_pure(parent.get("condition")):
                self._remove_statement(parent)
            else:
                self.edits.append(swap(statement, "{}"))
        elif parent.kind == "else_clause":
            self.removed.append(parent)
        elif parent.kind in ("statement_block", "program", "switch_case", "switch_default"):
            self.removed.append(statement)
        else:
            self.edits.append(swap(statement, "{}"))

    def _promote(self) -> None:
        """Remove blocks of which nothing is left, and functions that did nothing else with their calls."""
        found = True
        while found:
            found = False
            for block in self.code.of("statement_block"):
                gone = [child for child in block.children if child in self.removed]
                left = [child for child in block.children if child.named and child not in self.removed]
                if gone and not left and not block.inside(self.removed) and self._promote_block(block):
                    found = True
            for function in self.code.of(*FUNCTIONS):
                if not function.inside(self.removed) and self._is_left_empty(function):
                    found = self._remove_function(function) or found

    def _promote_block(self, block: Node) -> bool:
        parent = block.parent
        if parent.kind == "if_statement" and parent.get("consequence") is block:
            if parent.get("alternative") or not is_pure(parent.get("condition")):
                return False
            if parent.parent.kind == "else_clause":
                self.removed.append(parent.parent)
            else:
                before = len(self.removed)
                self._remove_statement(parent)
                return len(self.removed) > before
            return True
        if parent.kind == "else_clause":
            self.removed.append(parent)
            return True
        if parent.kind == "try_statement" and parent.get("body") is block and not parent.get("finalizer"):
            self.removed.append(parent)
            return True
        if parent.kind == "statement_block":
            self.removed.append(block)
            return True
        return False

    def _is_left_empty(self, function: Node) -> bool:
        body = function.get("body")
        if body is None or any(pattern.kind != "identifier" for pattern in parameters_of(function)):
            return False
        if body.kind != "statement_block":
            return any(edit.start == body.start and edit.end == body.end for edit in self.edits)
        named = [child for child in body.children if child.named]
        return bool(named) and all(child in self.removed for child in named)

    def _remove_function(self, function: Node) -> bool:
        declarator = outermost(function).parent
        bound = None
        if function.kind == "function_declaration":
            bound = binding(function.get("name"))
        elif declarator.kind == "variable_declarator" and declarator.get("name").kind == "identifier":
            bound = binding(declarator.get("name"))
        if bound is None or bound.kind not in ("function", "const") or is_exported(bound):
            return False
        if bound.kind == "const" and len(bound.statement.items) > 1:
            return False
        found = []
        for use in references(bound):
            call = outermost(use).parent
            if call.kind != "call_expression" or not all(is_pure(item) for item in arguments_of(call)):
                return False
            node = outermost(call)
            while node.parent.kind in ("await_expression", "unary_expression"):
                node = outermost(node.parent)
            if node.parent.kind != "expression_statement":
                return False
            found.append(node.parent)
        for statement in found:
            self._remove_statement(statement)
        self.removed.append(bound.statement)
        return True

    # --- names that are left without a use ----------------------------------------------------------------------

    def _gone(self) -> list[Node]:
        whole = [
            use.node
            for use in self.uses
            if any(edit.start <= use.node.start and use.node.end <= edit.end for edit in self.edits)
        ]
        return [*self.removed, *whole]

    def _drop_unused(self) -> None:
        done: set[int] = set()
        found = True
        while found:
            found = False
            gone = self._gone()
            for node in self.code.of("identifier", "shorthand_property_identifier"):
                bound = binding(node) if node.inside(gone) else None
                if bound is None or id(bound.node) in done or bound.node.inside(gone):
                    continue
                if any(not use.inside(gone) for use in references(bound)) or is_exported(bound):
                    continue
                done.add(id(bound.node))
                found = self._drop(bound) or found

    def _drop(self, bound: Binding) -> bool:
        if bound.kind == "import":
            return self._drop_import(bound)
        if bound.kind not in ("const", "let") or bound.statement is None or assignments_of(bound):
            return False
        declarator = next(above for above in bound.node.above() if above.kind == "variable_declarator")
        if declarator.parent.kind not in ("lexical_declaration", "variable_declaration"):
            return False
        if len(declarator.parent.items) > 1:
            return False
        pattern = declarator.get("name")
        if pattern.kind == "identifier" and is_pure(declarator.get("value")):
            self.removed.append(bound.statement)
            return True
        if pattern.kind != "object_pattern" or "..." in bound.path:
            return False
        item = next(
            node for node in [bound.node, *bound.node.above()] if node.parent.kind == "object_pattern"
        )
        if item.parent is not pattern or any(node.kind == "rest_pattern" for node in pattern.items):
            return False
        others = [other for other in pattern.items if not self._is_cut(other) and other is not item]
        if not others and is_pure(declarator.get("value")):
            self.removed.append(bound.statement)
        elif others:
            self.edits.append(cut_item(item))
        return True

    def _is_cut(self, node: Node) -> bool:
        return any(edit.start <= node.start and node.end <= edit.end for edit in self.edits)

    def _drop_import(self, bound: Binding) -> bool:
        specifier = bound.node.parent
        if specifier.kind != "import_specifier":
            return False
        others = [
            other for other in specifier.parent.items if not self._is_cut(other) and other is not specifier
        ]
        if others:
            self.edits.append(cut_item(specifier))
        return bool(others)

    # --- reads ------------------------------------------------------------------------------------------------

    def _is_in_migration(self, use: Use) -> bool:
        """Say whether a key that is written is read and removed as well by the same function, nowhere else."""
        same = [other for other in self._beside(use) if other.keys and use.keys and other.keys & use.keys]
        return {"read", "remove"} <= {other.kind for other in same}

    def _beside(self, use: Use) -> list[Use]:
        function = enclosing_function(use.node)
        return [
            other
            for other in self.uses
            if _home(other.node) is _home(use.node) or function is None is enclosing_function(other.node)
        ]

    def _is_migration(self, use: Use) -> bool:
        """Say whether a key is read to be taken over once: it is removed here too, and its value goes to the state."""
        beside = [other for other in self._beside(use) if other.keys and other.keys & use.keys]
        if not any(other.kind == "remove" for other in beside):
            return False
        places = [use.node, *_followed(use.node)]
        return any(self._is_taken_over(place) for place in places)

    def _is_taken_over(self, node: Node) -> bool:
        for above in node.above():
            if above.kind == "call_expression" and self.store.is_set(above):
                return True
            if above.kind == "assignment_expression" and node.inside([above.get("right")]):
                return member(above.get("left")) is not None
            if above.kind == "return_statement":
                return True
            if above.kind in FUNCTIONS or above.kind == "statement_block":
                return above.kind in FUNCTIONS and above.get("body").kind != "statement_block"
        return False

    def _end_read(self, use: Use) -> None:
        [key] = use.keys if len(use.keys) == 1 else [None]
        if key is None:
            raise NotUnderstood(use.node, "both tokens are read by one expression")
        if any(
            use.node.inside([call.get("arguments").items[-1]])
            for call in self.store.persists
            if len(arguments_of(call)) > 1
        ):
            raise NotUnderstood(
                use.node, "an old key is read while the store is loaded: see whether that is a migration"
            )
        field = self.store.field(ACCESS_FIELDS if key == KEYS[0] else REFRESH_FIELDS)
        function = enclosing_function(use.node)
        at_start = function is None or function in self.store.creators
        if at_start:
            self._check_start(use, key)
            replacement = "null"
        else:
            reader = self.store.reader(use.node)
            if not field or not reader:
                raise NotUnderstood(use.node, f"the state has no field for {key} that could be read instead")
            if key == KEYS[0] and self._decides(use.node):
                raise NotUnderstood(
                    use.node,
                    "the stored access token decides here; after a page load there is none until the first refresh",
                )
            replacement = f"{reader}.{field}"
        self._replace_read(use.node, replacement, field)

    def _check_start(self, use: Use, key: str) -> None:
        """Refuse when what the state begins with is to be had from the old key alone."""
        names = [
            property_name(above.get("key"))
            for place in [use.node, *_followed(use.node)]
            for above in place.above()
            if above.kind == "pair" and enclosing_function(above) in [*self.store.creators, None]
        ]
        persisted = self._persisted()
        for name in names or [None]:
            if name in ACCESS_FIELDS and key == KEYS[0]:
                continue
            if name is None or persisted is None or name not in persisted:
                what = f"the state's {name}" if name else f"what is made of {key}"
                raise NotUnderstood(
                    use.node,
                    f"{what} comes from this key alone and is not persisted: without it users are logged out",
                )

    def _persisted(self) -> frozenset[str] | None:
        """Return the names in the object of `partialize`; None without a list of them."""
        for call in self.store.persists:
            options = resolved(arguments_of(call)[-1])
            for item in options.items if options.kind == "object" else []:
                name = (
                    property_name(item.get("key") or item.get("name"))
                    if item.kind != "spread_element"
                    else None
                )
                if name == "partialize":
                    return frozenset(
                        node.text for node in item.walk() if node.kind in ("property_identifier", *NAMES)
                    )
            return frozenset(self.store.fields)
        return None

    def _decides(self, node: Node) -> bool:
        """Say whether a condition hangs on an expression, or on the constant it is given to."""
        for place in [node, *_followed(node)]:
            for above in place.above():
                if above.kind in ("if_statement", "ternary_expression", "while_statement"):
                    if place.inside([above.get("condition")]):
                        return True
                if above.kind == "unary_expression" and above.operator() == "!":
                    return True
                if above.kind == "binary_expression" and above.operator() in ("&&", "===", "!==", "==", "!="):
                    return True
                if above.kind in FUNCTIONS or above.kind == "statement_block":
                    break
        return False

    def _replace_read(self, node: Node, replacement: str, field: str | None) -> None:
        node = outermost(node)
        parent = node.parent
        if parent.kind == "binary_expression" and parent.operator() in ("||", "??"):
            [other] = [item for item in parent.items if item is not node]
            if replacement == "null" or other.text == replacement or _is_field(other, field):
                if not any(use.node.inside([other]) for use in self.uses):
                    self.edits.append(swap(parent, other.text))
                    return
        if replacement == "null":
            if parent.kind == "unary_expression" and parent.operator() == "!":
                above = parent.parent
                if above.kind == "unary_expression" and above.operator() == "!":
                    self.edits.append(swap(above, "false"))
                else:
                    self.edits.append(swap(parent, "true"))
                return
            if parent.kind == "arguments" and parent.parent.get("function").text == "Boolean":
                self.edits.append(swap(parent.parent, "false"))
                return
            if parent.kind not in ("pair", "variable_declarator", "binary_expression"):
                raise NotUnderstood(node, "what is made of the stored token here is not clear")
        self.edits.append(swap(node, replacement))


def parameters_of(function: Node) -> list[Node]:
    single = function.get("parameter")
    listed = function.get("parameters")
    return [single] if single else [item.get("pattern") or item for item in listed.items] if listed else []


def assignments_of(bound: Binding) -> bool:
    return not is_constant(bound)


def _home(node: Node) -> Node | None:
    """Return the function that a place belongs to; one that goes through a list belongs to the one around it."""
    function = enclosing_function(node)
    while function is not None and function.parent.kind == "arguments":
        found = member(function.parent.parent.get("function"))
        if not found or found[1] not in ("forEach", "map"):
            break
        function = enclosing_function(function)
    return function


def _followed(node: Node) -> list[Node]:
    """Return the uses of the name that an expression is given to."""
    for above in node.above():
        if above.kind == "variable_declarator":
            return [
                use
                for name in above.get("name").walk()
                if name.kind in ("identifier", "shorthand_property_identifier_pattern")
                and (bound := binding(name))
                for use in references(bound)
            ]
        if above.kind in ("statement_block", *FUNCTIONS, "arguments"):
            break
    return []


def _is_field(node: Node, field: str | None) -> bool:
    found = member(node)
    return bool(found and field and found[1] == field and is_pure(node))


def tokens_out_of_storage(code: Code) -> list[Edit]:
    """Return the edits of step 7a."""
    return Tokens(code).end()
