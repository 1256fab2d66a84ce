"""Source as people write it, with what a step makes of it.

In each variant `- ` marks a line that goes, and `+ ` one that comes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from ansible.module_utils.frontend_syntax import (
    Code,
    Edit,
    NotApplicable,
    NotUnderstood,
    apply,
)

STORE = """\
import { create } from 'zustand';
import { persist } from 'zustand/middleware';

export const useAuthStore = create<AuthState>()(
  persist(
    (set, get) => ({
      user: null,
      token: null,
      refreshToken: null,
      isAuthenticated: false,
@ACTIONS@
    }),
    {
      name: 'auth',
@OPTIONS@
    },
  ),
);
"""
ACTIONS = "      logout: () => set({ token: null, refreshToken: null }),"
OPTIONS = """\
      partialize: (state) => ({
        user: state.user,
        refreshToken: state.refreshToken,
        isAuthenticated: state.isAuthenticated,
      }),"""


@dataclass(frozen=True)
class Variant:
    """A text and what is expected of it; `refused` is part of the reason when it is left as it is."""

    before: str
    after: str
    refused: str = ""
    tsx: bool = False

    @property
    def line(self) -> int:
        """The line that a refusal has to name: the one with the mark."""
        return self.before[: self.before.index("/*!*/")].count("\n") + 1


def variant(marked: str, refused: str = "", tsx: bool = False) -> Variant:
    """Read the marks of a text."""
    lines = textwrap.dedent(marked).strip("\n").split("\n")
    before = [line[2:] if line[:2] in ("- ", "+ ") else line for line in lines if not line.startswith("+ ")]
    after = [line[2:] if line[:2] in ("- ", "+ ") else line for line in lines if not line.startswith("- ")]
    return Variant("\n".join(before) + "\n", "\n".join(after) + "\n", refused, tsx)


def in_store(actions: str = ACTIONS, options: str = OPTIONS, refused: str = "") -> Variant:
    """Put marked actions or options into a store."""
    return variant(
        STORE.replace("@ACTIONS@", marked(actions, 6)).replace("@OPTIONS@", marked(options, 6)), refused
    )


def in_login(statements: str, refused: str = "") -> Variant:
    """Put marked statements into the login of a store."""
    head = "login: async (email: string, password: string) => {\n  const data = await post({ email, password });\n"
    body = marked(statements, 2)
    return in_store(
        f"{head}{body}\n  set({{ token: data.access, refreshToken: data.refresh }});\n}},", refused=refused
    )


def marked(text: str, indent: int) -> str:
    """Indent a text behind its marks."""
    lines = (
        textwrap.dedent(text).strip("\n").split("\n") if not text.startswith("      ") else text.split("\n")
    )
    if text.startswith("      "):
        return text
    out = []
    for line in lines:
        mark, rest = (line[:2], line[2:]) if line[:2] in ("- ", "+ ") else ("", line)
        out.append(f"{mark}{' ' * indent}{rest}" if rest else mark)
    return "\n".join(out)


def table(entries: dict[str, Variant]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("given", [pytest.param(value, id=name) for name, value in entries.items()])


def check(step: Callable[[Code], list[Edit]], given: Variant) -> None:
    """Demand the expected text or refusal, TypeScript as the result, and nothing left to do."""
    assert "- " not in [line[:2] for line in given.before.split("\n")]
    if given.refused:
        assert given.before == given.after
        with pytest.raises(NotUnderstood) as problem:
            step(Code(given.before, given.tsx))
        assert given.refused in problem.value.reason
        if "/*!*/" in given.before:
            assert problem.value.node.line == given.line
        return
    for text, expected in widths(given):
        result = apply(text, step(Code(text, given.tsx)))
        assert result == expected
        try:
            left = step(Code(result, given.tsx))
        except NotApplicable:
            left = []
        assert left == []


def widths(given: Variant) -> list[tuple[str, str]]:
    """The text as it is, with the line endings of Windows, and indented by tabs."""
    both = (given.before, given.after)
    windows = tuple(text.replace("\n", "\r\n") for text in both)
    tabs = tuple("\n".join(_tabbed(line) for line in text.split("\n")) for text in both)
    return [both, windows, tabs]


def _tabbed(line: str) -> str:
    rest = line.lstrip(" ")
    return "\t" * ((len(line) - len(rest)) // 2) + " " * ((len(line) - len(rest)) % 2) + rest
