"""Request and response bodies of the routes for prices."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from llm_ui.api.http.responses import KnownOrNull, OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.enums import PriceState
from llm_ui.schemas.catalogue.models import ListedPrice, PriceDraft, PriceRow

Micro = Annotated[int, Field(ge=0, le=10**12, examples=[150_000])]


class PriceBody(Body):
    """A price per million tokens from a given day (UTC), in micro-units: 150000 is 0.15.

    If null, cached input is charged as input, and reasoning as output.
    """

    valid_from: Annotated[date, Field(examples=["2026-01-01"])]
    currency: Annotated[str, Field(min_length=3, max_length=3)] = "USD"
    input_micro: Micro
    cached_input_micro: Micro | None = None
    output_micro: Micro
    reasoning_micro: Micro | None = None


class PriceView(View):
    """A price. `state` is past, now or future. `list_day` is the date of the price list that it was
    taken from."""

    id: str
    valid_from: str
    currency: str
    input_micro: int
    cached_input_micro: KnownOrNull = Field(validation_alias="cached_micro")
    output_micro: int
    reasoning_micro: KnownOrNull
    state: PriceState
    list_day: OrNull = Field(validation_alias="source")


class ListedView(View):
    """A model's list price, and the page it was read from."""

    list_day: str = Field(validation_alias="day")
    page: str
    currency: str
    input_micro: int
    cached_input_micro: KnownOrNull = Field(validation_alias="cached_micro")
    output_micro: int
    reasoning_micro: KnownOrNull


class PriceList(Paged):
    """A model's prices, latest first, and its list price."""

    items: list[PriceView]
    listed: ListedView | None = None


def price_draft_of(body: PriceBody) -> PriceDraft:
    """The draft of a price that a request body asks for."""
    return PriceDraft(
        valid_from=body.valid_from,
        currency=body.currency,
        input_micro=body.input_micro,
        output_micro=body.output_micro,
        cached_micro=body.cached_input_micro,
        reasoning_micro=body.reasoning_micro,
    )


def prices_of(rows: list[PriceRow], listed: ListedPrice) -> PriceList:
    """Prices as returned by the API."""
    return PriceList(
        items=[PriceView.of(each) for each in rows],
        listed=ListedView.of(listed) if listed.day else None,
    )
