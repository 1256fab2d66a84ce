"""Step 7b: what a store persists does not include the access token."""

from __future__ import annotations

from ansible.module_utils.frontend_store import ACCESS_FIELDS, Store, fields_of, is_whole, returned, uses_of
from ansible.module_utils.frontend_syntax import (
    FUNCTIONS,
    NAMES,
    Code,
    Edit,
    Node,
    NotApplicable,
    NotUnderstood,
    append_item,
    arguments_of,
    binding,
    called_name,
    cut_item,
    enclosing_function,
    item_of,
    member,
    outermost,
    parameters,
    property_name,
    references,
    resolved,
    string_value,
    swap,
    unwrap,
)


class Partialize:
    """A function that chooses what is persisted."""

    def __init__(self, function: Node, place: Node, field: str) -> None:
        self.function, self.place, self.field = function, place, field
        given = parameters(function)
        self.state = given[0] if given else None
        self.edits: list[Edit] = []

    def end(self) -> list[Edit]:
        results = returned(self.function)
        if not results:
            raise NotUnderstood(self.place, "what partialize returns is not clear")
        for node in self.function.walk():
            changes = node.kind in ("assignment_expression", "augmented_assignment_expression")
            if changes or (node.kind == "unary_expression" and node.operator() == "delete"):
                raise NotUnderstood(node, "partialize changes an object step by step")
        for result in results:
            self._result(result)
        return self.edits

    def _is_state(self, node: Node) -> bool:
        node = unwrap(node)
        bound = binding(node) if node.kind in NAMES else None
        return bool(bound and self.state is not None and bound.node is self.state)

    def _is_token(self, node: Node) -> bool:
        """Say whether an expression is the token of the state."""
        node = resolved(node)
        found = member(node)
        if found:
            return found[1] in ACCESS_FIELDS and self._is_state(found[0])
        bound = binding(node) if node.kind in NAMES else None
        return bool(bound and self._field_of(bound) in ACCESS_FIELDS)

    def _field_of(self, bound) -> str | None:
        """Return the field of the state that a destructured name is."""
        of_state = bound.kind == "parameter" and bound.statement is self.function
        of_state = of_state or (bound.value is not None and self._is_state(bound.value))
        path = [step for step in bound.path if step != "="]
        return path[0] if of_state and path and path[0] != "..." else None

    def _mentions(self, node: Node) -> bool:
        return any(
            self._is_token(part)
            for part in node.walk()
            if part.kind in (*NAMES, "member_expression", "subscript_expression")
        )

    def _is_rest_without_token(self, node: Node) -> bool | None:
        """Say whether a name is the rest of the state, and whether the token was taken out; None for other names."""
        node = unwrap(node)
        bound = binding(node) if node.kind in NAMES else None
        if bound is None or bound.path != ("...",):
            return None
        if not (bound.kind == "parameter" or (bound.value is not None and self._is_state(bound.value))):
            return None
        pattern = bound.node.parent.parent
        named = [item.get("key") or item for item in pattern.items if item.kind != "rest_pattern"]
        texts = [property_name(item.get("left") or item) for item in named]
        return any(text in ACCESS_FIELDS for text in texts)

    def _result(self, node: Node) -> None:
        node = resolved(node)
        rest = self._is_rest_without_token(node)
        if node.kind == "object":
            self._object(node)
        elif node.kind == "ternary_expression":
            self._result(node.get("consequence"))
            self._result(node.get("alternative"))
        elif self._is_state(node):
            whole = swap(node, f"{{ ...{node.text}, {self.field}: undefined }}")
            if outermost(node).parent is self.function and node.parent.kind != "parenthesized_expression":
                whole = swap(node, f"({whole.text})")
            self.edits.append(whole)
        elif rest is not None:
            if not rest:
                raise NotUnderstood(node, "the rest of the state is persisted with the token in it")
        elif node.kind == "call_expression":
            self._call(node)
        elif node.kind not in ("undefined", "null"):
            raise NotUnderstood(node, "what partialize returns is not clear")

    def _object(self, node: Node) -> None:
        for use in uses_of(node):
            if outermost(use).parent.kind not in ("return_statement", "spread_element"):
                raise NotUnderstood(use, "what is persisted is changed after it was put together")
        for item in node.items:
            if item.kind == "spread_element":
                self._spread(node, item)
            else:
                self._item(item)

    def _spread(self, node: Node, item: Node) -> None:
        value = resolved(item.items[0])
        if self._is_state(value):
            last = item_of(node, self.field)
            if last is None:
                self.edits.append(append_item(node.items[-1], f"{self.field}: undefined"))
            elif last.start < item.start:
                raise NotUnderstood(item, "the state is persisted with the token in it")
        elif (
            self._is_rest_without_token(value) is None
            and not self._mentions(value)
            and value.kind != "call_expression"
        ):
            return
        elif value.kind in ("object", "call_expression") or self._is_rest_without_token(value) is not None:
            self._result(value)
        else:
            raise NotUnderstood(item, "the token is persisted under a condition")

    def _item(self, item: Node) -> None:
        name = property_name(item.get("key") or item.get("name") or item)
        value = item.get("value") if item.kind == "pair" else item
        if item.kind == "method_definition":
            return
        inner = resolved(value)
        if name in ACCESS_FIELDS and inner.kind in ("null", "undefined", "string"):
            return
        if name in ACCESS_FIELDS or self._is_token(value):
            if not self._mentions(value) and item.kind == "pair":
                raise NotUnderstood(item, f"what is persisted as {name} is not clear")
            self.edits.append(cut_item(item))
            self._drop_parameter(value)
        elif inner.kind == "object":
            self._object(inner)
        elif self._mentions(value):
            raise NotUnderstood(item, f"what is persisted as {name} is made of the token")

    def _drop_parameter(self, value: Node) -> None:
        """Take the token out of the pattern that it came from, when nothing else uses it."""
        value = unwrap(value)
        bound = binding(value) if value.kind in NAMES else None
        if bound is None or self._field_of(bound) is None or len(references(bound)) > 1:
            return
        item = next(
            node for node in [bound.node, *bound.node.above()] if node.parent.kind == "object_pattern"
        )
        if not any(other.kind == "rest_pattern" for other in item.parent.items):
            self.edits.append(cut_item(item))

    def _call(self, node: Node) -> None:
        """Understand the ways of choosing fields by their names."""
        given = arguments_of(node)
        name = called_name(node)
        if name in ("pick", "omit") and len(given) == 2 and self._is_state(given[0]):
            self._names(resolved(given[1]), name == "pick")
            return
        if name == "fromEntries" and len(given) == 1:
            inner = resolved(given[0])
            found = member(inner.get("function")) if inner.kind == "call_expression" else None
            entries = resolved(found[0]) if found and found[1] == "filter" else None
            if (
                entries is not None
                and entries.kind == "call_expression"
                and called_name(entries) == "entries"
            ):
                self._filter(resolved(arguments_of(inner)[0]))
                return
        raise NotUnderstood(node, "which fields partialize chooses is not clear")

    def _filter(self, function: Node) -> None:
        body = resolved(function.get("body")) if function.kind == "arrow_function" else function
        if (
            body.kind == "statement_block"
            and len(body.items) == 1
            and body.items[0].kind == "return_statement"
        ):
            body = resolved(body.items[0].items[0])
        wanted = True
        if body.kind == "unary_expression" and body.operator() == "!":
            wanted, body = False, resolved(body.items[-1])
        if body.kind == "call_expression" and called_name(body) == "includes":
            names = resolved(member(body.get("function"))[0])
            if names.kind == "array":
                self._names(names, wanted)
                return
        if body.kind == "binary_expression" and body.operator() in ("!==", "!="):
            if any(string_value(item) in ACCESS_FIELDS for item in body.items):
                return
        raise NotUnderstood(function, "which fields partialize chooses is not clear")

    def _names(self, names: Node, wanted: bool) -> None:
        texts = [string_value(item) for item in names.items] if names.kind == "array" else [None]
        if None in texts:
            raise NotUnderstood(names, "which fields partialize chooses is not clear")
        tokens = [item for item in names.items if string_value(item) in ACCESS_FIELDS]
        if wanted:
            self.edits += [cut_item(item) for item in tokens]
        elif not tokens:
            quote = names.items[0].text[0] if names.items else "'"
            text = f"{quote}{self.field}{quote}"
            self.edits.append(append_item(names.items[-1], text) if names.items else swap(names, f"[{text}]"))


