"""Step 8, the form: a checkbox that keeps the user logged in, and a login that is told of it."""

from __future__ import annotations

from ansible.module_utils.frontend_remember import PARAMETER, Login
from ansible.module_utils.frontend_syntax import (
    FUNCTIONS,
    NAMES,
    Code,
    Edit,
    Node,
    NotUnderstood,
    append_item,
    arguments_of,
    binding,
    called_name,
    calls,
    member,
    pairs,
    resolved,
    string_value,
    swap,
    unwrap,
)

ELEMENTS = ("jsx_element", "jsx_self_closing_element")
LABEL = "Keep me logged in for 20 days"
WORDS = ("remember", "keep me", "stay signed", "stay logged", "keep signed")
SETTER = "setRememberMe"
GUARDED = ("useCallback", "useMemo")


class LoginForm:
    """A file with the component that logs users in."""

    def __init__(self, code: Code, login: Login) -> None:
        self.code, self.login = code, login
        self.edits: list[Edit] = []

    def calls(self) -> list[Node]:
        """Return the calls of the store's login with what a user typed."""
        found = calls(self.code, lambda call: self._is_login(call.get("function")))
        return [call for call in found if any(string_value(item) is None for item in arguments_of(call))]

    def end(self) -> list[Edit]:
        found = self.calls()
        if len(found) != 1:
            place = found[1] if found else self._other_login()
            raise NotUnderstood(
                place,
                "which call logs the user in is not clear"
                if found
                else "the store's login is not called here",
            )
        [call] = found
        component = self._component(call)
        name, setter, has_box = self._existing(component)
        if not self._call(call, name or PARAMETER, component):
            return []
        if name is None:
            self._check_free()
            self._add_state(component)
            name, setter = PARAMETER, SETTER
        if not has_box:
            self._add_box(component, call, name, setter)
        return self.edits

    def _other_login(self) -> Node:
        """Return the place to look at when the login is not the store's own."""
        for call in calls(self.code, lambda call: called_name(call) == self.login.action):
            bound = binding(unwrap(call.get("function")))
            whose = f" (it comes from {resolved(bound.value).text[:60]})" if bound and bound.value else ""
            raise NotUnderstood(call, f"whether this is the store's {self.login.action} is not clear{whose}")
        return self.code.root

    # --- the call -------------------------------------------------------------------------------------------------

    def _is_login(self, called: Node) -> bool:
        called = unwrap(called)
        found = member(called)
        if found:
            return found[1] == self.login.action and self._is_store(found[0])
        bound = binding(called) if called.kind == "identifier" else None
        if bound is None or bound.value is None or bound.value.kind in FUNCTIONS:
            return False
        if bound.path:
            return bound.path[-1] == self.login.action and self._is_store(bound.value)
        value = unwrap(bound.value)
        if value.kind == "call_expression" and self._is_store(value):
            return self.login.action in [self._selected(item) for item in arguments_of(value)]
        found = member(value)
        return bool(found and found[1] == self.login.action and self._is_store(found[0]))

    def _selected(self, selector: Node) -> str | None:
        """Return the field that a selector gives."""
        selector = resolved(selector)
        body = selector.get("body") if selector.kind in FUNCTIONS else None
        if body is not None and body.kind == "statement_block":
            inner = [item for item in body.items if item.kind == "return_statement"]
            body = inner[0].items[0] if len(inner) == 1 and inner[0].items else None
        found = member(body) if body is not None else None
        return found[1] if found else None

    def _is_store(self, node: Node, depth: int = 0) -> bool:
        node = unwrap(node)
        if depth > 10:
            return False
        if node.kind == "call_expression":
            called = unwrap(node.get("function"))
            found = member(called)
            return self._is_hook(found[0]) if found and found[1] == "getState" else self._is_hook(called)
        found = member(node)
        if found:
            return self._is_store(found[0], depth + 1)
        bound = binding(node) if node.kind in NAMES else None
        return bool(bound and bound.value is not None and self._is_store(bound.value, depth + 1))

    def _is_hook(self, node: Node) -> bool:
        bound = binding(unwrap(node)) if unwrap(node).kind == "identifier" else None
        if bound is None or bound.kind != "import":
            return False
        source = string_value(bound.statement.get("source")) or ""
        return bound.path[0] == self.login.hook or (
            bound.path[0] == "default" and "store" in source.lower() and "auth" in source.lower()
        )

    def _component(self, call: Node) -> Node:
        functions = [above for above in call.above() if above.kind in FUNCTIONS]
        component = functions[-1] if functions else None
        if component is None or any(above.kind == "class_body" for above in call.above()):
            raise NotUnderstood(call, "the login is not called in a function component")
        if not any(node.kind in ELEMENTS for node in component.walk()):
            raise NotUnderstood(call, "the login is called outside the component with the form")
        if component.get("body").kind != "statement_block":
            raise NotUnderstood(call, "the component has no body in which a state could be kept")
        return component

    def _call(self, call: Node, name: str, component: Node) -> bool:
        """Hand the choice to the login; False when it is handed over already."""
        given = arguments_of(call)
        if any(item.kind == "spread_element" for item in given):
            raise NotUnderstood(call, "what the login is given is not clear")
        if self.login.by_name:
            if len(given) != 1 or given[0].kind != "object":
                raise NotUnderstood(call, "what the login is given is not clear")
            if PARAMETER in pairs(given[0]):
                return False
            text = PARAMETER if name == PARAMETER else f"{PARAMETER}: {name}"
            self.edits.append(append_item(given[0].items[-1], text))
        elif len(given) == 2:
            self.edits.append(append_item(given[-1], name))
        elif len(given) == 3 and unwrap(given[2]).kind not in ("true", "false", "undefined", "null"):
            return False
        elif len(given) == 3:
            self.edits.append(swap(given[2], name))
        else:
            raise NotUnderstood(call, "what the login is given is not clear")
        for above in call.above():
            if above is component:
                break
            if above.kind in FUNCTIONS and above.parent.kind == "arguments":
                self._dependencies(above.parent.parent, name)
        return True

    def _dependencies(self, call: Node, name: str) -> None:
        """Let a function that is kept between renders be made anew when the choice changes."""
        given = arguments_of(call)
        if called_name(call) in ("useEffect", "useLayoutEffect"):
            raise NotUnderstood(call, "the login is called by an effect")
        if called_name(call) not in GUARDED or len(given) < 2:
            return
        if given[1].kind != "array":
            raise NotUnderstood(call, "the dependencies of the function that logs in are not a list")
        items = given[1].items
        if name not in [item.text for item in items]:
            self.edits.append(append_item(items[-1], name) if items else swap(given[1], f"[{name}]"))

    # --- the state ------------------------------------------------------------------------------------------------

    def _states(self, component: Node) -> list[tuple[Node, Node, Node]]:
        """Return (name, setter, declaration) of the states of a component."""
        found = []
        for statement in component.get("body").items:
            for declarator in statement.items if statement.kind == "lexical_declaration" else []:
                pattern, value = declarator.get("name"), declarator.get("value")
                is_state = value is not None and value.kind == "call_expression" and self._is_use_state(value)
                if is_state and pattern.kind == "array_pattern" and len(pattern.items) == 2:
                    found.append((pattern.items[0], pattern.items[1], statement))
        return found

    def _is_use_state(self, call: Node) -> bool:
        called = unwrap(call.get("function"))
        bound = binding(called) if called.kind == "identifier" else None
        return called_name(call) == "useState" or bool(
            bound and bound.kind == "import" and bound.path[0] == "useState"
        )

    def _existing(self, component: Node) -> tuple[str | None, str, bool]:
        """Return (name, setter, has a checkbox) of a choice that the form has already."""
        boxes = [
            element for element in component.walk() if element.kind in ELEMENTS and self._is_box(element)
        ]
        states = self._states(component)
        kept = []
        for name, setter, _ in states:
            bound = [box for box in boxes if self._shows(box, name)]
            about = "remember" in name.text.lower() or any(self._speaks_of_it(box) for box in bound)
            if about:
                kept.append((name.text, setter.text, bool(bound)))
        if len(kept) > 1:
            raise NotUnderstood(component, "the form has more than one choice to be remembered")
        if kept:
            return kept[0]
        for box in boxes:
            if self._speaks_of_it(box):
                raise NotUnderstood(
                    box, "the form has a checkbox for it, which is not kept in a state of this component"
                )
        return None, SETTER, False

    def _is_box(self, element: Node) -> bool:
        tag = tag_of(element)
        return (
            attribute(element, "type") == "checkbox" or "checkbox" in tag.lower() or "switch" in tag.lower()
        )

    def _shows(self, box: Node, name: Node) -> bool:
        value = (
            attribute_node(box, "checked")
            or attribute_node(box, "isSelected")
            or attribute_node(box, "value")
        )
        if value is None:
            return False
        return any(node.text == name.text and node.kind == "identifier" for node in value.walk())

    def _speaks_of_it(self, box: Node) -> bool:
        """Say whether a checkbox, or the text beside it, is about being remembered."""
        around = box
        for _ in range(2):
            if around.parent is not None and around.parent.kind == "jsx_element":
                inputs = [node for node in around.parent.walk() if node.kind in ELEMENTS and is_field(node)]
                if len(inputs) > 1:
                    break
                around = around.parent
        said = around.text.lower()
        return any(word in said for word in WORDS)

    def _check_free(self) -> None:
        for node in self.code.of("identifier", "shorthand_property_identifier_pattern"):
            if node.text in (PARAMETER, SETTER):
                raise NotUnderstood(node, f"the name {node.text} is in use")

    def _add_state(self, component: Node) -> None:
        states = self._states(component)
        of_password = [
            state
            for state in states
            if "password" in state[0].text.lower() and "show" not in state[0].text.lower()
        ]
        after = (of_password or states)[-1][2] if states else None
        body = component.get("body")
        code = self.code
        if after is not None:
            use = next(node for node in after.walk() if node.kind == "call_expression").get("function").text
            end = ";" if after.text.endswith(";") else ""
            gap = f"{code.newline(after.end)}{code.indent(after.start)}"
            self.edits.append(Edit(after.end, after.end, f"{gap}{self._state_text(use)}{end}"))
            return
        use = self._use_state()
        end = ";" if any(item.text.endswith(";") for item in body.items) else ""
        first = body.items[0] if body.items else None
        if first is None:
            raise NotUnderstood(body, "the component is empty")
        gap = f"{code.newline(first.start)}{code.indent(first.start)}"
        if first.line == body.line:
            gap, end = " ", ";"
        self.edits.append(Edit(first.start, first.start, f"{self._state_text(use)}{end}{gap}"))

    def _state_text(self, use: str) -> str:
        return f"const [{PARAMETER}, {SETTER}] = {use}(false)"

    def _use_state(self) -> str:
        """Return how this file writes `useState`, importing it where it does not yet."""
        imports = [
            node
            for node in self.code.of("import_statement")
            if string_value(node.get("source")) == "react" and not node.has("type")
        ]
        for statement in imports:
            for node in statement.walk():
                if node.kind == "import_specifier" and node.get("name").text == "useState":
                    return (node.get("alias") or node.get("name")).text
        for statement in imports:
            for node in statement.walk():
                if node.kind == "named_imports" and node.items:
                    self.edits.append(append_item(node.items[-1], "useState"))
                    return "useState"
        for statement in imports:
            for node in statement.walk():
                if node.kind == "namespace_import":
                    return f"{node.items[0].text}.useState"
                if node.kind == "identifier" and node.parent.kind == "import_clause":
                    return f"{node.text}.useState"
        others = self.code.of("import_statement")
        if not others:
            raise NotUnderstood(self.code.root, "the file imports nothing")
        first = others[0]
        quote = first.get("source").text[0]
        end = ";" if first.text.endswith(";") else ""
        line = f"import {{ useState }} from {quote}react{quote}{end}{self.code.newline(first.end)}"
        self.edits.append(Edit(first.start, first.start, line))
        return "useState"

    # --- the checkbox ---------------------------------------------------------------------------------------------

    def _add_box(self, component: Node, call: Node, name: str, setter: str) -> None:
        anchor = self._before(component, call)
        code = self.code
        if anchor is not None:
            starts_line = not code.text[code.line_start(anchor.start) : anchor.start].strip()
            text = self._box(
                name, setter, code.indent(anchor.start) if starts_line else None, code.newline(anchor.start)
            )
            gap = f"{code.newline(anchor.start)}{code.indent(anchor.start)}" if starts_line else ""
            self.edits.append(Edit(anchor.start, anchor.start, f"{text}{gap}"))
            return
        field = self._password_field(component)
        if field is None:
            raise NotUnderstood(call, "neither the form's submit button nor its password field is clear")
        starts_line = not code.text[code.line_start(field.start) : field.start].strip()
        indent = code.indent(field.start)
        text = self._box(name, setter, indent if starts_line else None, code.newline(field.end))
        gap = f"{code.newline(field.end)}{indent}" if starts_line else ""
        self.edits.append(Edit(field.end, field.end, f"{gap}{text}"))

    def _box(self, name: str, setter: str, indent: str | None, newline: str) -> str:
        box = [
            "<input",
            f'{"type="}"checkbox"',
            f"checked={{{name}}}",
            f"onChange={{(e) => {setter}(e.target.checked)}}",
            'className="form-checkbox"',
            "/>",
        ]
        if indent is None:
            return f'<label className="flex items-center gap-2">{" ".join(box)}<span>{LABEL}</span></label>'
        step = self.code.unit()
        lines = [
            '<label className="flex items-center gap-2">',
            f"{step}{box[0]}",
            *(f"{step}{step}{line}" for line in box[1:-1]),
            f"{step}{box[-1]}",
            f"{step}<span>{LABEL}</span>",
            "</label>",
        ]
        return newline.join(lines[:1] + [indent + line for line in lines[1:]])

    def _before(self, component: Node, call: Node) -> Node | None:
        """Return what the checkbox is put before: the part of the form with its submit button."""
        elements = [node for node in component.walk() if node.kind in ELEMENTS]
        forms = [element for element in elements if tag_of(element).lower().endswith("form")]
        mine = [form for form in forms if self._leads_to(attribute_node(form, "onSubmit"), call)]
        if len(mine) == 1:
            elements = [element for element in elements if element.inside(mine)]
        submits = [element for element in elements if attribute(element, "type") == "submit"]
        if not submits:
            inside = [element for element in elements if element.inside(mine or forms)]
            submits = [
                element
                for element in inside
                if tag_of(element) == "button" and attribute(element, "type") is None
            ]
        if not submits:
            submits = [
                element
                for element in elements
                if any(
                    self._leads_to(attribute_node(element, event), call) for event in ("onClick", "onPress")
                )
            ]
        lifted = [lift(element) for element in submits]
        found = list({id(node): node for node in lifted if node is not None}.values())
        if len(found) > 1:
            raise NotUnderstood(found[1], "which button submits the login is not clear")
        return found[0] if found else None

    def _leads_to(self, value: Node | None, call: Node, depth: int = 0) -> bool:
        """Say whether a handler is, or calls, the function that logs in."""
        if value is None or depth > 3:
            return False
        if call.inside([value]):
            return True
        for node in value.walk():
            function = resolved(node) if node.kind == "identifier" else None
            if function is None or function is node:
                continue
            if call.inside([function]) or (
                function.kind in FUNCTIONS and self._leads_to(function, call, depth + 1)
            ):
                return True
        return False

    def _password_field(self, component: Node) -> Node | None:
        elements = [node for node in component.walk() if node.kind in ELEMENTS]
        fields = [element for element in elements if self._is_password(element)]
        lifted = [lift(field) for field in fields]
        if len(lifted) != 1 or lifted[0] is None:
            return None
        node = lifted[0]
        while True:
            parent = node.parent
            if parent.kind != "jsx_element" or tag_of(parent).lower().endswith("form"):
                return node
            inputs = [other for other in parent.walk() if other.kind in ELEMENTS and is_field(other)]
            above = lift(parent)
            if len(inputs) > 1 or above is None:
                return node
            node = above

    def _is_password(self, element: Node) -> bool:
        if not is_field(element):
            return False
        kind = attribute_node(element, "type")
        return (
            attribute(element, "type") == "password"
            or attribute(element, "name") == "password"
            or bool(kind is not None and '"password"' in kind.text.replace("'", '"'))
        )


