"""Steps 6 to 8 of the guide on the source of a frontend: what is to be edited, and how.

Each step is applied whole or not at all. What a step does not understand is left as it is and reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from ansible.module_utils.frontend_files import FileProblem, SourceFile, Tree, Write
from ansible.module_utils.frontend_interval import interval_removed
from ansible.module_utils.frontend_login_form import LoginForm, form_remembers
from ansible.module_utils.frontend_persist import token_not_persisted
from ansible.module_utils.frontend_refresh import refresh_sets_both
from ansible.module_utils.frontend_remember import Login, Remember, login_remembers
from ansible.module_utils.frontend_storage import KEYS, Tokens, tokens_out_of_storage
from ansible.module_utils.frontend_syntax import (
    Code,
    Edit,
    NotApplicable,
    NotUnderstood,
    SgRoot,
    Unreadable,
    apply,
    called_name,
)

STEPS = ("6", "7a", "7b", "7c", "7d", "8")
APPLIED, ALREADY, NOT_APPLICABLE, PERSON = "applied", "already", "not_applicable", "needs_a_person"
DEFAULTS = {
    "api": "src/services/api.ts",
    "api_new": "src/services/api-new.ts",
    "api_backup": "src/services/api-old-backup.ts",
    "auth_store": "src/store/authStore.ts",
    "app_layout": "src/layout/AppLayout.tsx",
    "login_form": "src/pages/SignIn.tsx",
}
#: What the old API service needs to be gone before: with it, a page that has lost its access token may log out.
AFTER_API = ("7a", "7b", "7d")
DONE = {
    "7a": "no token is written to the browser's storage or read from it",
    "7b": "the access token is not persisted",
    "7c": "a refresh sets both tokens",
    "7d": "no interval refreshes the tokens",
    "8": "the login is told whether to remember the user",
}

#: The files that can be named.
FILES = tuple(DEFAULTS)

Step = Callable[[Code], list[Edit]]


class NoParser(Exception):
    """The library that reads TypeScript is not there; the text is one sentence for the operator."""


@dataclass(frozen=True)
class Outcome:
    """What became of a step, and where."""

    step: str
    outcome: str
    file: str
    line: int
    reason: str


@dataclass
class Draft:
    """A file that is edited, step by step."""

    file: SourceFile
    text: str
    stages: list[list[Edit]] = field(default_factory=list)

    def code(self) -> Code:
        try:
            return Code(self.text, self.file.tsx)
        except Unreadable as error:
            raise FileProblem(f"{self.file.name} cannot be edited: {error}") from error

    def line(self, place: int) -> int:
        """Return the line of the file as it was read, of a place in the text as it is now."""
        for edits in reversed(self.stages):
            place = _place_before(edits, place)
        return self.file.text.count("\n", 0, place) + 1


def _place_before(edits: list[Edit], place: int) -> int:
    moved, end = 0, -1
    for edit in sorted(set(edits), key=lambda edit: (edit.start, -edit.end)):
        if edit.end <= end and edit.start < end:
            continue
        if edit.start + moved > place:
            break
        moved += len(edit.text) - (edit.end - edit.start)
        end = edit.end
        if place < edit.end + moved:
            return edit.start
    return place - moved


class Frontend:
    """The frontend in a folder, and what the steps make of it."""

    def __init__(self, tree: Tree, names: dict[str, str], skipped: list[str]) -> None:
        if SgRoot is None:
            raise NoParser(
                "the Python of the control node has no ast-grep-py, which edits of a frontend need."
            )
        self.tree, self.names, self.skipped = tree, names, skipped
        self.drafts: dict[str, Draft] = {}
        self.moves: list[Write] = []
        self.outcomes: list[Outcome] = []
        for option, name in names.items():
            if not tree.exists(name) and option not in ("api", "api_new", "api_backup"):
                raise FileProblem(f"{name}, which {option} names, does not exist in {tree.root}.")

    def edit(self) -> None:
        """Work out all steps; nothing is written."""
        if "6" not in self.skipped:
            self._api()
        store = self._store()
        self._store_step("7a", store, tokens_out_of_storage)
        self._store_step("7b", store, token_not_persisted)
        self._store_step("7c", store, refresh_sets_both)
        if "7d" not in self.skipped:
            self._layout()
        if "8" not in self.skipped:
            self._remember(store)

    def writes(self) -> list[Write]:
        """Return what is to be written."""
        edited = [
            Write(draft.file.name, draft.file.encoded(draft.text), draft.file)
            for draft in self.drafts.values()
            if draft.text != draft.file.text
        ]
        return [*self.moves, *edited]

    def steps(self) -> list[dict]:
        return [asdict(outcome) for outcome in self.outcomes]

    def needs_a_person(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.outcome == PERSON]

    def elsewhere(self) -> list[str]:
        """Return the places in other files that read a key that nothing writes any more."""
        if not any(outcome.step == "7a" and outcome.outcome == APPLIED for outcome in self.outcomes):
            return []
        found = []
        backup = self._path("api_backup")
        for file in self.tree.readable(self.tree.sources(), KEYS[0][:6]):
            if file.name in self.drafts or file.name in (backup, self._path("api"), self._path("api_new")):
                continue
            try:
                uses = Tokens(Code(file.text, file.tsx)).uses
            except (Unreadable, RecursionError):
                continue
            found += [
                f"{file.name}:{use.node.line}"
                for use in uses
                if use.kind == "read" and use.keys and use.keys & {*KEYS}
            ]
        return found

    # --- steps ------------------------------------------------------------------------------------------------

    def _say(self, step: str, outcome: str, file: str = "", line: int = 0, reason: str = "") -> None:
        self.outcomes.append(Outcome(step, outcome, file, line, reason))

    def _draft(self, name: str) -> Draft:
        if name not in self.drafts:
            file = self.tree.read(name)
            self.drafts[name] = Draft(file, file.text)
            self.drafts[name].code()
        return self.drafts[name]

    def _waits(self, step: str) -> bool:
        """Say whether a step has to wait for step 6, and report that."""
        open_api = any(outcome.step == "6" and outcome.outcome == PERSON for outcome in self.outcomes)
        if step in AFTER_API and open_api:
            self._say(step, PERSON, reason="it needs the new API service: step 6 comes first")
        return step in AFTER_API and open_api

    def _store_step(self, step: str, store: str | None, function: Step) -> None:
        if step in self.skipped or self._waits(step):
            return
        if store is None:
            self._say(
                step,
                PERSON,
                reason="no file, or more than one, creates a store that logs users in: set auth_store",
            )
            return
        self._step(step, store, function)

    def _step(self, step: str, name: str, function: Step) -> None:
        """Apply a step to a file, and report what became of it."""
        draft = self._draft(name)
        try:
            edits = self._tried(draft, function)
        except NotUnderstood as problem:
            self._say(step, PERSON, name, draft.line(problem.node.start), problem.reason)
            return
        except NotApplicable as reason:
            self._say(step, NOT_APPLICABLE, name, 0, str(reason))
            return
        if edits:
            self._say(step, APPLIED, name, draft.line(min(edit.start for edit in edits)), DONE[step])
            self._take(draft, edits)
        else:
            self._say(step, ALREADY, name, 0, DONE[step])

    def _take(self, draft: Draft, edits: list[Edit]) -> None:
        draft.text = apply(draft.text, edits)
        draft.stages.append(edits)

    def _tried(self, draft: Draft, function: Step) -> list[Edit]:
        """Return the edits of a step, which leave TypeScript behind on which it has nothing more to do."""
        code = draft.code()
        try:
            edits = function(code)
            if not edits:
                return []
            result = Code(apply(draft.text, edits), draft.file.tsx)
            try:
                again = function(result)
            except NotApplicable:
                again = []
        except RecursionError as error:
            raise NotUnderstood(code.root, "the file is nested too deeply") from error
        except Unreadable as error:
            raise NotUnderstood(code.root, f"the edit would not leave TypeScript: {error}") from error
        except NotUnderstood as problem:
            if problem.node.code is not code:
                raise NotUnderstood(
                    code.root, f"the edit would not be complete: {problem.reason}"
                ) from problem
            raise
        if again:
            raise NotUnderstood(code.root, "the edit would not be complete")
        return edits

    # --- step 6 ------------------------------------------------------------------------------------------------------

    def _path(self, option: str) -> str:
        return self.names.get(option) or DEFAULTS[option]

    def _api(self) -> None:
        api, new, backup = self._path("api"), self._path("api_new"), self._path("api_backup")
        if not self.tree.exists(new) and "api_new" not in self.names:
            found = [name for name in self.tree.sources() if os.path.basename(name) == os.path.basename(new)]
            if len(found) == 1:
                folder = os.path.dirname(found[0])
                new = found[0]
                api = self.names.get("api") or os.path.join(folder, os.path.basename(api))
                backup = self.names.get("api_backup") or os.path.join(folder, os.path.basename(backup))
        if not self.tree.exists(new):
            self._without_new_api(api, new, backup)
            return
        fresh = self.tree.read(new)
        self._check(fresh)
        old = self.tree.read(api) if self.tree.exists(api) else None
        kept = self.tree.read(backup) if self.tree.exists(backup) else None
        if old and kept and kept.text != old.text and old.text != fresh.text:
            self._say("6", PERSON, backup, 1, f"there is another backup already, which differs from {api}")
            return
        if old and not kept and old.text != fresh.text:
            self.moves.append(Write(backup, old.encoded(old.text), old))
        if old is None or old.text != fresh.text:
            self.moves.append(Write(api, fresh.encoded(fresh.text), fresh))
        self.moves.append(Write(new, None, fresh))
        self._say("6", APPLIED, api, 1, f"{new} takes its place")

    def _check(self, file: SourceFile) -> Code:
        return Draft(file, file.text).code()

    def _without_new_api(self, api: str, new: str, backup: str) -> None:
        if not self.tree.exists(api):
            self._say("6", NOT_APPLICABLE, api, 0, f"there is neither {api} nor {new}")
            return
        code = self._check(self.tree.read(api))
        for branch in code.of("if_statement"):
            numbers = [
                node
                for node in branch.get("condition").walk()
                if node.kind == "number" and node.text == "403"
            ]
            inside = [node for node in branch.get("consequence").walk() if node.kind == "call_expression"]
            if numbers and any("logout" in (called_name(call) or "").lower() for call in inside):
                self._say(
                    "6", PERSON, api, branch.line, f"it logs out on 403, and there is no {new} to replace it"
                )
                return
        kept = f", and {backup} keeps the old one" if self.tree.exists(backup) else ""
        self._say("6", ALREADY, api, 0, f"it does not log out on 403{kept}")

    # --- files that are found -------------------------------------------------------------------------------------

    def _store(self) -> str | None:
        if "auth_store" in self.names:
            return self.names["auth_store"]
        if self.tree.exists(DEFAULTS["auth_store"]):
            return DEFAULTS["auth_store"]
        return self._only(
            [file.name for file in self.tree.readable(self.tree.sources(), "zustand") if self._logs_in(file)]
        )

    def _only(self, found: list[str]) -> str | None:
        return found[0] if len(found) == 1 else None

    def _logs_in(self, file: SourceFile) -> bool:
        try:
            Remember(Code(file.text, file.tsx))
        except (Unreadable, NotUnderstood, RecursionError):
            return False
        return True

    def _layout(self) -> None:
        if self._waits("7d"):
            return
        name = self.names.get("app_layout")
        if name is None and self.tree.exists(DEFAULTS["app_layout"]):
            name = DEFAULTS["app_layout"]
        if name is None:
            files = self.tree.readable(self.tree.sources(), "Interval")
            found = [file.name for file in files if self._has_interval(file)]
            if len(found) > 1:
                self._say(
                    "7d", PERSON, reason=f"intervals in {', '.join(found)} refresh tokens: set app_layout"
                )
                return
            name = self._only(found)
        if name is None:
            self._say("7d", NOT_APPLICABLE, reason=DONE["7d"])
            return
        self._step("7d", name, interval_removed)

    def _has_interval(self, file: SourceFile) -> bool:
        try:
            interval_removed(Code(file.text, file.tsx))
        except NotUnderstood:
            return True
        except (Unreadable, NotApplicable, RecursionError):
            return False
        return True

    # --- step 8 ------------------------------------------------------------------------------------------------------

    def _remember(self, store: str | None) -> None:
        """Apply step 8 to the store and the form, or to neither."""
        if store is None:
            self._say(
                "8",
                PERSON,
                reason="no file, or more than one, creates a store that logs users in: set auth_store",
            )
            return
        draft = self._draft(store)
        login: list[Login] = []

        def in_store(code: Code) -> list[Edit]:
            edits, found = login_remembers(code)
            login.append(found)
            return edits

        try:
            store_edits = self._tried(draft, in_store)
        except NotUnderstood as problem:
            self._say("8", PERSON, store, draft.line(problem.node.start), problem.reason)
            return
        name = self._form(login[0])
        if name is None:
            self._say(
                "8", PERSON, reason="no file, or more than one, calls the store's login: set login_form"
            )
            return
        form = self._draft(name)
        try:
            form_edits = self._tried(form, lambda code: form_remembers(code, login[0]))
        except NotUnderstood as problem:
            self._say("8", PERSON, name, form.line(problem.node.start), problem.reason)
            return
        for target, edits in ((draft, store_edits), (form, form_edits)):
            if edits:
                line = target.line(min(edit.start for edit in edits))
                self._say("8", APPLIED, target.file.name, line, DONE["8"])
                self._take(target, edits)
            else:
                self._say("8", ALREADY, target.file.name, 0, DONE["8"])

    def _form(self, login: Login) -> str | None:
        if "login_form" in self.names:
            return self.names["login_form"]
        if self.tree.exists(DEFAULTS["login_form"]):
            return DEFAULTS["login_form"]
        return self._only(
            [
                file.name
                for file in self.tree.readable(self.tree.sources(), login.hook)
                if self._is_form(file, login)
            ]
        )

    def _is_form(self, file: SourceFile, login: Login) -> bool:
        try:
            return bool(LoginForm(Code(file.text, file.tsx), login).calls())
        except (Unreadable, RecursionError):
            return False


def refusal(frontend: Frontend) -> str:
    """Say where a person is needed."""
    places = []
    for problem in frontend.needs_a_person():
        file, line = (
            f", {problem.file}" if problem.file else "",
            f", line {problem.line}" if problem.line else "",
        )
        places.append(f"step {problem.step}{file}{line}: {problem.reason}")
    return (
        f"{'; '.join(places)}. Nothing was written. Make these edits by hand as the guide has them, name the file,"
        " or skip the step."
    )
