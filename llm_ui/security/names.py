"""Names of people and models: normalization, visibility, and confusable names.

Two names are confusable when a reader would take one for the other: they differ only in case, in
look-alike letters of other alphabets (based on Unicode's UTS 39), or in 1, l and I.
"""

from __future__ import annotations

import unicodedata

from llm_ui.normal_forms import normalized
from llm_ui.security.text import storable

# Format, control, surrogate, private-use and unassigned characters, and separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that draw nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIANTS = (("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
# They join or separate letters in scripts where that is visible.
_JOINERS = "\u200c\u200d"
_JOINED = (("\u0600", "\u08ff"), ("\u0900", "\u0dff"), ("\u1000", "\u109f"), ("\u1780", "\u18af"))
# Alphabets with look-alike letters, when mixed within one word.
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
    # Dashes, apostrophes, and digits that read as letters
    "‐‑‒–—−’‘ʼ`´01|",
    "aeopcyxisjhdqwlkbyrbmhtABEKMHOPCTYXISJYQWl36"
    "aovpikuxyABEZHIKMNOPTYX"
    "onuhgqiagi"
    "DRTACEHKLMPSVWZBJG"
    "------'''''ol" + "l",
)
# In many typefaces these are indistinguishable too.
_TOGETHER = (("m", "rn"), ("w", "vv"), ("I", "l"))


def one_form(name: str) -> str:
    """The name in the form that is stored: NFKC, single spaces, no variation selectors."""
    normal = normalized(storable(name), "NFKC")
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
    """Whether everything in a name is visible, and where it seems to be."""
    return all(_is_seen(name, number) for number in range(len(name)))


def visible(name: str) -> str:
    """Somebody else's name, without its invisible characters and normalized."""
    seen = "".join(each for number, each in enumerate(name) if _is_seen(name, number))
    return one_form(seen)


def is_of_one_alphabet(name: str) -> bool:
    """Whether no word of a name mixes letters of look-alike alphabets."""
    for word in name.split():
        kinds = {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}
        if len(kinds & _ALPHABETS) > 1:
            return False
    return True


def keys(name: str) -> tuple[str, str]:
    """The keys by which look-alike names are found: one ignores case, and one ignores the typeface.

    Two names are confusable if they share either key.
    """
    plain = one_form(name).translate(_TWINS)
    looks = plain
    for one, other in _TOGETHER:
        looks = looks.replace(one, other)
    return plain.casefold().translate(_TWINS), looks


def look_alike(one: str, other: str) -> bool:
    """Whether a reader would take one name for the other, although they differ."""
    if one_form(one).casefold() == one_form(other).casefold():
        return False
    return any(left == right for left, right in zip(keys(one), keys(other), strict=True))
