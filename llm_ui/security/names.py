"""Names that people and models go by: one form, nothing that cannot be seen, no doubles.

Two names are doubles when a reader takes one for the other: they differ in capitals, in letters of
other alphabets that look alike (after Unicode's UTS 39), or in 1, l and I.
"""

from __future__ import annotations

import unicodedata

from llm_ui.security.text import storable

# Format and control characters, halves of characters, private and unassigned ones, separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and signs that draw nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIANTS = (("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
# They join or part letters of scripts in which that can be seen.
_JOINERS = "\u200c\u200d"
_JOINED = (("\u0600", "\u08ff"), ("\u0900", "\u0dff"), ("\u1000", "\u109f"), ("\u1780", "\u18af"))
# Alphabets whose letters are taken for one another, when they stand in one word.
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})
_TWINS = str.maketrans(
    # Cyrillic
    "аеорсухіѕјһԁԛԝӏкьүгвмнтАВЕКМНОРСТУХІЅЈҮԚԜӀЗб"
    # Greek
    "αονρικυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    # Armenian, and Latin letters that look like others
    "օոսհցզıɑɡɩ"
    # Cherokee
    "ᎠᎡᎢᎪᏟᎬᎻᏦᏞᎷᏢᏚᏙᎳᏃᏴᎫᏀ"
    # Dashes and apostrophes, and digits read as letters
    "‐‑‒–—−’‘ʼ`´01|",
    "aeopcyxisjhdqwlkbyrbmhtABEKMHOPCTYXISJYQWl36"
    "aovpikuxyABEZHIKMNOPTYX"
    "onuhgqiagi"
    "DRTACEHKLMPSVWZBJG"
    "------'''''ol" + "l",
)
# In many typefaces these cannot be told apart either.
_TOGETHER = (("m", "rn"), ("w", "vv"), ("I", "l"))


def one_form(name: str) -> str:
    """The name in the form that is kept: NFKC, single blanks, no choice of glyphs."""
    normal = unicodedata.normalize("NFKC", storable(name))
    kept = "".join(each for each in normal if not _within(each, _VARIANTS))
    return " ".join(kept.split())


def _within(character: str, ranges: tuple[tuple[str, str], ...]) -> bool:
    return any(first <= character <= last for first, last in ranges)


def _is_seen(name: str, number: int) -> bool:
    each, around = name[number], name[max(0, number - 1) : number + 2]
    if each in _JOINERS and len(around) == 3:
        return _within(around[0], _JOINED) and _within(around[2], _JOINED)
    return each not in _BLANK and unicodedata.category(each) not in _UNSEEN


def is_visible(name: str) -> bool:
    """Whether everything in a name can be seen, and stands where it seems to."""
    return all(_is_seen(name, number) for number in range(len(name)))


def visible(name: str) -> str:
    """A name that is somebody else's to give, without what cannot be seen; in one form."""
    seen = "".join(each for number, each in enumerate(name) if _is_seen(name, number))
    return one_form(seen)


def is_of_one_alphabet(name: str) -> bool:
    """Whether no word of a name has letters of two alphabets that look alike."""
    for word in name.split():
        kinds = {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}
        if len(kinds & _ALPHABETS) > 1:
            return False
    return True


def keys(name: str) -> tuple[str, str]:
    """What a name reads as: whatever its capitals, and whatever its typeface.

    Two names are doubles when they have either in common.
    """
    plain = one_form(name).translate(_TWINS)
    looks = plain
    for one, other in _TOGETHER:
        looks = looks.replace(one, other)
    return plain.casefold().translate(_TWINS), looks


def look_alike(one: str, other: str) -> bool:
    """Whether a reader takes one of two names for the other, though they are not the same."""
    if one_form(one).casefold() == one_form(other).casefold():
        return False
    return any(left == right for left, right in zip(keys(one), keys(other), strict=True))
