"""The parts of a zustand store: who creates its state, what sets and reads it, and how it is persisted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansible.module_utils.frontend_syntax import (
    FUNCTIONS,
    NAMES,
    Binding,
    Code,
    Node,
    arguments_of,
    binding,
    called_name,
    calls,
    enclosing_function,
    member,
    outermost,
    pairs,
    parameters,
    property_name,
    references,
    resolved,
    string_value,
    unwrap,
)

ACCESS_FIELDS = ("token", "accessToken", "access_token", "access")
REFRESH_FIELDS = ("refreshToken", "refresh_token", "refresh")


@dataclass(eq=False)
class Patch:
    """What a call of `set` gives the state: an object, or assignments to a draft of it."""

    call: Node
    object: Node | None = None
    draft: str | None = None
    assignments: tuple[Node, ...] = ()
    state: Node | None = None  # the name of the current state, where the patch is made from it

    @property
    def fields(self) -> dict[str, Node]:
        """Return {field: value}."""
        if self.object is not None:
            return pairs(self.object)
        found = {}
        for assignment in self.assignments:
            name = member(assignment.get("left"))
            if name and name[1]:
                found[name[1]] = assignment.get("right")
        return found


class Store:
    """A file in which a zustand store is created."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def is_from_zustand(self, called: Node) -> bool:
        """Say whether what is called was imported from zustand; `create<State>()` counts as `create`."""
        called = unwrap(called)
        while called.kind == "call_expression":
            called = unwrap(called.get("function"))
        found = member(called)
        bound = binding(called if called.kind == "identifier" else (found[0] if found else called))
        if bound is None or bound.kind != "import":
            return False
        module = string_value(bound.statement.get("source")) or ""
        return module.split("/")[0] in ("zustand", "immer")

    @cached_property
    def hook(self) -> Binding | None:
        """The name under which components use the store."""
        for declarator in self.code.of("variable_declarator"):
            value = declarator.get("value")
            if value is None or declarator.get("name").kind != "identifier":
                continue
            value = unwrap(value)
            if value.kind == "call_expression" and self.is_from_zustand(value):
                if called_name(_innermost(value)) in ("create", "createStore", "createWithEqualityFn"):
                    return binding(declarator.get("name"))
        return None

    @cached_property
    def creators(self) -> list[Node]:
        """The functions `(set, get) => state`."""
        return [node for node in self.code.of(*FUNCTIONS) if self._creates(node)]

    def _creates(self, function: Node) -> bool:
        first = parameters(function)[0] if parameters(function) else None
        if first is not None and first.kind == "identifier" and first.text == "set":
            return not any(above.kind == "object" for above in _up_to_function(function))
        node = outermost(function)
        while node.parent is not None and node.parent.kind == "arguments":
            call = node.parent.parent
            if self.is_from_zustand(call.get("function")) and called_name(_innermost(call)) != "produce":
                return not any(self.is_set(other) for other in [call])
            node = outermost(call)
            break
        declarator = node.parent
        annotation = (
            declarator.get("type")
            if declarator is not None and declarator.kind == "variable_declarator"
            else None
        )
        return annotation is not None and "StateCreator" in [
            part.text for part in annotation.walk() if part.kind == "type_identifier"
        ]

    @cached_property
    def states(self) -> list[Node]:
        """The objects that creators return."""
        return [found for creator in self.creators for found in returned(creator) if found.kind == "object"]

    @cached_property
    def fields(self) -> set[str]:
        """The names of the state's fields and actions, as far as they are written in this file."""
        names: set[str] = set()
        for state in self.states:
            names |= set(fields_of(state))
        for kind in self.code.of("property_signature"):
            names.add(property_name(kind.get("name")) or "")
        return names

    def field(self, candidates: tuple[str, ...]) -> str | None:
        """Return the first of the names that the state has."""
        return next((name for name in candidates if name in self.fields), None)

    def is_set(self, call: Node) -> bool:
        """Say whether a call sets the state of the store."""
        called = unwrap(call.get("function"))
        found = member(called)
        if found:
            return found[1] == "setState"
        if called.kind != "identifier":
            return False
        bound = binding(called)
        if bound is None:
            return False
        if bound.path and bound.path[-1] == "setState":
            return True
        return any(
            parameters(creator) and parameters(creator)[0] is bound.node
            for creator in self.creators_with(bound)
        )

    def creators_with(self, bound: Binding) -> list[Node]:
        """Return the function that has a name as its parameter, if that may create a state."""
        function = bound.statement
        if function is None or function.kind not in FUNCTIONS:
            return []
        return [function] if function in self.creators else []

    @cached_property
    def patches(self) -> list[Patch]:
        """All that the calls of `set` in this file give the state."""
        return [patch for call in calls(self.code, self.is_set) for patch in _patches(call)]

    def reader(self, place: Node) -> str | None:
        """Return what gives the current state at a place: `get()`, or `useStore.getState()`."""
        for above in place.above():
            if above in self.creators and len(parameters(above)) > 1:
                name = parameters(above)[1]
                if name.kind == "identifier" and _sees(place, name):
                    return f"{name.text}()"
        return f"{self.hook.name}.getState()" if self.hook else None

    @cached_property
    def persists(self) -> list[Node]:
        """The calls of `persist`."""
        return calls(
            self.code,
            lambda call: (
                unwrap(call.get("function")).kind == "identifier"
                and self.is_from_zustand(call.get("function"))
                and _imported_name(call) == "persist"
            ),
        )

    def actions(self, test) -> Iterator[tuple[str, Node]]:
        """Yield (name, function) of the actions whose name passes a test, wherever the state has them."""
        for state in self.states:
            for node in state.walk():
                if node.kind == "pair" and test(property_name(node.get("key")) or ""):
                    value = resolved(node.get("value"))
                    if enclosing_function(node) in self.creators and value.kind in FUNCTIONS:
                        yield property_name(node.get("key")), value
                elif node.kind == "shorthand_property_identifier" and test(node.text):
                    value = resolved(node)
                    if value.kind in FUNCTIONS and enclosing_function(node) in self.creators:
                        yield node.text, value
                elif node.kind == "method_definition" and test(property_name(node.get("name")) or ""):
                    if enclosing_function(node) in self.creators:
                        yield property_name(node.get("name")), node


