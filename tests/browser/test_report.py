"""The page of a run in a real browser: it renders, loads nothing, and fits screen, phone and paper, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evidence import broken, check, report
from monitoring_kept import monitoring_log
from monitoring_page import monitoring_view
from report import TESTS, html_page, report_rows, report_view

SIZES = {"screen": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
#: Texts that stand out from what is behind them less than WCAG asks for (AA), with the contrast of each.
FAINT = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue]
    .map(one => one / 255).map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = one => {
    const found = channels(getComputedStyle(one).backgroundColor);
    return found.length < 4 || found[3] ? found : behind(one.parentElement);
  };
  const hasText = one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  return [...document.body.querySelectorAll('*')].filter(one => hasText(one) && !one.closest('svg')).map(one => {
    const [dim, bright] = [light(channels(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => a - b);
    return [one.textContent.trim(), (bright + 0.05) / (dim + 0.05)];
  }).filter(([, contrast]) => contrast < 4.5);
}"""
#: How bright the paper is, from 0 to 255.
PAPER = "Math.min(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))"


def opened(browser: Any, size: str, scheme: str) -> Iterator[Any]:
    """A page, with what it asked for and complained of."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, color_scheme=scheme
    )
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    yield page
    context.close()


@pytest.fixture(params=[(size, scheme) for scheme in SCHEMES for size in SIZES], ids="-".join)
def page(request, browser):
    yield from opened(browser, *request.param)


@pytest.fixture(params=SCHEMES)
def paper(request, browser):
    """A page that is printed, by somebody whose screen is light or dark."""
    for page in opened(browser, "screen", request.param):
        page.emulate_media(media="print")
        yield page


@pytest.fixture(scope="session")
def picture(browser) -> bytes:
    """What the browser shows of a page, as the verification keeps it."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_content("<h1>Dashboard</h1>")
    taken = page.screenshot(type="jpeg", quality=50)
    page.close()
    return taken


def with_pictures(folder: Path, picture: bytes) -> dict:
    """A report with a picture of each of the guide's tests, and the folder that holds them."""
    made = report()
    names = {f"browser_{number}": test for number, test in enumerate(TESTS)}
    place = folder / "pictures" / "run"
    place.mkdir(parents=True)
    for name, test in names.items():
        (place / f"{name}.jpg").write_bytes(picture)
        made["verification"]["checks"].append(check(name, guide=test))
    made["verification"]["pictures"] = {"folder": "run", "files": {name: f"{name}.jpg" for name in names}}
    return made


def show(page, view: object, template: str, folder: Path) -> None:
    (folder / "page.html").write_text(html_page(view, template), encoding="utf-8")
    page.goto(f"file://{folder}/page.html")


def check_calm(page) -> None:
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file://", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("details").evaluate_all("all => all.map(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(FAINT) == []


def is_dark(page) -> bool:
    return page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize(
    ("made", "colour"), [(report(), "kept"), (broken(), "broken")], ids=["kept", "broken"]
)
def test_the_page_of_a_run(page, tmp_path: Path, made: dict, colour: str):
    view = report_view(made)
    show(page, view, "report.html.j2", tmp_path)
    check_calm(page)
    assert (page.evaluate(PAPER) < 64) is is_dark(page)
    assert page.locator(f".verdict.{colour} strong").inner_text() == view["verdict"]["title"]
    bars = page.locator("rect.sent").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(bars) == 10
    assert min(bars) > 5
    assert page.locator("rect.failed").count() == sum(bool(bar["failed"]) for bar in view["chart"]["bars"])
    assert page.locator("line.switch").count() == 2
    slow = page.locator("rect.slow").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(slow) == 10 and slow[0] < slow[-1]
    assert page.locator(".phase i").count() == 2


def test_pictures_of_the_tests_are_in_the_page(page, tmp_path: Path, picture: bytes):
    """Loaded from the page itself: it is read offline, and sent by mail."""
    made = with_pictures(tmp_path, picture)
    show(page, report_view(made, str(tmp_path)), "report.html.j2", tmp_path)
    check_calm(page)
    shown = page.locator("figure img").evaluate_all(
        "all => all.map(one => [one.complete, one.naturalWidth, one.getBoundingClientRect().width])"
    )
    assert [(complete, width) for complete, width, _shown in shown] == [(True, 1280)] * len(TESTS)
    assert all(200 < width < SIZES["phone"][0] for _complete, _width, width in shown)
    tests = page.locator("details:has(figure) summary").all_inner_texts()
    assert [test for name, test in zip(TESTS, tests, strict=True) if name not in test] == []


def test_on_paper_everything_is_open_and_nothing_is_dark(paper, tmp_path: Path, picture: bytes):
    made = with_pictures(tmp_path, picture)
    made |= {"failure": {"task": "verify", "reason": "502"}}
    made["record"]["logs"] = ["a line that is longer than any paper is wide " * 9]
    show(paper, report_view(made, str(tmp_path)), "report.html.j2", tmp_path)
    checks = paper.locator("details td:not(:empty), figure img").evaluate_all(
        "all => all.map(one => one.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert checks and all(checks)
    assert paper.evaluate(PAPER) == 255
    assert paper.evaluate(FAINT) == []
    assert paper.locator("pre").evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)")
    # Browsers leave out what is behind texts; the phases would have no bars.
    assert (
        paper.locator(".phase i").first.evaluate("one => getComputedStyle(one).printColorAdjust") == "exact"
    )


def test_the_list_of_runs(page, tmp_path: Path):
    show(page, report_rows(str(tmp_path)), "index.html.j2", tmp_path)
    check_calm(page)
    assert "No run has left a report here." in page.inner_text("body")


def test_the_page_of_figures_without_a_prometheus(page, tmp_path: Path):
    log = {
        "names": ["answers", "answers of 401", "answers of 5xx"],
        "counts": [
            {"at": 60 * minute, "name": name, "count": minute + 1}
            for minute in range(90)
            for name in ("answers", "answers of 401")
        ],
        "step": 60, "first": 0.0, "until": 5399.0, "lines": 8190, "understood": 8190, "problems": [],
    }  # fmt: skip
    days = [{"day": day, "ended_then": 1, "alive_then": 9} for day in range(9)]
    figures = [{"name": "tokens", "query": "tokens", "sql": "active"}, {"name": "lost", "query": "lost"}]
    asked = {"points": {}, "problem": "http://127.0.0.1:9090 does not answer (Connection refused)."}
    kept = [monitoring_log(log, "edge", "edge-edge-1")]
    view = monitoring_view(figures, asked, "Prometheus", [{"day": None, "active": 5}, *days], kept)
    show(page, view, "monitor.html.j2", tmp_path)
    check_calm(page)
    drawn = page.locator("polyline").evaluate_all("all => all.map(one => one.getBBox().height)")
    assert len(drawn) == 3 and min(drawn) > 5
    rows = dict(page.locator("tr:has(td)").evaluate_all(
        "all => all.map(row => [row.cells[0].innerText, row.cells[4].innerText])"
    ))  # fmt: skip
    assert rows["answers of 401"] == "the edge's log" and rows["lost"] == "not known"
    assert page.locator("text=Connection refused").count() == 1
