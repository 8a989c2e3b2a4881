"""What the routes of prices take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from llm_ui.api.admin.model_shapes import known
from llm_ui.api.answers import Paged
from llm_ui.api.strict import Body
from llm_ui.schemas.models import ListedPrice, PriceDraft, PriceRow

Micro = Annotated[int, Field(ge=0, le=10**12, examples=[150_000])]


class PriceBody(Body):
    """A price from a day (UTC) on, for a million tokens, in micro-units: 150000 is 0.15.

    Null: cached input costs what input does, reasoning what output does.
    """

    valid_from: Annotated[date, Field(examples=["2026-01-01"])]
    currency: Annotated[str, Field(min_length=3, max_length=3)] = "USD"
    input_micro: Micro
    cached_input_micro: Micro | None = None
    output_micro: Micro
    reasoning_micro: Micro | None = None


class PriceView(BaseModel):
    """A price. `state` is past, now or future; `list_day` the day of the bundled list that
    it was taken from."""

    id: str
    valid_from: str
    currency: str
    input_micro: int
    cached_input_micro: int | None
    output_micro: int
    reasoning_micro: int | None
    state: str
    list_day: str | None


class ListedView(BaseModel):
    """What the bundled list says of a model, and the page where that was read."""

    list_day: str
    page: str
    currency: str
    input_micro: int
    cached_input_micro: int | None
    output_micro: int
    reasoning_micro: int | None


class PriceList(Paged):
    """A model's prices, the latest first, and what the bundled list says of it."""

    items: list[PriceView]
    listed: ListedView | None = None


def price_draft_of(body: PriceBody) -> PriceDraft:
    """What a body wants written of a price."""
    return PriceDraft(
        valid_from=body.valid_from,
        currency=body.currency,
        input_micro=body.input_micro,
        output_micro=body.output_micro,
        cached_micro=body.cached_input_micro,
        reasoning_micro=body.reasoning_micro,
    )


def prices_of(rows: list[PriceRow], listed: ListedPrice) -> PriceList:
    """Prices as they are told."""
    items = [
        PriceView(
            id=each.id,
            valid_from=each.valid_from,
            currency=each.currency,
            input_micro=each.input_micro,
            cached_input_micro=known(each.cached_micro),
            output_micro=each.output_micro,
            reasoning_micro=known(each.reasoning_micro),
            state=each.state,
            list_day=each.source or None,
        )
        for each in rows
    ]
    if not listed.day:
        return PriceList(items=items)
    offer = ListedView(
        list_day=listed.day,
        page=listed.page,
        currency=listed.currency,
        input_micro=listed.input_micro,
        cached_input_micro=known(listed.cached_micro),
        output_micro=listed.output_micro,
        reasoning_micro=known(listed.reasoning_micro),
    )
    return PriceList(items=items, listed=offer)
