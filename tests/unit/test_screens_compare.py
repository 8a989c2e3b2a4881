"""Comparing pictures of pages."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.e2e.pictures import png
from tests.e2e.screens.compare import compare

RED, GREEN = (255, 0, 0), (0, 128, 0)


def picture(*rows: str) -> bytes:
    """Of rows of "r" and "g"."""
    indices = bytes("rg".index(each) for row in rows for each in row)
    pixels = base64.b64encode(indices).decode()
    return png(len(rows[0]), len(rows), [*RED, *GREEN], pixels)


def test_what_differs_is_told(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        (folder / "same.png").write_bytes(picture("rrg", "rrr"))
    (before / "moved.png").write_bytes(picture("rrr", "rgr", "rrr"))
    (after / "moved.png").write_bytes(picture("rrr", "rrg", "rrr"))
    (before / "taller.png").write_bytes(picture("r"))
    (after / "taller.png").write_bytes(picture("r", "r"))
    (after / "new.png").write_bytes(picture("r"))
    assert compare(after, before) == [
        "moved.png: 2 pixels differ, from 1, 1 to 2, 1",
        f"new.png: is not in {before}",
        "taller.png: 1 x 2 rather than 1 x 1",
    ]


def test_colours_count_and_not_their_numbers(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
    (before / "a.png").write_bytes(picture("rg"))
    other = base64.b64encode(b"\1\0").decode()
    (after / "a.png").write_bytes(png(2, 1, [*GREEN, *RED], other))
    assert compare(after, before) == []
