"""The words of a search: what is asked for, in each database's own language, and marked.

Everything a person types is only ever cut into words of letters and digits, so that nothing
of it can be a command to either database.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from llm_ui.schemas.finding import Part

QUERY_LIMIT = 200
TERMS_LIMIT = 10
SNIPPET = 180
BEFORE = 48
# A word that is still being written counts by its beginning, from this length on.
PREFIX_FROM = 2

Term = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: terms are words or phrases, folded.

    `open_end` says that the last term is a word that may go on.
    """

    terms: list[Term] = field(default_factory=list)
    without: list[Term] = field(default_factory=list)
    open_end: bool = False


@lru_cache(maxsize=4096)
def _bare(character: str) -> str:
    """One character for one: small, without its marks."""
    return unicodedata.normalize("NFKD", character)[0].lower()[0]


def fold(text: str) -> str:
    """The text in small letters without marks, each character in its place."""
    return text.lower() if text.isascii() else "".join(map(_bare, text))


def _split(folded: str) -> Term:
    return tuple("".join(c if c.isalnum() else " " for c in folded).split())


def parse(query: str) -> Wanted:
    """Read words, "phrases" and -without. Never raises; what is no word is left out."""
    text = fold(query[:QUERY_LIMIT])
    for mark in "“”„«»":
        text = text.replace(mark, '"')
    terms: list[Term] = []
    without: list[Term] = []
    open_end = False
    for number, piece in enumerate(text.split('"')):
        is_phrase = number % 2 == 1
        minus_before = is_phrase and text.split('"')[number - 1].endswith("-")
        for word in [piece] if is_phrase else piece.split():
            term = _split(word)
            if not term:
                continue
            if minus_before or (not is_phrase and word.startswith("-")):
                without.append(term)
                continue
            terms.append(term)
            open_end = not is_phrase and len(term) == 1 and len(term[0]) >= PREFIX_FROM
    return Wanted(
        terms[:TERMS_LIMIT], without[:TERMS_LIMIT], open_end and len(terms) <= TERMS_LIMIT
    )


def fts5(wanted: Wanted, user_id: str, *, titles: bool = False) -> str:
    """The query for SQLite, which asks for the person's own rows (or titles) as well."""
    parts = [f'owner : "{"t" if titles else "u"}{"".join(_split(user_id))}"']
    for number, term in enumerate(wanted.terms):
        more = " *" if wanted.open_end and number == len(wanted.terms) - 1 else ""
        parts.append(f'body : "{" ".join(term)}"{more}')
    query = "(" + " AND ".join(parts) + ")"
    return "".join([query, *(f' NOT body : "{" ".join(term)}"' for term in wanted.without)])


def tsquery(wanted: Wanted) -> str:
    """The query for PostgreSQL's to_tsquery."""

    def one(term: Term, more: str = "") -> str:
        return "(" + " <-> ".join(f"'{word}'{more}" for word in term) + ")"

    last = len(wanted.terms) - 1
    parts = [
        one(term, ":*" if wanted.open_end and number == last else "")
        for number, term in enumerate(wanted.terms)
    ]
    return " & ".join([*parts, *("!" + one(term) for term in wanted.without)])


def _found(folded: str, wanted: Wanted, start: int = 0) -> list[tuple[int, int]]:
    """Where the terms stand, in order, none over another; only whole words count."""
    places: list[tuple[int, int]] = []
    for number, term in enumerate(wanted.terms):
        may_go_on = wanted.open_end and number == len(wanted.terms) - 1
        at = folded.find(term[0], start)
        while at >= 0:
            end = _end_of(folded, at, term, may_go_on)
            if end:
                places.append((at, end))
            if len(places) > 200:
                break
            at = folded.find(term[0], at + len(term[0]))
    clean: list[tuple[int, int]] = []
    for place in sorted(places, key=lambda each: (each[0], -each[1])):
        if not clean or place[0] >= clean[-1][1]:
            clean.append(place)
    return clean


def _end_of(folded: str, at: int, term: Term, may_go_on: bool) -> int:
    if at and folded[at - 1].isalnum():
        return 0
    for number, word in enumerate(term):
        if number:
            while at < len(folded) and not folded[at].isalnum():
                at += 1
        if not folded.startswith(word, at):
            return 0
        at += len(word)
        if at < len(folded) and folded[at].isalnum():
            if not (may_go_on and number == len(term) - 1):
                return 0
            while at < len(folded) and folded[at].isalnum():
                at += 1
    return at


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
    """The whole of a short text with what was looked for marked."""
    return _parts(text, _found(fold(text), wanted))


def snippet(text: str, wanted: Wanted) -> list[Part]:
    """The place of a long text that has the most of what was looked for, on one line."""
    places = _found(fold(text), wanted)
    first = places[0][0] if places else 0
    if len(places) > 1:
        near = [sum(1 for p in places if at <= p[0] < at + SNIPPET) for at, _ in places]
        first = places[near.index(max(near))][0]
    start = max(0, first - BEFORE)
    if start:
        # From the beginning of a word on.
        blank = text.find(" ", start, first)
        start = blank + 1 if blank >= 0 else start
    end = min(len(text), start + SNIPPET)
    line = " ".join(text[start:end].split())
    parts = marked(("…" if start else "") + line + ("…" if end < len(text) else ""), wanted)
    return parts or [Part(line)]
