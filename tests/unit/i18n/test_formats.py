"""Numbers, sizes, days and lists are written as the language does, without a rule of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from llm_ui.i18n import LANGUAGES, formats

# As ICU has it: a number keeps its unit beside it.
SIZES = (
    (0, "0 bytes"),
    (1, "1 byte"),
    (999, "999 bytes"),
    (1000, "1 kB"),
    (34_816, "34 kB"),
    (1_258_291, "1.2 MB"),
    (157_286_400, "150 MB"),
    (3_221_225_472, "3 GB"),
)


@pytest.mark.parametrize(("size", "said"), SIZES)
def test_a_size_has_few_digits_and_the_unit_that_reads_best(size: int, said: str) -> None:
    assert formats.size(size, "en") == said.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("language", "number", "size", "day", "listing"),
    [
        ("en", "1,234,567.5", "1.2\u00a0MB", "Dec 1, 2026", "a, b, c"),
        ("de", "1.234.567,5", "1,2\u00a0MB", "01.12.2026", "a, b und c"),
        ("fr", "1\u202f234\u202f567,5", "1,2\u202fMo", "1 déc. 2026", "a, b et c"),
        ("zh-Hans", "1,234,567.5", "1.2\u00a0MB", "2026年12月1日", "a、b和c"),
        # None that CLDR knows: as in English.
        ("xx", "1,234,567.5", "1.2\u00a0MB", "Dec 1, 2026", "a, b, c"),
    ],
)
def test_each_language_writes_in_its_own_way(
    language: str, number: str, size: str, day: str, listing: str
) -> None:
    assert formats.number(1_234_567.5, language) == number
    assert formats.size(1_258_291, language) == size
    assert formats.day(date(2026, 12, 1), language) == day
    assert formats.listing(["a", "b", "c"], language) == listing


def test_a_moment_tells_its_zone() -> None:
    at = datetime(2026, 12, 1, 16, 5, tzinfo=UTC)
    assert formats.moment(at, "de") == "01.12.2026, 16:05 UTC"
    assert formats.moment(at, "en").replace("\u202f", " ") == "Dec 1, 2026, 4:05 PM UTC"


def test_an_amount_keeps_all_of_its_decimals() -> None:
    assert formats.amount(Decimal("0.15"), "en") == "0.15"
    assert formats.amount(Decimal("1234.000001"), "de") == "1.234,000001"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_here_is_one_that_babel_knows(language: str) -> None:
    assert str(formats.locale_of(language)).replace("_", "-") == language


def test_a_field_for_a_price_has_a_mark_that_is_understood_again() -> None:
    assert [formats.decimal_mark(each) for each in ("en", "de", "fr", "ar", "fa")] == [
        ".",
        ",",
        ",",
        ".",
        ".",
    ]