def tag_of(element: Node) -> str:
    """Return the name of an element's component."""
    opening = element if element.kind == "jsx_self_closing_element" else element.items[0]
    name = opening.get("name")
    return name.text if name else ""


def _attributes(element: Node) -> dict[str, Node]:
    opening = element if element.kind == "jsx_self_closing_element" else element.items[0]
    return {item.items[0].text: item for item in opening.items if item.kind == "jsx_attribute"}


def attribute_node(element: Node, name: str) -> Node | None:
    """Return the value of an attribute."""
    found = _attributes(element).get(name)
    return found.items[1] if found is not None and len(found.items) > 1 else None


def attribute(element: Node, name: str) -> str | None:
    """Return the text of an attribute."""
    value = attribute_node(element, name)
    if value is not None and value.kind == "jsx_expression" and value.items:
        value = value.items[0]
    return string_value(value)


def is_field(element: Node) -> bool:
    """Say whether an element is something that a user fills in."""
    tag = tag_of(element).lower()
    if attribute(element, "type") in ("submit", "button", "reset"):
        return False
    return tag.endswith(("input", "field", "select", "textarea", "checkbox", "switch")) or (
        "type" in _attributes(element) and "button" not in tag
    )


def lift(node: Node) -> Node | None:
    """Return the child of an element that a node is, or is a part of; None where it is no child."""
    while node.parent is not None:
        parent = node.parent
        if parent.kind == "jsx_element" and node is not parent.items[0]:
            return node
        if parent.kind not in (
            "jsx_expression",
            "ternary_expression",
            "binary_expression",
            "parenthesized_expression",
        ):
            return None
        node = parent
    return None


def form_remembers(code: Code, login: Login) -> list[Edit]:
    """Return the edits of step 8 in the form."""
    return LoginForm(code, login).end()
