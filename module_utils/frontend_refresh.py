"""Step 7c: a refresh sets both tokens, and keeps the refresh token that it had when the answer carries none."""

from __future__ import annotations

from ansible.module_utils.frontend_store import ACCESS_FIELDS, REFRESH_FIELDS, Patch, Store, fields_of
from ansible.module_utils.frontend_syntax import (
    FUNCTIONS,
    NAMES,
    Binding,
    Code,
    Edit,
    Node,
    NotApplicable,
    NotUnderstood,
    append_item,
    arguments_of,
    assignments,
    binding,
    enclosing_function,
    function_name,
    is_constant,
    item_of,
    member,
    outermost,
    parameters,
    property_name,
    resolved,
    string_value,
    swap,
    unwrap,
)

#: {the access token in an answer: the refresh token in the same answer}
ANSWERS = {
    "access": "refresh",
    "access_token": "refresh_token",
    "accessToken": "refreshToken",
    "newAccessToken": "newRefreshToken",
    "newAccess": "newRefresh",
}
SIGN_IN = ("login", "register", "signin", "signup", "logout", "signout")


def is_refresh(name: str) -> bool:
    return "refresh" in name.lower() or "renew" in name.lower()


class Refresh:
    """What a store does with the answer to a refresh."""

    def __init__(self, code: Code) -> None:
        self.code, self.store = code, Store(code)
        self.edits: list[Edit] = []

    def end(self) -> list[Edit]:
        patches = [patch for patch in self.store.patches if self._is_of_refresh(patch)]
        actions = list(self.store.actions(is_refresh))
        for patch in patches:
            self._both(patch)
        if not patches and not any(self._sets_both(patch) for patch in self.store.patches):
            if not actions:
                raise NotApplicable("the store has no refresh")
            raise NotUnderstood(actions[0][1], f"where {actions[0][0]} sets the token is not clear")
        return self.edits

    # --- which ones -------------------------------------------------------------------------------------------

    def _access(self, patch: Patch) -> tuple[str, Node] | None:
        """Return the field that a patch sets from an answer's access token, and its value."""
        for name, value in patch.fields.items():
            if name in ACCESS_FIELDS and self._is_answer(value, ANSWERS):
                return name, value
        return None

    def _is_answer(self, value: Node, names) -> bool:
        """Say whether an expression is made of a field of an answer."""
        for node in value.walk():
            if self._answer_name(node) in names:
                return True
            if node.kind in NAMES:
                bound = binding(node)
                if bound and bound.value is not None and not bound.path and bound.value.kind not in FUNCTIONS:
                    if not bound.value.inside([value]) and self._is_answer(bound.value, names):
                        return True
        return False

    def _answer_name(self, node: Node) -> str | None:
        if node.kind in NAMES:
            bound = binding(node)
            path = [step for step in bound.path if step != "="] if bound else []
            from_value = bound is not None and bound.kind in ("const", "let", "var", "parameter")
            return path[-1] if path and from_value and bound.kind != "import" else None
        found = member(node) if node.kind in ("member_expression", "subscript_expression") else None
        if found is None or self._is_state(found[0]):
            return None
        return found[1]

    def _is_state(self, node: Node) -> bool:
        """Say whether an expression is the state of the store rather than an answer."""
        node = resolved(node)
        if node.kind == "call_expression":
            called = unwrap(node.get("function"))
            found = member(called)
            bound = binding(called) if called.kind == "identifier" else None
            reads = [parameters(creator)[1:2] for creator in self.store.creators]
            return bool(found and found[1] == "getState") or bool(bound and [bound.node] in reads)
        bound = binding(node) if node.kind in NAMES else None
        if bound is None or bound.kind != "parameter":
            return False
        return any(patch.state is bound.node for patch in self.store.patches)

    def _is_of_refresh(self, patch: Patch) -> bool:
        if self._access(patch) is None:
            return False
        functions = [above for above in patch.call.above() if above.kind in FUNCTIONS]
        inner = [function for function in functions if function not in self.store.creators]
        names = [function_name(function) for function in inner]
        if any(name.lower() in SIGN_IN for name in names):
            return False
        return any(is_refresh(name) for name in names) or any(map(self._asks_refresh, inner))

    def _asks_refresh(self, function: Node) -> bool:
        """Say whether a function sends a request to an address with `refresh` in it."""
        for node in function.walk():
            if node.kind == "call_expression" and arguments_of(node):
                address = arguments_of(node)[0]
                text = string_value(address) or (address.text if address.kind == "template_string" else "")
                if "/" in text and "refresh" in text:
                    return True
        return False

    def _sets_both(self, patch: Patch) -> bool:
        names = [function_name(above).lower() for above in patch.call.above() if above.kind in FUNCTIONS]
        fields = patch.fields
        return (
            self._access(patch) is not None
            and any(name in fields for name in REFRESH_FIELDS)
            and not any(name in SIGN_IN for name in names)
        )

    # --- both tokens ------------------------------------------------------------------------------------------

    def _both(self, patch: Patch) -> None:
        name, access = self._access(patch)
        field = self._field()
        if field is None:
            raise NotUnderstood(patch.call, "the state has no field for the refresh token")
        current = patch.fields.get(field)
        if current is None and patch.object is not None:
            for item in patch.object.items:
                if item.kind == "spread_element" and self._is_answer(item, ANSWERS.values()):
                    return
        if current is None:
            self._add(patch, name, access, field)
        elif not self._is_answer(current, ANSWERS.values()):
            # The token that was there before is set again: it is what stays when the answer has none.
            new, operator = self._derive(access)
            item = item_of(patch.object, field) if patch.object is not None else None
            text = f"{new} {operator} {self._operand(current, operator)}"
            if item is not None and item.kind == "shorthand_property_identifier":
                self.edits.append(swap(item, f"{field}: {text}"))
            else:
                self.edits.append(swap(current, text))
        elif not self._keeps(current):
            operator = self._operator(current)
            given = unwrap(current)
            if given.kind == "binary_expression" and unwrap(given.get("right")).kind in (
                "null",
                "undefined",
                "string",
            ):
                given = given.get("left")
            kept = f"{self._operand(given, operator)} {operator} {self._current(patch, field)}"
            if current.kind == "shorthand_property_identifier":
                kept = f"{field}: {kept}"
            self.edits.append(swap(current, kept))

    def _field(self) -> str | None:
        """Return the state's field for the refresh token, which is not an action."""
        for name in REFRESH_FIELDS:
            values = [fields_of(state).get(name) for state in self.store.states]
            values += [patch.fields.get(name) for patch in self.store.patches]
            if any(value is not None and resolved(value).kind not in FUNCTIONS for value in values):
                return name
        for signature in self.code.of("property_signature"):
            kind = signature.get("type")
            name = property_name(signature.get("name"))
            if (
                name in REFRESH_FIELDS
                and kind
                and not any(part.kind == "function_type" for part in kind.walk())
            ):
                return name
        return None

    def _operator(self, value: Node) -> str:
        value = unwrap(value)
        return "??" if value.kind == "binary_expression" and value.operator() == "??" else "||"

    def _operand(self, value: Node, operator: str) -> str:
        """Return an expression as it can stand beside an operator."""
        inner = value
        plain = inner.kind in (*NAMES, "member_expression", "subscript_expression", "call_expression")
        plain = plain or inner.kind in ("parenthesized_expression", "non_null_expression", "string", "null")
        same = inner.kind == "binary_expression" and inner.operator() == operator
        return value.text if plain or same else f"({value.text})"

    def _keeps(self, value: Node) -> bool:
        """Say whether a value is something else when the answer carries no refresh token."""
        value = unwrap(value)
        if value.kind == "binary_expression" and value.operator() in ("||", "??"):
            return self._keeps(value.get("right")) or self._keeps(value.get("left"))
        if value.kind in NAMES and self._answer_name(value) is None:
            bound = binding(value)
            if bound and bound.value is not None and not bound.path and is_constant(bound):
                return self._keeps(bound.value)
            return bound is None or not assignments(bound) or True
        if value.kind in NAMES or member(value):
            return self._answer_name(value) not in ANSWERS.values()
        return value.kind not in ("null", "undefined", "string", "await_expression")

    def _current(self, patch: Patch, field: str) -> str:
        """Return what reads the refresh token that the state has."""
        if patch.state is not None:
            return f"{patch.state.text}.{field}"
        creator = next((above for above in patch.call.above() if above in self.store.creators), None)
        reader = self.store.reader(patch.call)
        if creator is not None and len(parameters(creator)) == 1:
            if not any(node.text == "get" for node in self.code.of("identifier") if node.inside([creator])):
                self._add_get(creator)
                return f"get().{field}"
        if reader is None:
            raise NotUnderstood(patch.call, "there is nothing here that reads the state")
        return f"{reader}.{field}"

    def _add_get(self, creator: Node) -> None:
        single = creator.get("parameter")
        if single is not None:
            self.edits.append(swap(single, f"({single.text}, get)"))
        else:
            self.edits.append(append_item(creator.get("parameters").items[-1], "get"))

    def _add(self, patch: Patch, name: str, access: Node, field: str) -> None:
        new, operator = self._derive(access)
        text = f"{new} {operator} {self._current(patch, field)}"
        if patch.object is not None:
            item = item_of(patch.object, name)
            self.edits.append(append_item(item, f"{field}: {text}"))
            return
        [assignment] = [other for other in patch.assignments if other.get("right") is access]
        statement = outermost(assignment).parent
        if statement.kind != "expression_statement" or statement.parent.kind != "statement_block":
            raise NotUnderstood(assignment, "the token is set in the middle of an expression")
        code = self.code
        end = ";" if statement.text.endswith(";") else ""
        gap = f"{code.newline(statement.end)}{code.indent(statement.start)}"
        if statement.parent.line == statement.line:
            gap, end = ("; " if not end else " "), end
        self.edits.append(Edit(statement.end, statement.end, f"{gap}{patch.draft}.{field} = {text}{end}"))

    # --- the refresh token of the same answer -------------------------------------------------------------------

    def _derive(self, access: Node) -> tuple[str, str]:
        """Return the expression for the refresh token of the same answer, and an operator."""
        value = unwrap(access)
        if value.kind in NAMES and (bound := binding(value)) and bound.value is not None and not bound.path:
            if not is_constant(bound):
                raise NotUnderstood(access, "the variable of the access token is set more than once")
            return self._derive(bound.value)
        text = self._mirror(value)
        if value.kind == "ternary_expression":
            return f"({text})", "||"
        return text, self._operator(value)

    def _mirror(self, node: Node) -> str:
        node = unwrap(node)
        if node.kind == "binary_expression" and node.operator() in ("||", "??"):
            left, right = node.get("left"), node.get("right")
            if unwrap(right).kind in ("null", "undefined", "string"):
                return self._mirror(left)
            between = self.code.text[left.end : right.start]
            return f"{self._mirror(left)}{between}{self._mirror(right)}"
        if node.kind == "ternary_expression":
            yes, no = self._mirror(node.get("consequence")), self._mirror(node.get("alternative"))
            return f"{node.get('condition').text} ? {yes} : {no}"
        if node.kind == "member_expression" and node.get("property").text in ANSWERS:
            self._check_source(node.get("object"), ANSWERS[node.get("property").text])
            return (
                self.code.text[node.start : node.get("property").start] + ANSWERS[node.get("property").text]
            )
        if node.kind == "subscript_expression" and string_value(node.get("index")) in ANSWERS:
            index = node.get("index")
            self._check_source(node.get("object"), ANSWERS[string_value(index)])
            if index.kind == "string":
                name = f"{index.text[0]}{ANSWERS[string_value(index)]}{index.text[0]}"
                return self.code.text[node.start : index.start] + name + self.code.text[index.end : node.end]
        if node.kind in NAMES and (bound := binding(node)):
            if bound.value is not None and not bound.path and is_constant(bound):
                return self._mirror(bound.value)
            if bound.path and bound.kind == "const":
                return self._beside(node, bound)
        raise NotUnderstood(node, "how the access token is taken from the answer is not clear")

    def _beside(self, node: Node, bound: Binding) -> str:
        """Return the name of the refresh token that is taken from the answer together with the access token."""
        steps = [step for step in bound.path if step != "="]
        wanted = ANSWERS.get(steps[-1])
        item = next(
            (up for up in [bound.node, *bound.node.above()] if up.parent.kind == "object_pattern"), None
        )
        if wanted is None or item is None or "..." in steps:
            raise NotUnderstood(node, "how the access token is taken from the answer is not clear")
        for other in item.parent.items:
            target = other.get("value") if other.kind == "pair_pattern" else other
            if property_name(other.get("key") or other.get("left") or other) == wanted:
                return (target.get("left") or target).text
        self._check_source(bound.value, wanted)
        name = ANSWERS.get(bound.name, wanted)
        function = enclosing_function(bound.node) or self.code.root
        taken = {
            part.text
            for part in function.walk()
            if part.kind in (*NAMES, "shorthand_property_identifier_pattern")
        }
        if name in taken:
            name = "newRefreshToken"
        if name in taken:
            raise NotUnderstood(node, f"the name {name} is taken")
        self.edits.append(append_item(item, wanted if name == wanted else f"{wanted}: {name}"))
        return name

    def _check_source(self, source: Node, wanted: str) -> None:
        """Refuse an answer that may not be read twice, or whose type in this file lacks the field."""
        if any(
            part.kind in ("await_expression", "call_expression", "yield_expression") for part in source.walk()
        ):
            if source.parent.kind in ("member_expression", "subscript_expression"):
                raise NotUnderstood(source, "the answer has no name by which it could be read again")
        root = unwrap(source)
        types: list[Node] = []
        while True:
            types += [kid for kid in self._types(root)]
            found = member(root)
            if found:
                root = unwrap(found[0])
            elif (
                root.kind in NAMES
                and (bound := binding(root))
                and bound.value is not None
                and bound.kind == "const"
            ):
                declarator = next(up for up in bound.node.above() if up.kind == "variable_declarator")
                annotation = declarator.get("type")
                types += [annotation] if annotation else []
                root = bound.value if bound.value is not root else root
                types += self._assertions(root)
                root = unwrap(root)
            else:
                break
        if types and not any(self._has(kind, wanted) for kind in types):
            raise NotUnderstood(source, f"the type of the answer has no {wanted}")

    def _assertions(self, node: Node) -> list[Node]:
        found = []
        while node.kind in ("as_expression", "parenthesized_expression", "satisfies_expression"):
            if node.kind != "parenthesized_expression":
                found.append(node.items[-1])
            node = node.items[0]
        return found

    def _types(self, node: Node) -> list[Node]:
        node = node.items[0] if node.kind == "await_expression" else node
        found = self._assertions(node)
        node = unwrap(node)
        if node.kind == "call_expression" and node.get("type_arguments") is not None:
            found.append(node.get("type_arguments"))
        return found

    def _has(self, kind: Node, wanted: str, depth: int = 0) -> bool:
        """Say whether a type may have a field; one that comes from another file may."""
        for part in kind.walk():
            if part.kind == "property_signature" and property_name(part.get("name")) == wanted:
                return True
            if part.kind == "predefined_type" and part.text in ("any",):
                return True
            if part.kind == "type_identifier" and depth < 5:
                bound = binding(part)
                if bound is None:
                    if part.text in ("Response", "Promise", "Partial", "Readonly", "AxiosResponse"):
                        continue
                    return part.text == "Record"
                if bound.kind == "import":
                    return True
                if bound.value is not None and self._has(bound.value, wanted, depth + 1):
                    return True
        return False


def refresh_sets_both(code: Code) -> list[Edit]:
    """Return the edits of step 7c."""
    return Refresh(code).end()
