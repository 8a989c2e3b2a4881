"""The words of the app: one flat JSON catalogue per language, and how to read them.

A key is `area.what`, its text may hold `{placeholders}`. Two variants of a key are
chosen by themselves, here and in the browser (`llm_ui/components/text.js`) alike:
`key.one` when the parameter `count` is 1, and `key.bare` when a parameter that the text
names is empty or missing. `{duration}` is the parameter `seconds` in words: 45 seconds, 2 minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, cast

Language = Literal["en", "de"]

LANGUAGES: tuple[Language, ...] = ("en", "de")
DEFAULT_LANGUAGE: Language = "en"
COOKIE = "lang"

_HERE = Path(__file__).parent
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class MissingText(KeyError):
    """A key that not even the English catalogue has, asked for while `strict`."""


class _Strictness:
    """Whether an unknown key raises (tests) or shows itself (production)."""

    on = False


def set_strict(on: bool) -> None:
    """Make unknown keys raise MissingText: for tests."""
    _Strictness.on = on


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of one language; the English ones for a language that we lack."""
    known = language if language in LANGUAGES else DEFAULT_LANGUAGE
    loaded = json.loads((_HERE / f"{known}.json").read_text(encoding="utf-8"))
    return cast("dict[str, str]", loaded)


def _variant(texts: dict[str, str], key: str, params: dict[str, object]) -> str:
    if params.get("count") == 1 and f"{key}.one" in texts:
        return f"{key}.one"
    named = placeholders(texts[key]) - {"duration"} if f"{key}.bare" in texts else ()
    return f"{key}.bare" if any(params.get(name, "") == "" for name in named) else key


def duration_words(seconds: float, language: str = DEFAULT_LANGUAGE) -> str:
    """A length of time as one says it: "2 minutes" rather than "120.0 s"."""
    # Only of a few seconds a part matters.
    is_exact = seconds < 10 and seconds != int(seconds)
    whole = round(seconds, 1) if is_exact else round(seconds)
    is_minutes = whole >= 60 and whole % 60 == 0
    count = int(whole // 60) if is_minutes else whole
    return translate("time.minutes" if is_minutes else "time.seconds", language, count=count)


def translate(key: str, language: str = DEFAULT_LANGUAGE, **params: object) -> str:
    """The text of `key`, its placeholders filled in; what is not given stays as it is.

    Args:
        key: an entry of the catalogues.
        language: "en" or "de"; anything else is English.
        params: values for the placeholders.
    """
    texts = catalogue(language)
    if key not in texts:
        texts = catalogue(DEFAULT_LANGUAGE)
    if key not in texts:
        if _Strictness.on:
            raise MissingText(key)
        return key
    text = texts[_variant(texts, key, params)]
    if "{duration}" in text and isinstance(seconds := params.get("seconds"), int | float):
        params["duration"] = duration_words(seconds, language)
    return _PLACEHOLDER.sub(lambda m: str(params.get(m.group(1), m.group(0))), text)


def placeholders(text: str) -> frozenset[str]:
    """The names that a text wants filled in."""
    return frozenset(_PLACEHOLDER.findall(text))


def _quality(part: str) -> tuple[str, float]:
    tag, _, rest = part.partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight


def pick_language(accept_language: str = "", cookie: str = "") -> Language:
    """The person's language: their own choice, else the first that their browser wants.

    Args:
        accept_language: the header Accept-Language, as it came.
        cookie: the value of the cookie `lang`.
    """
    for language in LANGUAGES:
        if cookie == language:
            return language
    wanted = [_quality(part) for part in accept_language.split(",") if part.strip()]
    for tag, weight in sorted(wanted, key=lambda item: -item[1]):
        for language in LANGUAGES:
            if weight > 0 and tag == language:
                return language
    return DEFAULT_LANGUAGE


def browser_catalogues(link: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Hand the catalogues to `link`, which puts files that lie beside its caller into the build."""
    return link(*(f"{language}.json" for language in LANGUAGES))