def _sees(place: Node, name: Node) -> bool:
    """Say whether a name means this declaration at a place."""
    for scope in place.above():
        if scope.kind in FUNCTIONS and name in parameters(scope):
            return True
        if scope.kind in FUNCTIONS and any(
            node.text == name.text for pattern in parameters(scope) for node in pattern.walk()
        ):
            return False
    return False


def _imported_name(call: Node) -> str | None:
    bound = binding(unwrap(call.get("function")))
    return bound.path[0] if bound and bound.path else None


def _innermost(call: Node) -> Node:
    while unwrap(call.get("function")).kind == "call_expression":
        call = unwrap(call.get("function"))
    return call


def _up_to_function(node: Node) -> Iterator[Node]:
    for above in node.above():
        if above.kind in FUNCTIONS:
            return
        yield above


def returned(function: Node) -> list[Node]:
    """Return the expressions that a function may return, constants followed to their values."""
    body = function.get("body")
    if body is None:
        return []
    if body.kind != "statement_block":
        return [resolved(body)]
    found = [
        node
        for node in body.walk()
        if node.kind == "return_statement" and enclosing_function(node) is function
    ]
    return [resolved(node.items[0]) for node in found if node.items]


def fields_of(node: Node) -> dict[str, Node]:
    """Return {name: value} of an object with what it spreads from objects of this file."""
    found: dict[str, Node] = {}
    for item in node.items:
        if item.kind == "spread_element":
            inner = resolved(item.items[0])
            if inner.kind == "object":
                found |= fields_of(inner)
            elif inner.kind == "call_expression":
                called = resolved(inner.get("function"))
                if called.kind in FUNCTIONS:
                    for result in returned(called):
                        found |= fields_of(result) if result.kind == "object" else {}
    return found | pairs(node)


def is_whole(node: Node) -> bool:
    """Say whether all that an object spreads is written in this file."""
    spread = [resolved(item.items[0]) for item in node.items if item.kind == "spread_element"]
    return all(
        (inner.kind == "object" and is_whole(inner))
        or (inner.kind == "call_expression" and resolved(inner.get("function")).kind in FUNCTIONS)
        for inner in spread
    )


def _patches(call: Node) -> Iterator[Patch]:
    given = arguments_of(call)
    if not given:
        return
    value = resolved(given[0])
    if value.kind == "call_expression" and called_name(value) == "produce" and arguments_of(value):
        value = resolved(arguments_of(value)[0])
    if value.kind == "object":
        yield Patch(call, value)
    elif value.kind in FUNCTIONS:
        named = parameters(value)
        state = named[0] if named and named[0].kind == "identifier" else None
        for result in returned(value):
            if result.kind == "object":
                yield Patch(call, result, state=state)
        drafted = tuple(
            node
            for node in value.walk()
            if node.kind == "assignment_expression"
            and state is not None
            and (found := member(node.get("left")))
            and unwrap(found[0]).kind in NAMES
            and (bound := binding(unwrap(found[0])))
            and bound.node is state
        )
        if drafted:
            yield Patch(call, None, state.text, drafted, state)


def uses_of(node: Node) -> list[Node]:
    """Return the uses of the constant that an expression is the value of."""
    declarator = outermost(node).parent
    if declarator is None or declarator.kind != "variable_declarator":
        return []
    name = declarator.get("name")
    bound = binding(name) if name.kind == "identifier" else None
    return references(bound) if bound else []