def _state_names(store: Store, call: Node) -> set[str]:
    """Return the fields of the state that a call of persist is about."""
    first = resolved(arguments_of(call)[0])
    inside = [state for state in store.states if enclosing_function(state).inside([first, call])]
    names = {name for state in inside for name in fields_of(state)}
    return names if all(is_whole(state) for state in inside) else names | {*names, "token"}


def token_not_persisted(code: Code) -> list[Edit]:
    """Return the edits of step 7b."""
    store = Store(code)
    edits: list[Edit] = []
    looked_at = 0
    for call in store.persists:
        given = arguments_of(call)
        options = resolved(given[-1]) if len(given) > 1 else None
        names = _state_names(store, call)
        if names and not names & {*ACCESS_FIELDS}:
            continue
        looked_at += 1
        if options is None or options.kind != "object":
            raise NotUnderstood(call, "the options of persist are not written in this file")
        field = next((name for name in ACCESS_FIELDS if name in names), "token")
        item = item_of(options, "partialize")
        spreads = [other for other in options.items if other.kind == "spread_element"]
        if spreads and (item is None or spreads[-1].start > item.start):
            raise NotUnderstood(spreads[-1], "partialize may be among the options that are spread here")
        if item is None:
            edits.append(_add_partialize(call, options, names, field))
            continue
        value = item if item.kind != "pair" else item.get("value")
        function = resolved(value)
        if function.kind == "undefined":
            raise NotUnderstood(item, "partialize is undefined, so that the token is persisted")
        if function.kind not in FUNCTIONS:
            raise NotUnderstood(item, "what partialize does is not written in this file")
        edits += Partialize(function, item, field).end()
    if not looked_at:
        raise NotApplicable("the store does not persist its token")
    return edits


def _add_partialize(call: Node, options: Node, names: set[str], field: str) -> Edit:
    if not names & {*ACCESS_FIELDS}:
        raise NotUnderstood(call, "persist has no partialize, and whether the state has a token is not clear")
    if call.get("type_arguments") is not None:
        raise NotUnderstood(call, "persist has no partialize, and the type of what it persists is given")
    if not options.items:
        raise NotUnderstood(call, "persist has neither a name nor partialize")
    return append_item(options.items[-1], f"partialize: ({{ {field}, ...rest }}) => rest")
