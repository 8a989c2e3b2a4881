"""The words of a search: parsed, translated to each database's query syntax, and highlighted.

User input is only ever split into words, the way `llm_ui.folding` splits indexed text, so nothing
in it can act as query syntax.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace

from llm_ui import folding
from llm_ui.folding import DENSE, LETTER, fold, fold_with_places, runs
from llm_ui.schemas.chats.finding import Part

QUERY_LIMIT = 200
TERMS_LIMIT = 10
SNIPPET = 180
BEFORE = 48
MARKED = 200
# The last word matches as a prefix from this length on, or if it is part of a term like "gpt-4".
PREFIX_FROM = 2


@dataclass(frozen=True, slots=True)
class Term:
    """Consecutive words, made from what was `typed`.

    With `open_end`, the last word matches as a prefix.
    """

    words: tuple[str, ...]
    typed: str
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must occur, and what must not."""

    terms: list[Term] = field(default_factory=list)
    without: list[Term] = field(default_factory=list)


def _term(typed: str) -> Term | None:
    found, only_beginning = folding.term(typed)
    return Term(found, typed, only_beginning) if found else None


def _being_written(last: Term) -> Term:
    """The term with its last word as a prefix, unless punctuation follows that word."""
    end = last.typed[-1]
    goes_on = end.isalnum() or unicodedata.category(end)[0] == "M"
    too_short = len(last.words) == 1 and len(last.words[0]) < PREFIX_FROM
    if too_short or not goes_on:
        return last
    return replace(last, open_end=True)


def parse(query: str) -> Wanted:
    """Parse words, "phrases" and -exclusions.

    Never raises; anything that isn't a word is ignored.
    """
    text = query[:QUERY_LIMIT]
    for mark in "“”„«»＂":
        text = text.replace(mark, '"')
    terms: list[Term] = []
    without: list[Term] = []
    written = False
    pieces = text.split('"')
    for number, piece in enumerate(pieces):
        is_phrase = number % 2 == 1
        minus_before = is_phrase and pieces[number - 1].endswith("-")
        for word in [piece] if is_phrase else piece.split():
            found = _term(word)
            if not found:
                continue
            if minus_before or (not is_phrase and word.startswith("-")):
                without.append(found)
                continue
            terms.append(found)
            written = not is_phrase
    if written and len(terms) <= TERMS_LIMIT:
        terms[-1] = _being_written(terms[-1])
    return Wanted(terms[:TERMS_LIMIT], without[:TERMS_LIMIT])


def fts5(wanted: Wanted, user_id: str, *, titles: bool = False) -> str:
    """The FTS5 query for SQLite, restricted to the user's own entries (or only titles)."""

    def one(term: Term) -> str:
        return f'body : "{" ".join(term.words)}"{" *" if term.open_end else ""}'

    parts = [f'owner : "{"t" if titles else "u"}{user_id.replace("-", "").lower()}"']
    query = "(" + " AND ".join([*parts, *map(one, wanted.terms)]) + ")"
    return "".join([query, *(f" NOT {one(each)}" for each in wanted.without)])


def tsquery(wanted: Wanted) -> str:
    """The query for PostgreSQL, in tsquery syntax."""

    def one(term: Term) -> str:
        words = [f"'{word}'" for word in term.words]
        return "(" + " <-> ".join(words) + (":*" if term.open_end else "") + ")"

    return " & ".join([*map(one, wanted.terms), *(f"!{one(each)}" for each in wanted.without)])


# Compiled once: a character class this large takes milliseconds to compile.
_LETTER = re.compile(LETTER)
_REST = re.compile(f"{LETTER}*")
_GAP = re.compile(f"(?:(?!{LETTER})[^{DENSE}])*")
_SIGNS = ("++", "#")


def _end_of(folded: str, at: int, pieces: list[tuple[str, bool]], *, open_end: bool) -> int:
    """The end of a term that starts at `at`; 0 if it doesn't occur there."""
    if at and not pieces[0][1] and _LETTER.match(folded, at - 1):
        return 0
    kind = None
    for run, dense in pieces:
        if kind is not None and run not in _SIGNS:
            gap = _GAP.match(folded, at)
            behind = gap.end() if gap else at
            # Runs of the same kind need a separator between them, others don't.
            if kind == dense and behind == at:
                return 0
            at = behind
        if not folded.startswith(run, at):
            return 0
        at += len(run)
        kind = dense
    if not kind and pieces[-1][0] not in _SIGNS:
        rest = _REST.match(folded, at)
        end = rest.end() if rest else at
        return 0 if end > at and not open_end else end
    return at


def _found(text: str, wanted: Wanted) -> list[tuple[int, int]]:
    """Where the terms occur in a text, in order and without overlaps; whole words only."""
    folded, at = fold_with_places(text)
    places: list[tuple[int, int]] = []
    for each in wanted.terms:
        pieces = runs(fold(each.typed))
        start = folded.find(pieces[0][0])
        while start >= 0 and len(places) <= MARKED:
            end = _end_of(folded, start, pieces, open_end=each.open_end)
            if end:
                # A character that folds to two is highlighted whole.
                while end < len(folded) and at[end] == at[end - 1]:
                    end += 1
                places.append((at[start], at[end]))
            start = folded.find(pieces[0][0], max(end, start + 1))
    clean: list[tuple[int, int]] = []
    for place in sorted(places, key=lambda each: (each[0], -each[1])):
        if not clean or place[0] >= clean[-1][1]:
            clean.append(place)
    return clean


def _parts(text: str, places: list[tuple[int, int]]) -> list[Part]:
    parts, at = [], 0
    for start, end in places:
        if start > at:
            parts.append(Part(text[at:start]))
        parts.append(Part(text[start:end], True))
        at = end
    if at < len(text):
        parts.append(Part(text[at:]))
    return parts


def marked(text: str, wanted: Wanted) -> list[Part]:
    """The whole of a short text, with the matches highlighted."""
    return _parts(text, _found(text, wanted))


def snippet(text: str, wanted: Wanted) -> list[Part]:
    """The stretch of a long text with the most matches, on one line."""
    places = _found(text, wanted)
    first = places[0][0] if places else 0
    if len(places) > 1:
        near = [sum(1 for p in places if at <= p[0] < at + SNIPPET) for at, _ in places]
        first = places[near.index(max(near))][0]
    start = max(0, first - BEFORE)
    if start:
        # Start at the beginning of a word.
        blank = text.find(" ", start, first)
        start = blank + 1 if blank >= 0 else start
    end = min(len(text), start + SNIPPET)
    while end < len(text) and unicodedata.category(text[end])[0] == "M":
        end += 1
    line = " ".join(text[start:end].split())
    parts = marked(("…" if start else "") + line + ("…" if end < len(text) else ""), wanted)
    return parts or [Part(line)]
