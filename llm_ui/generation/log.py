"""What a run has said so far, in memory: appended to, and read from any position.

A position counts every character (code point) of text and reasoning, and one for each
other event. Appending is O(1); reading is O(log n) plus what is read.
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
# All text before it was thinking: it counts to the reasoning from then on.
THOUGHT = "thought"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a run's log of one kind: from position `start` on.

    For text and reasoning the payload is characters; for others it is JSON.
    """

    start: int
    kind: str
    payload: str

    @property
    def end(self) -> int:
        """The position just behind this piece."""
        return self.start + (len(self.payload) if self.kind in (TEXT, REASONING) else 1)

    def after(self, position: int) -> Piece | None:
        """What of this piece lies at or behind a position."""
        if position <= self.start:
            return self
        if position >= self.end:
            return None
        return Piece(position, self.kind, self.payload[position - self.start :])


def joined(pieces: list[Piece]) -> list[Piece]:
    """The same stretch with neighbours of one kind put together."""
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

    __slots__ = ("_pieces", "_starts", "length")

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self.length = 0

    def append(self, kind: str, payload: str) -> None:
        """Add what has just come."""
        piece = Piece(self.length, kind, payload)
        self._pieces.append(piece)
        self._starts.append(self.length)
        self.length = piece.end

    def since(self, position: int) -> list[Piece]:
        """Everything from a position on, neighbours put together."""
        if position >= self.length:
            return []
        first = bisect_right(self._starts, position) - 1
        head = self._pieces[first].after(position)
        tail = self._pieces[first + 1 :]
        return joined([head, *tail] if head else tail)

    @property
    def sources(self) -> tuple[dict[str, Any], ...]:
        """What has been read for the answer."""
        return sources_in(self._pieces)

    def whole(self, kind: str) -> str:
        """All text, or all reasoning, as it counts now."""
        text, reasoning = grown("", "", self._pieces)
        return text if kind == TEXT else reasoning


def grown(text: str, reasoning: str, pieces: Iterable[Piece]) -> tuple[str, str]:
    """A text and a reasoning with what the next stretch of their log adds to them."""
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
    """The sources that a log names, by number: of each the last that was said."""
    found: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        if piece.kind == SOURCE:
            source = orjson.loads(piece.payload)
            found[source["number"]] = source
    return tuple(found[number] for number in sorted(found))


def short_number(run_id: str) -> int:
    """A run's number in `current_response`: small, never 0, the same on every worker."""
    return zlib.crc32(run_id.encode()) or 1
