"""Step 7d: nothing refreshes the tokens at fixed times; the API service refreshes them when a request needs it."""

from __future__ import annotations

from ansible.module_utils.frontend_syntax import (
    DECLARATIONS,
    FUNCTIONS,
    NAMES,
    Binding,
    Code,
    Edit,
    Node,
    NotApplicable,
    NotUnderstood,
    arguments_of,
    binding,
    called_name,
    calls,
    cut,
    cut_item,
    is_exported,
    is_global,
    is_pure,
    member,
    outermost,
    references,
    resolved,
    string_value,
    tidy,
    unwrap,
)

EFFECTS = ("useEffect", "useLayoutEffect")
#: Hooks that only give a value: without the value they can go.
GIVING_HOOKS = frozenset({"useRef", "useContext", "useCallback", "useMemo", "useDispatch"})
LOGGING = frozenset({"console", "logger", "log"})


def is_timer(call: Node, name: str) -> bool:
    """Say whether a call is one of the browser's timers."""
    return is_global(call.get("function"), name)


def is_token_refresh(call: Node) -> bool:
    """Say whether a call refreshes the tokens: by its name, or by the store that it is taken from."""
    name = (called_name(call) or "").lower()
    bound = binding(unwrap(call.get("function"))) if unwrap(call.get("function")).kind in NAMES else None
    if bound is not None and bound.path and bound.kind != "import":
        name = f"{name} {bound.path[-1].lower()}"
    if "refresh" not in name and "renew" not in name:
        return False
    if "token" in name or "session" in name or "auth" in name:
        return True
    said = _origin(call.get("function")).lower()
    return "auth" in said or "token" in said


def _origin(called: Node, depth: int = 0) -> str:
    """Return the text of where a function comes from."""
    called = unwrap(called)
    found = member(called)
    root = unwrap(found[0]) if found else called
    text = called.text
    bound = binding(root) if root.kind in NAMES else None
    if bound is not None and bound.kind == "import":
        return f"{text} {string_value(bound.statement.get('source'))}"
    if bound is not None and bound.value is not None and bound.value.kind not in FUNCTIONS and depth < 5:
        value = unwrap(bound.value)
        value = value.get("function") if value.kind == "call_expression" else value
        return f"{text} {_origin(value, depth + 1)}"
    return text


