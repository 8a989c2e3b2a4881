"""What a run has produced so far, in memory: appended to, and read from any position.

A position counts each character (code point) of text and reasoning as one, and every other event as
one. Appending is O(1), occasionally O(JOIN_AT); reading is O(log n) plus what is read.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

TEXT = "text"
REASONING = "reasoning"
SOURCE = "source"
# A piece takes a hundred bytes in addition to its text, and models send single characters. So
# adjacent pieces are joined after this many.
JOIN_AT = 512
# All text before this event was reasoning, and counts as such from then on.
THOUGHT = "thought"


@dataclass(frozen=True, slots=True)
class Piece:
    """A section of a run's log with content of one kind, starting at position `start`.

    The payload is text for text and reasoning, and JSON for everything else.
    """

    start: int
    kind: str
    payload: str

    @property
    def end(self) -> int:
        """The position after this piece."""
        return self.start + (len(self.payload) if self.kind in (TEXT, REASONING) else 1)

    def after(self, position: int) -> Piece | None:
        """The part of this piece from a position on."""
        if position <= self.start:
            return self
        if position >= self.end:
            return None
        return Piece(position, self.kind, self.payload[position - self.start :])


def joined(pieces: list[Piece]) -> list[Piece]:
    """The same stretch, with adjacent pieces of one kind joined."""
    result: list[Piece] = []
    run: list[str] = []
    first: Piece | None = None
    for piece in pieces:
        if first and first.kind == piece.kind and piece.kind in (TEXT, REASONING):
            run.append(piece.payload)
            continue
        if first:
            result.append(Piece(first.start, first.kind, "".join(run)))
        first, run = piece, [piece.payload]
    if first:
        result.append(Piece(first.start, first.kind, "".join(run)))
    return result


class RunLog:
    """The log of one run."""

    __slots__ = ("_joined", "_pieces", "_starts", "length")

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        # The number of leading pieces that have already been joined.
        self._joined = 0
        self.length = 0

    def append(self, kind: str, payload: str) -> None:
        """Append an event."""
        piece = Piece(self.length, kind, payload)
        self._pieces.append(piece)
        self._starts.append(self.length)
        self.length = piece.end
        if len(self._pieces) - self._joined >= JOIN_AT:
            last = joined(self._pieces[self._joined :])
            self._pieces[self._joined :] = last
            self._starts[self._joined :] = [each.start for each in last]
            self._joined = len(self._pieces)

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self._pieces)

    def since(self, position: int) -> list[Piece]:
        """Everything from a position on, with adjacent pieces joined."""
        if position >= self.length:
            return []
        first = bisect_right(self._starts, position) - 1
        head = self._pieces[first].after(position)
        tail = self._pieces[first + 1 :]
        return joined([head, *tail] if head else tail)

    @property
    def sources(self) -> tuple[dict[str, Any], ...]:
        """The sources read for the answer."""
        return sources_in(self._pieces)

    def whole(self, kind: str) -> str:
        """All text, or all reasoning, as currently classified."""
        text, reasoning = grown("", "", self._pieces)
        return text if kind == TEXT else reasoning


def grown(text: str, reasoning: str, pieces: Iterable[Piece]) -> tuple[str, str]:
    """A text and a reasoning, extended by the next stretch of their log."""
    texts, thoughts = [text], [reasoning]
    for piece in pieces:
        if piece.kind == TEXT:
            texts.append(piece.payload)
        elif piece.kind == REASONING:
            thoughts.append(piece.payload)
        elif piece.kind == THOUGHT:
            thoughts += texts
            texts.clear()
    return "".join(texts), "".join(thoughts)


def sources_in(pieces: Iterable[Piece]) -> tuple[dict[str, Any], ...]:
    """The sources in a log, by number; the last event for each counts."""
    found: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        if piece.kind == SOURCE:
            source = orjson.loads(piece.payload)
            found[source["number"]] = source
    return tuple(found[number] for number in sorted(found))


def short_number(run_id: str) -> int:
    """A run's number in `current_response`: small, never 0, and the same on every worker."""
    return zlib.crc32(run_id.encode()) or 1
