"""Step 8, the store: `login` takes whether to remember the user, and tells the server."""

from __future__ import annotations

from dataclasses import dataclass

from ansible.module_utils.frontend_store import Store
from ansible.module_utils.frontend_syntax import (
    NAMES,
    Code,
    Edit,
    Node,
    NotUnderstood,
    append_item,
    binding,
    member,
    parameters,
    property_name,
    unwrap,
)

LOGINS = ("login", "signIn", "signin", "logIn")
PARAMETER, FIELD = "rememberMe", "remember_me"


@dataclass(frozen=True)
class Login:
    """How a component calls the store's login."""

    hook: str
    action: str
    by_name: bool  # `login({ email, password })` rather than `login(email, password)`


class Remember:
    """The login of a store, and the edits that hand the choice on."""

    def __init__(self, code: Code) -> None:
        self.code, self.store = code, Store(code)
        self.edits: list[Edit] = []
        found = list(self.store.actions(lambda name: name in LOGINS))
        if len(found) != 1 or self.store.hook is None:
            place = found[1][1] if len(found) > 1 else code.root
            raise NotUnderstood(place, "which function of the store logs in is not clear")
        [(self.name, self.function)] = found
        self.by_name = False

    def end(self) -> tuple[list[Edit], Login]:
        given = parameters(self.function)
        self.by_name = len(given) == 1 and given[0].kind == "object_pattern"
        if self.by_name:
            chosen, credentials = self._named(given[0])
        else:
            chosen, credentials = self._placed(given)
        self._body(chosen, credentials)
        self._signatures()
        return self.edits, Login(self.store.hook.name, self.name, self.by_name)

    def _placed(self, given: list[Node]) -> tuple[str, list[Node]]:
        """Return the name of the choice, and the parameters before it."""
        if len(given) < 2 or any(
            pattern.kind not in ("identifier", "assignment_pattern") for pattern in given
        ):
            raise NotUnderstood(self.function, f"{self.name} does not take an email and a password")
        if len(given) == 2:
            self._check_free()
            listed = self.function.get("parameters").items
            self.edits.append(append_item(listed[-1], f"{PARAMETER} = false"))
            return PARAMETER, given
        if len(given) > 3 or "remember" not in given[2].text.lower():
            raise NotUnderstood(given[2], f"{self.name} takes something else after the password")
        return given[2].text, given[:2]

    def _named(self, pattern: Node) -> tuple[str, list[Node]]:
        targets = {}
        for item in pattern.items:
            key = item.get("key") or item.get("left") or item
            value = item.get("value") or item.get("left") or item
            targets[property_name(key)] = value.get("left") or value
        others = [target for name, target in targets.items() if "remember" not in (name or "").lower()]
        if len(others) != 2 or any(item.kind == "rest_pattern" for item in pattern.items):
            raise NotUnderstood(pattern, f"{self.name} does not take an email and a password")
        for name, target in targets.items():
            if "remember" in (name or "").lower():
                if name != PARAMETER:
                    raise NotUnderstood(pattern, f"{self.name} has a choice of its own, {name}")
                return target.text, others
        self._check_free()
        self.edits.append(append_item(pattern.items[-1], f"{PARAMETER} = false"))
        annotation = pattern.parent.get("type")
        if annotation is not None:
            self._extend(annotation.items[0])
        return PARAMETER, others

    def _check_free(self) -> None:
        if any(node.text == PARAMETER for node in self.function.walk() if node.kind in NAMES):
            raise NotUnderstood(self.function, f"the name {PARAMETER} is in use")

    def _extend(self, kind: Node, depth: int = 0) -> None:
        """Let a type of the credentials have the choice."""
        if kind.kind == "type_identifier" and depth < 5:
            bound = binding(kind)
            if bound is None or bound.value is None:
                raise NotUnderstood(
                    kind, f"the type {kind.text} is declared in another file: give it `{PARAMETER}?: boolean`"
                )
            inner = bound.value.get("body") or bound.value.get("value")
            return self._extend(inner, depth + 1)
        if kind.kind in ("object_type", "interface_body") and kind.items:
            if any(property_name(item.get("name")) == PARAMETER for item in kind.items):
                return None
            self.edits.append(_append_member(kind, f"{PARAMETER}?: boolean"))
            return None
        raise NotUnderstood(kind, "the type of the credentials is not clear")

    # --- what is sent -------------------------------------------------------------------------------------------

    def _body(self, chosen: str, credentials: list[Node]) -> None:
        wanted = {pattern.get("left") or pattern for pattern in credentials}
        bodies = [
            node for node in self.function.walk() if node.kind == "object" and self._values(node) >= wanted
        ]
        if len(bodies) != 1:
            place = bodies[1] if bodies else self.function
            raise NotUnderstood(place, "where the email and the password are sent is not clear")
        [body] = bodies
        call = body.parent.parent if body.parent.kind == "arguments" else body.parent
        if call.kind == "new_expression":
            raise NotUnderstood(body, "the login is sent as a form")
        for item in body.items:
            name = property_name(item.get("key") or item) if item.kind != "spread_element" else None
            if name == FIELD:
                value = unwrap(item.get("value") or item)
                if value.text != chosen:
                    raise NotUnderstood(
                        item, f"{FIELD} is sent already, and is not what {self.name} is given"
                    )
                return
            if name and "remember" in name.lower():
                raise NotUnderstood(item, f"the server is told {name} already")
        text = FIELD if chosen == FIELD else f"{FIELD}: {chosen}"
        self.edits.append(append_item(body.items[-1], text))

    def _values(self, body: Node) -> set[Node]:
        """Return the declarations of the names that an object is made of."""
        found = set()
        for item in body.items:
            value = unwrap(item.get("value")) if item.kind == "pair" else item
            if value.kind == "call_expression" and member(value.get("function")):
                # `email.trim()` is the email.
                value = unwrap(member(value.get("function"))[0])
            bound = binding(value) if value.kind in NAMES else None
            found |= {bound.node} if bound else set()
        return found

    # --- types ----------------------------------------------------------------------------------------------------

    def _signatures(self) -> None:
        """Let the type of the store know the choice."""
        signatures = [
            node
            for node in self.code.of("property_signature", "method_signature")
            if property_name(node.get("name")) == self.name
        ]
        for signature in signatures:
            self._signature(signature)
        if signatures:
            return
        for call in self.code.of("call_expression"):
            kinds = call.get("type_arguments")
            if kinds is not None and self.store.is_from_zustand(call.get("function")):
                raise NotUnderstood(
                    kinds,
                    f"the type of {self.name} is declared in another file: give it `{PARAMETER}?: boolean` there",
                )

    def _signature(self, signature: Node) -> None:
        holder = signature
        if signature.kind == "property_signature":
            kind = signature.get("type").items[0]
            while kind.kind == "parenthesized_type":
                kind = kind.items[0]
            if kind.kind == "type_identifier":
                bound = binding(kind)
                if bound is None or bound.value is None or bound.value.get("value") is None:
                    raise NotUnderstood(kind, f"the type {kind.text} is declared in another file")
                kind = bound.value.get("value")
            if kind.kind != "function_type":
                raise NotUnderstood(kind, f"the type of {self.name} is not a function")
            holder = kind
        given = holder.get("parameters").items
        if self.by_name and len(given) == 1:
            self._extend(given[0].get("type").items[0])
        elif len(given) == 2 and not self.by_name:
            self.edits.append(append_item(given[-1], f"{PARAMETER}?: boolean"))
        elif len(given) != 3:
            raise NotUnderstood(signature, f"the type of {self.name} does not take an email and a password")


def _append_member(kind: Node, text: str) -> Edit:
    """Add a property to a type, in the way it is written."""
    last = kind.items[-1]
    siblings = kind.children
    following = siblings[siblings.index(last) + 1 :]
    mark = next((child for child in following if child.text in (";", ",")), None)
    code = kind.code
    if kind.items[0].line > kind.line:
        gap = f"{code.newline(last.end)}{code.indent(last.start)}"
        if mark:
            return Edit(mark.end, mark.end, f"{gap}{text}{mark.text}")
        return Edit(last.end, last.end, f"{gap}{text}")
    if mark:
        return Edit(mark.end, mark.end, f" {text}")
    separator = next((child.text for child in siblings if child.text in (";", ",")), ";")
    return Edit(last.end, last.end, f"{separator} {text}")


def login_remembers(code: Code) -> tuple[list[Edit], Login]:
    """Return the edits of step 8 in the store, and how its login is called then."""
    return Remember(code).end()
