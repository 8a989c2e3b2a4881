"""Validating prices, and parsing them from a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from llm_ui.errors import InvalidInput
from llm_ui.i18n.formats import decimal_mark
from llm_ui.schemas.catalogue.models import PriceDraft
from llm_ui.schemas.chats.views import UNKNOWN

MICRO = 1_000_000
# The maximum price of a million tokens, in units and in micro-units.
MOST = 1_000_000
MOST_MICRO = MOST * MICRO
FIRST_YEAR, LAST_YEAR = 2000, 2100

_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,6})?")
# "1,000" is one or a thousand depending on the country; "0,150" is unambiguous.
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


def clean(draft: PriceDraft) -> PriceDraft:
    """A validated price. Raises InvalidInput, which names the field."""
    if not FIRST_YEAR <= draft.valid_from.year <= LAST_YEAR:
        raise InvalidInput("error.price_day", field="valid_from")
    currency = draft.currency.strip().upper()
    if not _CURRENCY.fullmatch(currency):
        raise InvalidInput("error.price_currency", field="currency")
    amounts = {
        "input": draft.input_micro,
        "cached": draft.cached_micro,
        "output": draft.output_micro,
        "reasoning": draft.reasoning_micro,
    }
    for field, micro in amounts.items():
        if micro is not None and not 0 <= micro <= MOST_MICRO:
            raise InvalidInput("error.price_range", field=field, most=MOST)
    return replace(draft, currency=currency)


# --- a form's texts -----------------------------------------------------------------------


def micro_from_text(text: str, field: str) -> int | None:
    """Parse an amount into micro-units; None if empty.

    Both a point and a comma are decimal separators in every language, with up to six decimals.
    Thousands separators are not accepted, so that no price ends up a thousand times too high.

    Raises:
        InvalidInput: not such an amount; says how to write it.
    """
    typed = text.strip()
    if not typed:
        return None
    if _THOUSANDS.fullmatch(typed):
        raise InvalidInput("error.price_thousands", field=field, typed=typed)
    if not _AMOUNT.fullmatch(typed):
        raise InvalidInput("error.price_amount", field=field)
    micro = int(Decimal(typed.replace(",", ".")) * MICRO)
    if micro > MOST_MICRO:
        raise InvalidInput("error.price_range", field=field, most=MOST)
    return micro


def text_of(micro: int, language: str) -> str:
    """Micro-units as shown in a form, with at least two decimals; "" for UNKNOWN."""
    if micro == UNKNOWN:
        return ""
    whole, _, decimals = f"{Decimal(micro) / MICRO:.6f}".partition(".")
    digits = decimals.rstrip("0").ljust(2, "0")
    if len(digits) == 3 and whole != "0":
        # Three decimals could be read as thousands.
        digits += "0"
    return f"{whole}{decimal_mark(language)}{digits}"


def draft_from_form(fields: Mapping[str, str]) -> PriceDraft:
    """Parse the price form: valid_from, currency, and amounts input, cached, output, reasoning.

    Raises InvalidInput, which names the field.
    """
    try:
        day = date.fromisoformat(fields.get("valid_from", "").strip())
    except ValueError:
        raise InvalidInput("error.price_day", field="valid_from") from None
    amounts = {
        name: micro_from_text(fields.get(name, ""), name)
        for name in ("input", "cached", "output", "reasoning")
    }
    read, written = amounts["input"], amounts["output"]
    if read is None:
        raise InvalidInput("error.price_amount", field="input")
    if written is None:
        raise InvalidInput("error.price_amount", field="output")
    return PriceDraft(
        valid_from=day,
        currency=fields.get("currency", ""),
        input_micro=read,
        output_micro=written,
        cached_micro=amounts["cached"],
        reasoning_micro=amounts["reasoning"],
    )
