"""What may be written of a price, and what a form's texts mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from llm_ui.errors import InvalidInput
from llm_ui.schemas.models import PriceDraft
from llm_ui.schemas.views import UNKNOWN

MICRO = 1_000_000
# The most that a million tokens may cost, in units and in micro-units.
MOST = 1_000_000
MOST_MICRO = MOST * MICRO
FIRST_YEAR, LAST_YEAR = 2000, 2100

_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,6})?")
# "1,000" is one in one country and a thousand in another; "0,150" is the same everywhere.
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


def clean(draft: PriceDraft) -> PriceDraft:
    """A price fit to be kept. Raises InvalidInput, which names the field."""
    if not FIRST_YEAR <= draft.valid_from.year <= LAST_YEAR:
        raise InvalidInput("error.price_day", field="valid_from")
    currency = draft.currency.strip().upper()
    if not _CURRENCY.fullmatch(currency):
        raise InvalidInput("error.price_currency", field="currency")
    amounts = {
        "input": draft.input_micro, "cached": draft.cached_micro,
        "output": draft.output_micro, "reasoning": draft.reasoning_micro,
    }  # fmt: skip
    for field, micro in amounts.items():
        if micro is not None and not 0 <= micro <= MOST_MICRO:
            raise InvalidInput("error.price_range", field=field, most=MOST)
    return replace(draft, currency=currency)


# --- a form's texts -----------------------------------------------------------------------


def micro_from_text(text: str, field: str) -> int | None:
    """An amount as somebody typed it, in micro-units; None for nothing.

    A point and a comma both stand before decimals, whatever the language: up to six of them.
    Thousands have no separator, so that no price is a thousand times what was meant.

    Raises:
        InvalidInput: it is no such amount; says how to write it.
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
    """Micro-units as a form shows them: two decimals or more; "" for UNKNOWN."""
    if micro == UNKNOWN:
        return ""
    whole, _, decimals = f"{Decimal(micro) / MICRO:.6f}".partition(".")
    digits = decimals.rstrip("0").ljust(2, "0")
    if len(digits) == 3 and whole != "0":
        # Three decimals could be thousands.
        digits += "0"
    return f"{whole}{',' if language == 'de' else '.'}{digits}"


def draft_from_form(fields: Mapping[str, str]) -> PriceDraft:
    """What the form of a price says: valid_from, currency, and the amounts input, cached,
    output and reasoning. Raises InvalidInput, which names the field."""
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
