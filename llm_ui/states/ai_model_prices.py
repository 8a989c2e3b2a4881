"""The prices of a model on the admin's page: the list, and the form of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.models import ListedPrice, PriceRow
from llm_ui.services import model_views, price_checks, prices
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.browser import show
from llm_ui.states.feedback import tell, words_of
from llm_ui.states.forms import texts_of

PRICES = "prices-dialog"
NOTHING: dict[str, str] = {"input": "", "cached": "", "output": "", "reasoning": ""}


class ModelPricesMixin(rx.State, mixin=True):
    """A model's prices, and the one in the form below them."""

    price_model_id: str = ""
    price_model: str = ""
    price_rows: list[PriceRow] = []
    price_listed: ListedPrice = ListedPrice()
    # Each filling of the form is a new one, with fields of its own.
    price_number: int = 0
    price_id: str = ""
    price_from: str = ""
    price_currency: str = "USD"
    price_amounts: dict[str, str] = NOTHING
    # Whether the form has what was just deleted, to be added again.
    price_undone: bool = False
    price_problem: str = ""
    price_field: str = ""

    async def _list(self, *, anew: bool = False) -> None:
        raise NotImplementedError

    def _fill_price(self, row: PriceRow | ListedPrice | None, day: str, price_id: str = "") -> None:
        self.price_number += 1
        self.price_id, self.price_from = price_id, day
        self.price_problem = self.price_field = ""
        self.price_undone = False
        if row is None:
            self.price_amounts = NOTHING
            return
        language = current_actor().language
        self.price_currency = row.currency
        self.price_amounts = {
            name: price_checks.text_of(micro, language)
            for name, micro in (
                ("input", row.input_micro), ("cached", row.cached_micro),
                ("output", row.output_micro), ("reasoning", row.reasoning_micro),
            )
        }  # fmt: skip

    def _empty_price(self, day: str = "") -> None:
        """Empty the form but for its day: the one given, or today."""
        self._fill_price(None, day or datetime.now(UTC).date().isoformat())
        self.price_currency = self.price_rows[0].currency if self.price_rows else "USD"

    @rx.event
    @admin
    async def open_prices(self, model_id: str) -> Any:
        """Show a model's prices."""
        actor = current_actor()
        try:
            async with unit_of_work(writes=False) as session:
                self.price_rows = await prices.list_prices(session, actor, model_id)
                self.price_listed = await prices.listed(session, actor, model_id)
                model = await model_views.get_model(session, actor, model_id)
        except AppError as error:
            return tell(error)
        self.price_model_id, self.price_model = model_id, model.row.name
        self._empty_price()
        return show(PRICES)

    @rx.event
    @admin
    def new_price(self) -> None:
        """Empty the form, for a new price."""
        self._empty_price()

    @rx.event
    @admin
    def use_listed(self) -> None:
        """Fill the form with what the bundled list says, from today on."""
        if self.price_listed.day:
            today = datetime.now(UTC).date().isoformat()
            same = next((each for each in self.price_rows if each.valid_from == today), None)
            self._fill_price(self.price_listed, today, same.id if same else "")

    @rx.event
    @admin
    def open_price(self, price_id: str) -> Any:
        """Put a price into the form, to change it."""
        row = next((each for each in self.price_rows if each.id == price_id), None)
        if row is None:
            return None
        self._fill_price(row, row.valid_from, row.id)
        return browser.call("focus", "price-input")

    @rx.event
    @admin
    async def save_price(self, form: str) -> Any:
        """Keep what stands in the form: its fields as JSON."""
        actor, model_id, price_id = current_actor(), self.price_model_id, self.price_id
        try:
            draft = price_checks.draft_from_form(texts_of(form))
            async with unit_of_work() as session:
                if price_id:
                    self.price_rows = await prices.change_price(
                        session, actor, model_id, price_id, draft
                    )
                else:
                    self.price_rows = await prices.add_price(session, actor, model_id, draft)
        except AppError as error:
            self.price_problem = words_of(error)
            self.price_field = (error.field or "") if isinstance(error, InvalidInput) else ""
            return browser.to_the_wrong_field()
        self._empty_price(draft.valid_from.isoformat())
        await self._list()
        return None

    @rx.event
    @admin
    async def delete_price(self, price_id: str) -> Any:
        """Take a price away; the one before it holds on. Its figures stand in the form then."""
        row = next((each for each in self.price_rows if each.id == price_id), None)
        try:
            async with unit_of_work() as session:
                self.price_rows = await prices.delete_price(
                    session, current_actor(), self.price_model_id, price_id
                )
        except AppError as error:
            return tell(error)
        self._empty_price()
        if row is not None:
            self._fill_price(row, row.valid_from)
            self.price_undone = True
        await self._list()
        return None