class Intervals:
    """The intervals of a file that refresh tokens, and the edits that end them."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.removed: list[Node] = []
        self.edits: list[Edit] = []

    def end(self) -> list[Edit]:
        timers = calls(
            self.code, lambda call: is_timer(call, "setInterval") or called_name(call) == "useInterval"
        )
        ended = [call for call in timers if self._refreshes(call)]
        for call in calls(self.code, lambda call: is_timer(call, "setTimeout")):
            if self._refreshes(call):
                raise NotUnderstood(call, "a timeout refreshes the tokens; the guide knows an interval")
        if not ended:
            raise NotApplicable("no interval refreshes the tokens")
        for call in ended:
            self._check_callback(call)
            self._end_timer(call)
        self._promote()
        self._drop_unused()
        return tidy(self.code, [*self.edits, *(cut(node) for node in self.removed)])

    # --- which ones -------------------------------------------------------------------------------------------

    def _callback(self, call: Node) -> Node | None:
        given = arguments_of(call)
        value = resolved(given[0]) if given else None
        if value is not None and value.kind == "call_expression" and called_name(value) == "useCallback":
            value = resolved(arguments_of(value)[0]) if arguments_of(value) else None
        return value

    def _refreshes(self, call: Node) -> bool:
        callback = self._callback(call)
        if callback is None:
            return False
        if callback.kind not in FUNCTIONS:
            return self._is_named_refresh(callback)
        return any(
            is_token_refresh(node) or self._calls_refresh(node)
            for node in callback.walk()
            if node.kind == "call_expression"
        )

    def _is_named_refresh(self, value: Node) -> bool:
        """Say whether a function that is handed over by its name refreshes the tokens."""
        found = member(value)
        name = (found[1] or "") if found else value.text
        bound = binding(value) if value.kind in NAMES else None
        name += bound.path[-1] if bound and bound.path else ""
        return "refresh" in name.lower() and ("token" in name.lower() or "auth" in _origin(value).lower())

    def _calls_refresh(self, call: Node) -> bool:
        """Say whether a call is of a function of this file that refreshes the tokens."""
        function = resolved(call.get("function"))
        return function.kind in FUNCTIONS and any(
            is_token_refresh(node) for node in function.walk() if node.kind == "call_expression"
        )

    def _check_callback(self, call: Node) -> None:
        """Refuse a callback that does something besides."""
        callback = self._callback(call)
        if callback.kind not in FUNCTIONS:
            return
        body = callback.get("body")
        if body.kind != "statement_block":
            self._check_expression(body)
            return
        self._check_statements(body)

    def _check_statements(self, block: Node) -> None:
        for statement in block.items:
            self._check_statement(statement)

    def _check_statement(self, statement: Node) -> None:
        if statement.kind == "expression_statement":
            self._check_expression(statement.items[0])
        elif statement.kind in DECLARATIONS:
            for declarator in statement.items:
                if declarator.get("value") is not None and not is_pure(declarator.get("value")):
                    self._check_expression(declarator.get("value"))
        elif statement.kind == "if_statement":
            if not is_pure(statement.get("condition")):
                self._check_expression(statement.get("condition"))
            self._check_statement(statement.get("consequence"))
            if statement.get("alternative"):
                self._check_statement(statement.get("alternative").items[0])
        elif statement.kind == "statement_block":
            self._check_statements(statement)
        elif statement.kind == "try_statement":
            # What follows a failed refresh goes with the refresh.
            self._check_statements(statement.get("body"))
        elif statement.kind == "return_statement":
            for item in statement.items:
                self._check_expression(item)
        elif statement.kind != "empty_statement":
            raise NotUnderstood(statement, "the interval does something besides refreshing the tokens")

    def _check_expression(self, node: Node) -> None:
        node = unwrap(node)
        if is_pure(node):
            return None
        if node.kind in ("await_expression", "unary_expression"):
            return self._check_expression(node.items[-1])
        if node.kind == "binary_expression" and node.operator() in ("&&", "||", "??"):
            for item in node.items:
                self._check_expression(item)
            return None
        if node.kind == "call_expression":
            found = member(node.get("function"))
            if found and found[1] in ("catch", "then", "finally"):
                return self._check_expression(found[0])
            if is_token_refresh(node) or self._calls_refresh(node):
                function = resolved(node.get("function"))
                if function.kind in FUNCTIONS and function.get("body").kind == "statement_block":
                    self._check_statements(function.get("body"))
                return None
            if found and unwrap(found[0]).text in LOGGING:
                return None
        raise NotUnderstood(node, "the interval does something besides refreshing the tokens")

    # --- what goes with them ------------------------------------------------------------------------------------

    def _end_timer(self, call: Node) -> None:
        place = outermost(call)
        parent = place.parent
        if parent.kind == "expression_statement":
            self._remove(parent)
        elif parent.kind == "variable_declarator" and parent.get("name").kind == "identifier":
            if len(parent.parent.items) > 1:
                raise NotUnderstood(call, "the interval is declared together with something else")
            self.removed.append(parent.parent)
            self._end_uses([use for use in references(binding(parent.get("name")))], call)
        elif parent.kind == "assignment_expression" and parent.parent.kind == "expression_statement":
            self._end_assignment(parent, call)
        elif parent.kind == "return_statement" or parent.parent is None:
            raise NotUnderstood(call, "the interval is handed to something else")
        else:
            raise NotUnderstood(call, "what becomes of the interval is not clear")

    def _end_assignment(self, assignment: Node, call: Node) -> None:
        """End an interval that is kept in a variable or in a ref."""
        target = unwrap(assignment.get("left"))
        found = member(target)
        name = unwrap(found[0]) if found else target
        bound = binding(name) if name.kind in NAMES else None
        if bound is None or bound.kind not in ("let", "var", "const") or (found and found[1] != "current"):
            raise NotUnderstood(call, "where the interval is kept is not clear")
        self._remove(assignment.parent)
        uses = [use for use in references(bound) if not use.inside(self.removed)]
        if found:
            uses = [
                outermost(use).parent if outermost(use).parent.kind == "member_expression" else use
                for use in uses
            ]
        self._end_uses(uses, call)
        if found is None or True:
            self._remove_declaration(bound)

    def _remove_declaration(self, bound: Binding) -> None:
        if (
            bound.statement is not None
            and bound.statement.kind in DECLARATIONS
            and len(bound.statement.items) == 1
        ):
            if all(use.inside(self.removed) for use in references(bound)):
                self.removed.append(bound.statement)

    def _end_uses(self, uses: list[Node], call: Node) -> None:
        """Remove what clears an interval."""
        for use in uses:
            if use.inside(self.removed):
                continue
            place = outermost(use)
            parent = place.parent
            if parent.kind == "arguments" and is_global(
                parent.parent.get("function"), "clearInterval", "clearTimeout"
            ):
                self._end_clear(outermost(parent.parent))
            elif parent.kind == "assignment_expression" and parent.get("left") is place:
                if not is_pure(parent.get("right")) or parent.parent.kind != "expression_statement":
                    raise NotUnderstood(parent, "the interval's variable is given something else")
                self._remove(parent.parent)
            elif self._guards(place):
                continue
            else:
                raise NotUnderstood(use, "the interval is used for something else as well")

    def _guards(self, place: Node) -> bool:
        """Say whether an expression is the condition under which an interval is cleared; that is removed with it."""
        for above in place.above():
            if (
                above.kind == "if_statement"
                and place.inside([above.get("condition")])
                and not above.get("alternative")
            ):
                return is_pure(above.get("condition"))
            if above.kind == "binary_expression" and above.operator() == "&&":
                right = unwrap(above.get("right"))
                return right.kind == "call_expression" and is_global(
                    right.get("function"), "clearInterval", "clearTimeout"
                )
            if above.kind in ("statement_block", *FUNCTIONS):
                return False
        return False

    def _end_clear(self, place: Node) -> None:
        """Remove a call that clears, with the function that does nothing else."""
        while place.parent.kind == "binary_expression" and place.parent.operator() == "&&":
            place = outermost(place.parent)
        if place.parent.kind == "unary_expression":
            place = outermost(place.parent)
        if place.parent.kind == "expression_statement":
            self._remove(place.parent)
        elif place.parent.kind == "arrow_function" and place.parent.get("body") is place:
            self._end_cleaner(place.parent)
        elif place.parent.kind == "return_statement":
            self._remove(place.parent)
        else:
            raise NotUnderstood(place, "what clears the interval is part of something else")

    def _end_cleaner(self, function: Node) -> None:
        """Remove a function that did nothing but clear the interval, where it is the cleanup of an effect."""
        place = outermost(function)
        if place.parent.kind == "return_statement":
            self._remove(place.parent)
        elif place.parent.kind == "variable_declarator" and place.parent.get("name").kind == "identifier":
            bound = binding(place.parent.get("name"))
            for use in references(bound):
                parent = outermost(use).parent
                if parent.kind == "return_statement":
                    self._remove(parent)
                elif (
                    parent.kind == "call_expression"
                    and outermost(parent).parent.kind == "expression_statement"
                ):
                    self._remove(outermost(parent).parent)
                else:
                    raise NotUnderstood(use, "what clears the interval is used for something else as well")
            self.removed.append(bound.statement)
        else:
            raise NotUnderstood(function, "what clears the interval is used for something else as well")

    def _remove(self, statement: Node) -> None:
        parent = statement.parent
        if (
            parent.kind == "if_statement"
            and not parent.get("alternative")
            and is_pure(parent.get("condition"))
        ):
            self._remove(parent)
        elif parent.kind in ("statement_block", "program"):
            self.removed.append(statement)
        else:
            raise NotUnderstood(statement, "the interval is part of a statement that does something else")

    def _promote(self) -> None:
        """Remove blocks, cleanups and effects of which nothing is left."""
        found = True
        while found:
            found = False
            for block in self.code.of("statement_block"):
                if block.inside(self.removed) or not any(child in self.removed for child in block.children):
                    continue
                left = [child for child in block.items if child not in self.removed]
                if not left:
                    found = self._promote_block(block) or found
                elif all(self._is_inert(statement) for statement in left):
                    function = block.parent
                    if function.kind in FUNCTIONS and self._effect(function) is not None:
                        self._remove(self._effect(function))
                        found = True

    def _promote_block(self, block: Node) -> bool:
        parent = block.parent
        if parent.kind == "if_statement" and parent.get("consequence") is block:
            if not parent.get("alternative") and is_pure(parent.get("condition")):
                self._remove(parent)
                return True
        if parent.kind in FUNCTIONS:
            effect = self._effect(parent)
            if effect is not None:
                self._remove(effect)
                return True
            place = outermost(parent)
            if place.parent.kind == "return_statement" or self._is_local(parent):
                self._end_cleaner(parent)
                return True
        return False

    def _is_local(self, function: Node) -> bool:
        declarator = outermost(function).parent
        if declarator.kind != "variable_declarator" or declarator.get("name").kind != "identifier":
            return False
        bound = binding(declarator.get("name"))
        return bound is not None and not is_exported(bound) and len(bound.statement.items) == 1

    def _effect(self, function: Node) -> Node | None:
        """Return the statement `useEffect(function, …)`."""
        call = function.parent.parent if function.parent.kind == "arguments" else None
        if call is None or called_name(call) not in EFFECTS or arguments_of(call)[0] is not function:
            return None
        return call.parent if call.parent.kind == "expression_statement" else None

    def _is_inert(self, statement: Node) -> bool:
        """Say whether a statement does nothing by itself: a guard, a constant, a return."""
        if statement.kind in DECLARATIONS:
            return all(
                declarator.get("value") is None or is_pure(declarator.get("value"))
                for declarator in statement.items
            )
        if statement.kind == "return_statement":
            return all(item.kind in ("undefined", "null") for item in statement.items)
        if statement.kind == "if_statement":
            inner = [statement.get("consequence"), *(statement.get("alternative") or statement).items[:0]]
            if statement.get("alternative"):
                inner += statement.get("alternative").items
            return is_pure(statement.get("condition")) and all(map(self._is_inert, inner))
        if statement.kind == "statement_block":
            return all(
                statement in self.removed or self._is_inert(statement) for statement in statement.items
            )
        if statement.kind == "function_declaration":
            return True
        return statement in self.removed or statement.kind == "empty_statement"

    # --- names that are left without a use ----------------------------------------------------------------------

    def _drop_unused(self) -> None:
        done: set[int] = set()
        found = True
        while found:
            found = False
            for node in self.code.of("identifier", "shorthand_property_identifier"):
                bound = binding(node) if node.inside(self.removed) else None
                if bound is None or id(bound.node) in done or bound.node.inside(self.removed):
                    continue
                if is_exported(bound) or any(not use.inside(self.removed) for use in references(bound)):
                    continue
                done.add(id(bound.node))
                found = self._drop(bound) or found

    def _drop(self, bound: Binding) -> bool:
        statement = bound.statement
        if bound.kind == "import":
            self._drop_import(bound)
            return False
        if bound.kind == "function" and statement.kind == "function_declaration":
            self.removed.append(statement)
            return True
        if statement is None or statement.kind not in DECLARATIONS or len(statement.items) > 1:
            return False
        declarator = statement.items[0]
        if declarator.get("name").kind == "identifier":
            if self._only_gives(declarator.get("value")):
                self.removed.append(statement)
                return True
            return False
        item = next(
            (up for up in [bound.node, *bound.node.above()] if up.parent.kind == "object_pattern"), None
        )
        if item is None or item.parent is not declarator.get("name") or "..." in bound.path:
            return False
        pattern = item.parent
        if any(other.kind == "rest_pattern" for other in pattern.items):
            return False
        others = [other for other in pattern.items if other is not item and not self._is_cut(other)]
        if others:
            self.edits.append(cut_item(item))
        elif self._only_gives(declarator.get("value")):
            self.removed.append(statement)
        return True

    def _is_cut(self, node: Node) -> bool:
        return any(edit.start <= node.start and node.end <= edit.end for edit in self.edits)

    def _only_gives(self, value: Node | None) -> bool:
        """Say whether a value can go when nothing uses it: the state of a store, a ref, a pure expression."""
        if value is None or is_pure(value):
            return True
        value = unwrap(value)
        name = called_name(value) if value.kind == "call_expression" else None
        return bool(name and (name in GIVING_HOOKS or (name.startswith("use") and name.endswith("Store"))))

    def _drop_import(self, bound: Binding) -> None:
        specifier = bound.node.parent
        if specifier.kind == "import_specifier":
            others = [
                other
                for other in specifier.parent.items
                if other is not specifier and not self._is_cut(other)
            ]
            clause = specifier.parent.parent
            if others:
                self.edits.append(cut_item(specifier))
            elif len(clause.items) == 1:
                self.removed.append(bound.statement)
        elif specifier.kind == "import_clause" and len(specifier.items) == 1:
            self.removed.append(bound.statement)


def interval_removed(code: Code) -> list[Edit]:
    """Return the edits of step 7d."""
    edits = Intervals(code).end()
    # Two blank lines in a row, where a paragraph went, become one.
    return _close_gaps(code, edits)


def _close_gaps(code: Code, edits: list[Edit]) -> list[Edit]:
    closed = []
    for edit in edits:
        start, end = edit.start, edit.end
        before, after = code.text[:start], code.text[end:]
        whole_lines = not edit.text and (not before or before.endswith("\n"))
        if (
            whole_lines
            and _blank_line_end(before)
            and (first := after.find("\n")) >= 0
            and not after[:first].strip()
        ):
            end += first + 1
        closed.append(Edit(start, end, edit.text))
    return closed


def _blank_line_end(text: str) -> bool:
    lines = text.rsplit("\n", 2)
    return len(lines) == 3 and not lines[1].strip()
