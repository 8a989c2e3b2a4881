"""Formatting numbers, sizes, dates, lists and plurals for a language: CLDR's rules, through Babel.

The browser has the same rules in Intl (components/text.js), so the server and the browser format
values in the same way. Babel is imported on first use, because importing it would delay the start
of a worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from llm_ui.i18n.folders import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from babel import Locale

WHOLE = "#,##0"
ONE_DECIMAL = "#,##0.#"
# Two decimals at least, and up to six for millionths.
AMOUNT = "#,##0.00####"
# The browser's names for these units (react/files/size.js).
SIZES = ("kilobyte", "megabyte", "gigabyte")
STEP = 1024
# From short to long: without "and" if the language allows it. Babel's types lack the first one.
LISTS: tuple[Any, ...] = ("standard-narrow", "standard-short", "standard")


@cache
def locale_of(language: str) -> Locale:
    """CLDR's rules for a language; English ones if it has none."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(DEFAULT_LANGUAGE)


def plural(count: float, language: str) -> str:
    """The plural category of a number: zero, one, two, few, many or other."""
    return locale_of(language).plural_form(count)


def number(value: float, language: str) -> str:
    """A number such as 12,345.6 in the language's notation, with at most six decimals."""
    from babel.numbers import format_decimal

    exact: int | Decimal = value if isinstance(value, int) else Decimal(str(round(value, 6)))
    return format_decimal(exact, None, locale_of(language), decimal_quantization=False)


def amount(units: Decimal, language: str) -> str:
    """An amount of money with all its decimals, at least two."""
    from babel.numbers import format_decimal

    return format_decimal(units, AMOUNT, locale_of(language))


def decimal_mark(language: str) -> str:
    """The decimal separator in input fields: a comma if the language uses one, otherwise a
    point."""
    from babel.numbers import get_decimal_symbol

    return "," if get_decimal_symbol(locale_of(language)) == "," else "."


def size(bytes_: float, language: str) -> str:
    """A file size: 512 bytes, 34 kB, 1.2 MB."""
    from babel.units import format_unit

    locale = locale_of(language)
    if bytes_ < 1000:
        return _tied(format_unit(round(bytes_), "digital-byte", "long", locale=locale))
    value, unit = bytes_ / STEP, 0
    while value >= 1000 and unit < len(SIZES) - 1:
        value, unit = value / STEP, unit + 1
    pattern = ONE_DECIMAL if unit and value < 100 else WHOLE
    return _tied(format_unit(value, f"digital-{SIZES[unit]}", "short", pattern, locale))


def _tied(text: str) -> str:
    """Join a number and its unit with a non-breaking space."""
    return text.replace(" ", "\u00a0")


def day(value: date, language: str) -> str:
    """A date: Dec 1, 2026 or 01.12.2026."""
    from babel.dates import format_date

    return format_date(value, "medium", locale_of(language))


def moment(at: datetime, language: str) -> str:
    """A date and time in UTC."""
    from babel.dates import format_time, get_datetime_format

    locale = locale_of(language)
    time = format_time(at, "short", tzinfo=UTC, locale=locale)
    both = str(get_datetime_format("medium", locale))
    return f"{both.replace('{0}', time).replace('{1}', day(at, language))} UTC"


def listing(items: Iterable[str], language: str) -> str:
    """A list: a, b, c."""
    from babel.lists import format_list

    locale = locale_of(language)
    # Babel does not apply CLDR's fallback from the shorter list styles to the longer ones.
    style = next(each for each in LISTS if "start" in locale.list_patterns.get(each, ()))
    return format_list(list(items), style, locale)
