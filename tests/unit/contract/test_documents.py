"""What the documents point to is there, and every line of the manual guide has its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project_files import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
GUIDE_MAP = ROOT / "docs" / "guide-map.md"
GUIDE_LINES = 347
#: A path of the project in backticks, alone or with the name of something in that file.
REFERENCE = re.compile(
    r"`((?:playbooks|roles|library|module_utils|filter_plugins|lookup_plugins|inventory|molecule|sandbox|tests|docs)/[\w./-]+)(?:::([^`]+))?`"
)
LINK = re.compile(r"\]\(([^)#:]*)(?:#([\w-]+))?\)")
ROW = re.compile(r"\| (\d+)(?:-(\d+))? \| [^|]+ \| (.+) \|")

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def rows() -> list[tuple[int, int, str]]:
    """(first line, last line, where it is done) of each row of the guide's map."""
    found = [match.groups() for line in GUIDE_MAP.read_text().splitlines() if (match := ROW.fullmatch(line))]
    return [(int(first), int(last or first), here) for first, last, here in found]


def test_every_line_of_the_guide_has_a_row():
    numbers = [number for first, last, _ in rows() for number in range(first, last + 1)]
    assert numbers == list(range(1, GUIDE_LINES + 1))


def test_every_row_names_what_does_it_or_says_that_it_is_planned():
    empty = [first for first, _, here in rows() if not REFERENCE.search(here) and "*planned*" not in here]
    # Line 46 repeats line 43.
    assert empty == [46]


@each_document
def test_files_and_names_exist(path: Path):
    references = REFERENCE.findall(path.read_text())
    assert [file for file, _ in references if not (ROOT / file).exists()] == []
    assert [f"{file}::{name}" for file, name in references if name and not is_in(ROOT / file, name)] == []


def is_in(path: Path, name: str) -> bool:
    """Say whether a file has a task, a function, a test, or a quoted or plain key of that name."""
    word = re.escape(name)
    task = rf"^\s*- name: (\w+ \| )?{word}$"
    code = rf"(def|class) {word}\b|[\"']{word}[\"']|\b{word}\s*[:=(]"
    return re.search(task if path.suffix == ".yml" else code, path.read_text(), re.MULTILINE) is not None


@each_document
def test_links_lead_somewhere(path: Path):
    targets = [
        (path.parent / file if file else path, anchor) for file, anchor in LINK.findall(path.read_text())
    ]
    assert [str(file) for file, _ in targets if not file.exists()] == []
    assert [anchor for file, anchor in targets if anchor and anchor not in anchors(file)] == []


def anchors(path: Path) -> set[str]:
    """Names by which the headings of a document are linked to."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_names_every_playbook_and_no_other():
    verbs = {path.name for path in (ROOT / "playbooks").glob("*.yml")}
    assert set(re.findall(r"playbooks/(\w+\.yml)", (ROOT / "README.md").read_text())) == verbs
