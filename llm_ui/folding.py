"""Text folding for search: the normalized form in which words are compared, and tokenization.

Both index entries and queries go through here, so that they cannot diverge: on SQLite via the SQL
function `search_words` that every connection has, on PostgreSQL via `llm_ui.indexing`. Case,
diacritics, widths and ways of composing a character are ignored; marks that make a different letter
are not (й, ї, the voiced kana).

Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer put few or no spaces between words: a run of
such text is indexed as its overlapping bigrams, plus its last character. Two or more characters are
found by their bigrams, a single one as the prefix of a bigram.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from llm_ui.normal_forms import normalized

# Only this many characters of a text are indexed: PostgreSQL refuses more than a megabyte of words
# in one row.
INDEXED = 100_000
TSVECTOR_BYTES = 900_000
# Longer "words" are keys and encoded data; their prefix is enough.
WORD = 64
# The highest position in a PostgreSQL tsvector.
_LAST_PLACE = 16_383

# Letters of their own, although Unicode decomposes them into a letter and a mark.
_KEPT = frozenset("йїў")
_ALSO = {
    "ı": "i",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ł": "l",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
    "ŀ": "l",
    "ŧ": "t",
    # Arabic and Persian as people type them: final yeh, teh marbuta, and Persian kaf and yeh.
    "ى": "ي",
    "ة": "ه",
    "ی": "ي",
    "ک": "ك",
    "ٱ": "ا",
}
# Ignored marks, tatweel, and invisible characters.
_GONE = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
DENSE = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109d\u1780-\u17d3"
    "\u3005\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    "\u1100-\u11ff\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)


def _marks() -> str:
    """The marks that are part of a word, such as vowels in Indic scripts."""
    spans = ((0x0300, 0x1D00), (0xA66F, 0xABFF), (0x11000, 0x11A00))
    return "".join(
        chr(code)
        for first, last in spans
        for code in range(first, last)
        if unicodedata.category(chr(code))[0] == "M"
    )


_MARKS = _marks()
# One character of a word in a script that uses spaces.
LETTER = f"(?:(?![{DENSE}])[^\\W_]|(?![{DENSE}])[{_MARKS}])"
# "C++" and "C#" are a word plus a sign.
_SIGN = r"(?<=[^\W_])(?:\+\+|#(?![^\W_]))"
_RUNS = re.compile(f"([{DENSE}]+)|{LETTER}+|{_SIGN}")
_ASCII_RUNS = re.compile(r"[a-z0-9]+|(?<=[a-z0-9])(?:\+\+|#(?![a-z0-9]))")
_TIED = f"{_MARKS}\u3099\u309a\ufe00-\ufe0f\u200d\uff9e\uff9f"
_CLUSTER = re.compile(f"[\u1100-\u11ff]+|.[{_TIED}]*", re.DOTALL)
_COMPOSED = re.compile(f"[\u1100-\u11ff{_TIED}]")


def _one(character: str) -> str:
    small = normalized(character, "NFKC").casefold()
    if small in _KEPT:
        return small
    bare = _GONE.sub("", normalized(small, "NFKD"))
    return "".join(
        str(unicodedata.decimal(each, None) or 0)
        if unicodedata.category(each) == "Nd"
        else _ALSO.get(each, each)
        for each in normalized(bare, "NFC")
    )


class _Table(dict[int, str]):
    """A translation table that computes each character's folding on first use."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _one(chr(code))
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """The text in its comparable form, which may differ in length."""
    if text.isascii():
        return text.lower()
    return normalized(normalized(text, "NFC").translate(_TABLE), "NFC")


@lru_cache(maxsize=16_384)
def _cluster(text: str) -> str:
    return fold(text)


def fold_with_places(text: str) -> tuple[str, list[int] | range]:
    """The folded text, and for each of its characters (and its end) the position in `text`."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    parts: list[str] = []
    places: list[int] = []
    if not _COMPOSED.search(text):
        # The usual case: every character maps to exactly one.
        parts = list(map(_TABLE.__getitem__, map(ord, text)))
        if len("".join(parts)) == len(text) and "" not in parts:
            return "".join(parts), range(len(text) + 1)
        for place, part in enumerate(parts):
            places += [place] * len(part)
        return "".join(parts), [*places, len(text)]
    for found in _CLUSTER.finditer(text):
        part = _cluster(found[0]) if len(found[0]) <= WORD else fold(found[0])
        parts.append(part)
        places += [found.start()] * len(part)
    places.append(len(text))
    return "".join(parts), places


def runs(folded: str) -> list[tuple[str, bool]]:
    """The runs of word characters, each with whether its script is written without spaces."""
    if folded.isascii():
        return [(run, False) for run in _ASCII_RUNS.findall(folded)]
    return [(found[0], found[1] is not None) for found in _RUNS.finditer(folded)]


def words(text: str) -> list[str]:
    """The words under which a text is indexed, in order; none contains a space or a quote."""
    folded = fold(text)
    if folded.isascii():
        return [word[:WORD] for word in _ASCII_RUNS.findall(folded)]
    found: list[str] = []
    for run, dense in runs(folded):
        if dense:
            found += map(str.__add__, run, run[1:])
            found.append(run[-1])
        else:
            found.append(run[:WORD])
    return found


def search_words(text: str | None) -> str:
    """The words of a text, up to INDEXED characters, joined by spaces; SQLite's SQL function."""
    return " ".join(words((text or "")[:INDEXED]))


def term(typed: str) -> tuple[tuple[str, ...], bool]:
    """What one part of a query searches for: consecutive words, and whether the last one is only
    the prefix of a bigram. Empty if the part has no words."""
    found: list[str] = []
    pieces = runs(fold(typed))
    only_beginning = False
    for number, (run, dense) in enumerate(pieces):
        if not dense:
            found.append(run[:WORD])
            continue
        found += map(str.__add__, run, run[1:])
        # The run must end here in the text too, unless it is the last one.
        if number < len(pieces) - 1:
            found.append(run[-1])
        elif len(run) == 1:
            found.append(run)
            only_beginning = True
    return tuple(found), only_beginning


def tsvector(text: str | None) -> str:
    """The words of a text, up to INDEXED characters, in PostgreSQL's tsvector syntax."""
    places: dict[str, list[int]] = {}
    room = TSVECTOR_BYTES
    for place, word in enumerate(words((text or "")[:INDEXED]), start=1):
        known = places.get(word)
        if known is None:
            room -= len(word.encode()) + 4
            places[word] = [min(place, _LAST_PLACE)]
        elif len(known) < 255 and place < _LAST_PLACE:
            room -= 2
            known.append(place)
        if room < 0:
            break
    return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in places.items())
