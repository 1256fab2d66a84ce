"""The page of a run in a real browser: it renders, loads nothing, and fits a screen and a phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from evidence import broken, report
from monitoring_kept import monitoring_log
from monitoring_page import monitoring_view
from report import html_page, report_rows, report_view

SIZES = {"screen": (1280, 900), "phone": (390, 844)}


@pytest.fixture(params=SIZES, ids=SIZES)
def page(request, browser):
    """A page of a size, with what it asked for and complained of."""
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, color_scheme="dark"
    )
    opened = context.new_page()
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda asked: opened.asked.append(asked.url))
    yield opened
    context.close()


def show(page, view: object, template: str, folder: Path) -> None:
    (folder / "page.html").write_text(html_page(view, template), encoding="utf-8")
    page.goto(f"file://{folder}/page.html")


def check_calm(page) -> None:
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file://", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    ("made", "colour"), [(report(), "kept"), (broken(), "broken")], ids=["kept", "broken"]
)
def test_the_page_of_a_run(page, tmp_path: Path, made: dict, colour: str):
    view = report_view(made)
    show(page, view, "report.html.j2", tmp_path)
    check_calm(page)
    assert page.locator(f".verdict.{colour} strong").inner_text() == view["verdict"]["title"]
    bars = page.locator("rect.sent").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(bars) == 10
    assert min(bars) > 5
    assert page.locator("rect.failed").count() == sum(bool(bar["failed"]) for bar in view["chart"]["bars"])
    assert page.locator("line.switch").count() == 2
    slow = page.locator("rect.slow").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(slow) == 10 and slow[0] < slow[-1]
    assert page.locator(".phase i").count() == 2


def test_on_paper_everything_is_open(page, tmp_path: Path):
    show(page, report_view(report()), "report.html.j2", tmp_path)
    page.emulate_media(media="print")
    checks = page.locator("details td:not(:empty)").evaluate_all(
        "all => all.map(one => one.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert checks and all(checks)


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
