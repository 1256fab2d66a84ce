"""How requests of several pages are held back until they meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.browser_flow import Names, Wire

SITE: Any = SimpleNamespace(url="https://app.example", refresh_api="/api/refresh")
NAMES = Names("/", "/api/notes", "", "", "/api/", "/api/logout", "refresh")


@dataclass
class Context:
    """A browser's context as far as `Wire` asks for it: hands over what pages send, and keeps what goes on."""

    carry: Any = None
    sent: list[str] = field(default_factory=list)

    def route(self, _matches, carry):
        self.carry = carry

    def on(self, _event, _handler):
        """Answers are not a part of this."""

    def ask(self, page: str) -> None:
        """Have a page send a request."""
        frame = SimpleNamespace(page=page)
        request = SimpleNamespace(url=f"{SITE.url}/api/notes", headers={"authorization": "old"}, frame=frame)
        self.carry(SimpleNamespace(request=request, continue_=lambda headers=None: self.sent.append(page)))


def test_pages_meet_however_much_one_of_them_asks():
    context = Context()
    wire = Wire(context, SITE, NAMES)
    context.ask("first")
    wire.expire(together=2)
    for _ in range(3):
        context.ask("first")
    assert context.sent == ["first"]
    context.ask("second")
    assert context.sent == ["first"] * 4 + ["second"]
