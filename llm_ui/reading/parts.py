"""The result of reading a file: its text, and notes for the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

# The notes there can be about a file; the catalogs have their texts under "files.note.<name>".
NoteName = Literal[
    "encoding",
    "replaced",
    "pages",
    "pages_late",
    "pages_scanned",
    "slides",
    "sheets",
    "parts",
    "rest",
]
Note = tuple[NoteName, str]
# How many numbers a note lists before it ends with "…".
MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Read:
    """A file's text; `notes` say what could not be read, and how the rest was read."""

    text: str
    notes: list[Note] = field(default_factory=list)


def numbers(places: Iterable[int]) -> str:
    """Numbers as people write them: 2, 5–7."""
    found: list[list[int]] = []
    for place in sorted(set(places)):
        if found and found[-1][1] == place - 1:
            found[-1][1] = place
        else:
            found.append([place, place])
    named = [f"{a}" if a == b else f"{a}–{b}" for a, b in found[:MOST_NAMED]]
    return ", ".join(named + ["…"] * (len(found) > MOST_NAMED))
