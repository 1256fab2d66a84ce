"""What a page asks for."""

from __future__ import annotations

import pytest
from frontend import page_assets


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("", []),
        ('<script type="module" src="/assets/index-a1.js"></script>', ["index-a1.js"]),
        (
            "<link href='assets/a.css?v=1'><link href = \"https://cdn.test/x/assets/b.css#y\">",
            ["a.css", "b.css"],
        ),
        ('<link href="/favicon.svg"><script src="/other/a.js"></script><p>/assets/c.js', []),
        ('<script src="/assets/sub/a.js"></script><script src="/assets/sub/a.js"></script>', ["sub/a.js"]),
    ],
)
def test_assets_of_a_page(content: str, names: list[str]):
    assert page_assets(content, "assets") == names
