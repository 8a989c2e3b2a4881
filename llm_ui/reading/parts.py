"""What reading a file gives: its text, and what the person should know about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

# What there may be to say of a file that was read; the catalogues have the words under
# "files.note.<name>".
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
# Numbers that a note names before it says "…".
MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Read:
    """A file's text; `notes` say what of it could not be read, and how the rest was."""

    text: str
    notes: list[Note] = field(default_factory=list)


def numbers(places: Iterable[int]) -> str:
    """Places as people write them: 2, 5–7."""
    found: list[list[int]] = []
    for place in sorted(set(places)):
        if found and found[-1][1] == place - 1:
            found[-1][1] = place
        else:
            found.append([place, place])
    named = [f"{a}" if a == b else f"{a}–{b}" for a, b in found[:MOST_NAMED]]
    return ", ".join(named + ["…"] * (len(found) > MOST_NAMED))
