"""The stylesheets: each of them is part of the page, once, in the layer of its folder."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
STYLES = ROOT / "assets" / "styles"
INDEX = (STYLES / "index.css").read_text(encoding="utf-8")
IMPORT = re.compile(r'^@import url\("/styles/((\w+)/.+\.css)"\) layer\((\w+)\);$', re.MULTILINE)


def test_every_stylesheet_is_imported_once() -> None:
    files = {str(file.relative_to(STYLES)) for file in STYLES.rglob("*.css")}
    imported = [file for file, _, _ in IMPORT.findall(INDEX)]
    assert sorted(imported) == sorted(files - {"index.css"})
    assert len(imported) == INDEX.count("@import")


def test_a_folder_is_a_layer() -> None:
    named = re.findall(r"^@layer (.+);$", INDEX, re.MULTILINE)
    folders = {each.name for each in STYLES.iterdir() if each.is_dir()}
    assert set(named[0].split(", ")) == folders
    assert all(folder == layer for _, folder, layer in IMPORT.findall(INDEX))


def test_the_columns_are_those_of_the_services() -> None:
    columns = {folder.name for folder in (STYLES / "columns").iterdir()}
    assert columns <= {folder.name for folder in (ROOT / "llm_ui" / "services").iterdir()}
