"""The prices of a model on the Models admin page: the list, and the form of a price."""

from __future__ import annotations

from datetime import UTC, datetime

from llm_ui.schemas.catalogue.models import ListedPrice, PriceRow
from llm_ui.services.catalogue import model_views
from llm_ui.services.money import price_checks, prices
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.forms import accept, texts_of
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Listing
from llm_ui.states.socket.access import current_actor

PRICES = "prices-dialog"
NOTHING: dict[str, str] = {"input": "", "cached": "", "output": "", "reasoning": ""}


class ModelPricesMixin(Listing, mixin=True):
    """A model's prices, and the one in the form below them."""

    price_model_id: str = ""
    price_model: str = ""
    price_rows: list[PriceRow] = []
    price_listed: ListedPrice = ListedPrice()
    # Incremented each time the form is filled, so that its fields are created from scratch.
    price_number: int = 0
    price_id: str = ""
    price_from: str = ""
    price_currency: str = "USD"
    price_amounts: dict[str, str] = NOTHING
    # Whether the form contains the price that was just deleted, so that it can be added again.
    price_undone: bool = False
    price_problem: str = ""
    price_field: str = ""

    def _fill_price(self, row: PriceRow | ListedPrice | None, day: str, price_id: str = "") -> None:
        self.price_number += 1
        self.price_id, self.price_from = price_id, day
        accept(self, "price_")
        self.price_undone = False
        if row is None:
            self.price_amounts = NOTHING
            return
        language = current_actor().language
        self.price_currency = row.currency
        self.price_amounts = {
            name: price_checks.text_of(micro, language)
            for name, micro in (
                ("input", row.input_micro),
                ("cached", row.cached_micro),
                ("output", row.output_micro),
                ("reasoning", row.reasoning_micro),
            )
        }

    def _empty_price(self, day: str = "") -> None:
        """Clear the form except for its start day: the given one, or today."""
        self._fill_price(None, day or datetime.now(UTC).date().isoformat())
        self.price_currency = self.price_rows[0].currency if self.price_rows else "USD"

    @handler("admin")
    async def open_prices(self, model_id: str) -> Reply:
        """Show a model's prices."""
        self.price_rows = await read(prices.list_prices, model_id)
        self.price_listed = await read(prices.listed, model_id)
        model = await read(model_views.get_model, model_id)
        self.price_model_id, self.price_model = model_id, model.row.name
        self._empty_price()
        return browser.show(PRICES)

    @handler("admin")
    def new_price(self) -> None:
        """Clear the form for a new price."""
        self._empty_price()

    @handler("admin")
    def use_listed(self) -> None:
        """Fill the form with the list price, starting today."""
        if self.price_listed.day:
            today = datetime.now(UTC).date().isoformat()
            same = next((each for each in self.price_rows if each.valid_from == today), None)
            self._fill_price(self.price_listed, today, same.id if same else "")

    @handler("admin")
    def open_price(self, price_id: str) -> Reply:
        """Load a price into the form, for editing."""
        row = next((each for each in self.price_rows if each.id == price_id), None)
        if row is None:
            return None
        self._fill_price(row, row.valid_from, row.id)
        return browser.call("focus", "price-input")

    @handler("admin", form="price_")
    async def save_price(self, form: str) -> None:
        """Save the form: its fields as JSON."""
        model_id, price_id = self.price_model_id, self.price_id
        draft = price_checks.draft_from_form(texts_of(form))
        if price_id:
            self.price_rows = await write(prices.change_price, model_id, price_id, draft)
        else:
            self.price_rows = await write(prices.add_price, model_id, draft)
        self._empty_price(draft.valid_from.isoformat())
        await self._list(again=True)

    @handler("admin")
    async def delete_price(self, price_id: str) -> None:
        """Delete a price; the previous price applies instead. The form keeps the deleted values."""
        row = next((each for each in self.price_rows if each.id == price_id), None)
        self.price_rows = await write(prices.delete_price, self.price_model_id, price_id)
        self._empty_price()
        if row is not None:
            self._fill_price(row, row.valid_from)
            self.price_undone = True
        await self._list(again=True)
