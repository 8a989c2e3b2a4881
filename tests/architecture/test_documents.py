"""The documents speak of files that are there."""

from __future__ import annotations

import re
from functools import cache

import pytest

from llm_ui import __version__
from tests.conftest import ROOT
from tests.e2e.screens.kit import IN_DOCS

NAMED = re.compile(r"`([\w./-]*\w\.(?:py|jsx|js|mjs|css))\b")
# What has changed is told by the names that it had.
HISTORY = {"CHANGELOG.md"}


FOLDERS = ("alembic", "assets", "bench", "docs", "llm_ui", "tests")


@cache
def files() -> list[str]:
    """The paths of our own files."""
    found = [*ROOT.glob("*.*")]
    for name in FOLDERS:
        found += (ROOT / name).rglob("*.*")
    return [f"/{each.relative_to(ROOT)}" for each in found if "node_modules" not in each.parts]


DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
    if path.name not in HISTORY
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str):
    named = set(NAMED.findall((ROOT / document).read_text(encoding="utf-8")))
    gone = [name for name in named if not any(each.endswith(f"/{name}") for each in files())]
    assert sorted(gone) == []


def test_the_changelog_begins_with_this_version_and_its_day() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest = next(each for each in headings if each != "Unreleased")
    assert re.fullmatch(rf"{re.escape(__version__)} – \d{{4}}-\d\d-\d\d", newest)


def test_the_repository_keeps_the_few_pictures_that_the_documents_show() -> None:
    kept = {each.stem for each in (ROOT / "docs" / "screens").glob("*.png")}
    assert kept == IN_DOCS
    named = re.compile(r"docs/screens/([\w-]+)\.png")
    shown = {each for path in DOCUMENTS for each in named.findall((ROOT / path).read_text())}
    assert shown <= kept
