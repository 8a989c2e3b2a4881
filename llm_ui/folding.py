"""The one form in which words are compared, and the words that a text is found by.

What is kept in the indexes of words and what is looked for both go through here, so that they
cannot differ: on SQLite by the function `search_words` of every connection, on PostgreSQL by
`llm_ui.indexing`. Capitals, marks, widths and ways of composing a character do not count; marks
that make another letter do (й, ї, the voiced kana).

Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer put few blanks or none between words: a
stretch of them is kept as each two characters that follow each other, and its last one. Two or
more characters are found by the pairs that they consist of, one by the beginning of a pair.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Of a longer text only this many characters are indexed; PostgreSQL refuses more than a megabyte
# of words in one row.
INDEXED = 100_000
TSVECTOR_BYTES = 900_000
# Longer "words" are keys and encoded data: their beginning will do.
WORD = 64
# PostgreSQL counts no further.
_LAST_PLACE = 16_383

# Letters of their own although Unicode takes them for a letter and a mark.
_KEPT = frozenset("йїў")
_ALSO = {
    "ı": "i", "ø": "o", "đ": "d", "ħ": "h", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "ŀ": "l", "ŧ": "t",
    # As people type Arabic and Persian: final yeh, teh marbuta, and Persian's kaf and yeh.
    "ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "ٱ": "ا",
}  # fmt: skip
# Marks that are left out, tatweel, and what is not seen at all.
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
    """The marks that are part of a word, as vowels are in the scripts of India."""
    spans = ((0x0300, 0x1D00), (0xA66F, 0xABFF), (0x11000, 0x11A00))
    return "".join(
        chr(code)
        for first, last in spans
        for code in range(first, last)
        if unicodedata.category(chr(code))[0] == "M"
    )


_MARKS = _marks()
# One character of a word in a script that has blanks.
LETTER = f"(?:(?![{DENSE}])[^\\W_]|(?![{DENSE}])[{_MARKS}])"
# "C++" and "C#" are a word and a sign.
_SIGN = r"(?<=[^\W_])(?:\+\+|#(?![^\W_]))"
_RUNS = re.compile(f"([{DENSE}]+)|{LETTER}+|{_SIGN}")
_ASCII_RUNS = re.compile(r"[a-z0-9]+|(?<=[a-z0-9])(?:\+\+|#(?![a-z0-9]))")
_TIED = f"{_MARKS}\u3099\u309a\ufe00-\ufe0f\u200d\uff9e\uff9f"
_CLUSTER = re.compile(f"[\u1100-\u11ff]+|.[{_TIED}]*", re.DOTALL)
_COMPOSED = re.compile(f"[\u1100-\u11ff{_TIED}]")


def _one(character: str) -> str:
    small = unicodedata.normalize("NFKC", character).casefold()
    if small in _KEPT:
        return small
    bare = _GONE.sub("", unicodedata.normalize("NFKD", small))
    return "".join(
        str(unicodedata.decimal(each, None) or 0)
        if unicodedata.category(each) == "Nd"
        else _ALSO.get(each, each)
        for each in unicodedata.normalize("NFC", bare)
    )


class _Table(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _one(chr(code))
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """The text in the form that is compared; not always as long as it was."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(_TABLE))


@lru_cache(maxsize=16_384)
def _cluster(text: str) -> str:
    return fold(text)


def fold_with_places(text: str) -> tuple[str, list[int] | range]:
    """The folded text, and for each of its characters (and its end) where it comes from."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    parts: list[str] = []
    places: list[int] = []
    if not _COMPOSED.search(text):
        # Nearly always: each character stands for itself.
        parts = list(map(_TABLE.__getitem__, map(ord, text)))
        if len("".join(parts)) == len(text) and "" not in parts:
            return "".join(parts), range(len(text) + 1)
        for place, part in enumerate(parts):
            places += [place] * len(part)
        return "".join(parts), [*places, len(text)]
    for found in _CLUSTER.finditer(text):
        part = _cluster(found[0])
        parts.append(part)
        places += [found.start()] * len(part)
    places.append(len(text))
    return "".join(parts), places


def runs(folded: str) -> list[tuple[str, bool]]:
    """The stretches that words are made of, each with whether its script has no blanks."""
    if folded.isascii():
        return [(run, False) for run in _ASCII_RUNS.findall(folded)]
    return [(found[0], found[1] is not None) for found in _RUNS.finditer(folded)]


def words(text: str) -> list[str]:
    """The words by which a text is found, in order; none of them has a blank or a quote."""
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
    """The words of (the beginning of) a text with a blank between them: SQLite's function."""
    return " ".join(words((text or "")[:INDEXED]))


def term(typed: str) -> tuple[tuple[str, ...], bool]:
    """What a stretch of a query looks for: words that follow each other, and whether the last
    one is only the beginning of a pair. No words if there are none."""
    found: list[str] = []
    pieces = runs(fold(typed))
    only_beginning = False
    for number, (run, dense) in enumerate(pieces):
        if not dense:
            found.append(run[:WORD])
            continue
        found += map(str.__add__, run, run[1:])
        # Here the stretch ends in the text as well, unless nothing follows.
        if number < len(pieces) - 1:
            found.append(run[-1])
        elif len(run) == 1:
            found.append(run)
            only_beginning = True
    return tuple(found), only_beginning


def tsvector(text: str | None) -> str:
    """The words of (the beginning of) a text as PostgreSQL writes a tsvector."""
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
