"""The docs against the tree: what a page names is there, and each of the ten changes has its place."""

import re
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")])
ARCHITECTURE = CHECKOUT / "docs" / "architecture.md"
_PLACES = [
    CHECKOUT,
    CHECKOUT / "pipelines",
    *(CHECKOUT / "pipelines" / flow for flow in ("finetune", "knowledge", "answering")),
]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
_NEW = re.compile(r"`([^`]+)` \(new")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_links_lead_somewhere(page: Path):
    missing = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_the_architecture_names_files_that_are_there():
    text = ARCHITECTURE.read_text(encoding="utf-8")
    named = set(_PATH.findall(text)) - set(_NEW.findall(text))
    outside = {"policies/returns.md", "instructions/support.json"}
    missing = [path for path in sorted(named - outside) if not any((place / path).exists() for place in _PLACES)]
    assert not missing


def test_ten_changes_have_their_places():
    table = ARCHITECTURE.read_text(encoding="utf-8").partition("## Where a change goes")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| change"))]
    assert len(rows) == 10
    assert all(_PATH.search(row) for row in rows)
