"""The app's strings: one folder per language (folders.py), and how its message catalog is read.

A key is `area.what`; its text may contain `{placeholders}`, and numbers are formatted for the
language. A string that depends on a number is an object with plural forms, named by CLDR's
categories:

    "models.count": {"one": "{count} model", "other": "{count} models"}

The number is `count`, unless the object names another one (`"by": "days"`). Each language has the
forms it needs (zero, one, two, few, many); `other` is used in place of missing forms, and a
language without plural forms has a plain string.

The variant `key.bare` is chosen automatically if a parameter named in the text is empty or missing.
`{duration}` is the parameter `seconds` in words: 45 seconds, 2 minutes. The browser reads the same
files by the same rules (`llm_ui/components/text.js`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from llm_ui.i18n.folders import (
    BY,
    DEFAULT_LANGUAGE,
    MESSAGES,
    OTHER,
    Language,
    Text,
    languages_in,
    messages_of,
)
from llm_ui.i18n.formats import number, plural

__all__ = [
    "COOKIE",
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "Language",
    "MissingText",
    "Text",
    "browser_catalogues",
    "catalogue",
    "duration_words",
    "forms",
    "language_named",
    "offered",
    "pick_language",
    "placeholders",
    "set_strict",
    "translate",
]

# By tag, in the order in which people see them.
LANGUAGES: dict[str, Language] = languages_in()
COOKIE = "lang"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class MissingText(KeyError):
    """A key that is missing even from the English catalog; raised only while `strict`."""


class _Strictness:
    """Whether an unknown key raises (tests) or is shown as it is (production)."""

    on = False


def set_strict(on: bool) -> None:
    """Make unknown keys raise MissingText, for tests."""
    _Strictness.on = on


@cache
def catalogue(language: str = DEFAULT_LANGUAGE) -> dict[str, Text]:
    """All texts of one language; the English ones for an unknown language."""
    return messages_of(language if language in LANGUAGES else DEFAULT_LANGUAGE)


def _variant(texts: dict[str, Text], key: str, params: dict[str, object]) -> Text:
    text = texts[key]
    if (bare := texts.get(f"{key}.bare")) is None:
        return text
    named = placeholders(text) - {"duration"}
    return bare if any(params.get(name, "") == "" for name in named) else text


def _form(text: Text, language: str, params: dict[str, object]) -> str:
    """The plural form for the number."""
    if isinstance(text, str):
        return text
    count = params.get(text.get(BY, "count"))
    form = plural(count, language) if isinstance(count, int | float) else OTHER
    return text.get(form, text[OTHER])


def _shown(value: object, language: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value, language)


def duration_words(seconds: float, language: str = DEFAULT_LANGUAGE) -> str:
    """A duration in words: "2 minutes" rather than "120.0 s"."""
    # Fractions only matter for a few seconds.
    is_exact = seconds < 10 and seconds != int(seconds)
    whole = round(seconds, 1) if is_exact else round(seconds)
    is_minutes = whole >= 60 and whole % 60 == 0
    count = int(whole // 60) if is_minutes else whole
    return translate("time.minutes" if is_minutes else "time.seconds", language, count=count)


def translate(key: str, language: str = DEFAULT_LANGUAGE, **params: object) -> str:
    """The text of `key` with its placeholders filled in; placeholders without a value are kept.

    Args:
        key: an entry of the catalogs.
        language: one of LANGUAGES; anything else means English.
        params: values for the placeholders.
    """
    spoken = language if language in LANGUAGES and key in catalogue(language) else DEFAULT_LANGUAGE
    texts = catalogue(spoken)
    if key not in texts:
        if _Strictness.on:
            raise MissingText(key)
        return key
    text = _form(_variant(texts, key, params), spoken, params)
    if "{duration}" in text and isinstance(seconds := params.get("seconds"), int | float):
        params["duration"] = duration_words(seconds, spoken)
    return _PLACEHOLDER.sub(
        lambda m: _shown(params[m[1]], spoken) if m[1] in params else m[0], text
    )


def forms(text: Text) -> dict[str, str]:
    """A text's plural forms by CLDR category; a plain text has only `other`."""
    if isinstance(text, str):
        return {OTHER: text}
    return {name: form for name, form in text.items() if name != BY}


def placeholders(text: Text) -> frozenset[str]:
    """The names of all placeholders in a text, in any of its forms."""
    return frozenset(name for form in forms(text).values() for name in _PLACEHOLDER.findall(form))


def offered(language: str | None) -> str:
    """A stored choice of language, or "" if it is no longer available."""
    return language if language in LANGUAGES else ""


def _quality(part: str) -> tuple[str, float]:
    tag, _, rest = part.partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip(), weight


def language_named(tag: str) -> str:
    """The closest language for a browser's tag, such as `de` for de-AT; "" if there is none.

    Must agree with assets/boot.js.
    """
    wanted = tag.lower()
    known = {code.lower(): code for code in LANGUAGES}
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition("-")[0]
    begun = f"{tag.lower().partition('-')[0]}-"
    return next((code for lower, code in known.items() if lower.startswith(begun)), "")


def pick_language(accept_language: str = "", cookie: str = "") -> str:
    """The user's language: their own choice, else their browser's first preference that is
    available.

    Args:
        accept_language: the Accept-Language header, unparsed.
        cookie: the value of the `lang` cookie.
    """
    if cookie in LANGUAGES:
        return cookie
    wanted = [_quality(part) for part in accept_language.split(",") if part.strip()]
    for tag, weight in sorted(wanted, key=lambda item: -item[1]):
        if weight > 0 and (found := language_named(tag)):
            return found
    return DEFAULT_LANGUAGE


def browser_catalogues(link: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Pass the catalogs to `link`, which adds files next to its caller to the build."""
    return link(*(f"{code}/{MESSAGES}" for code in LANGUAGES))
