"""The admin's page of models: the list, what is done with one of them, or with many."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.errors import AppError
from llm_ui.i18n import translate
from llm_ui.schemas.models import ModelDraft, ModelFilters, ModelRow, Named
from llm_ui.services import model_admin, model_types, model_views
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.ai_model_form import ModelFormMixin
from llm_ui.states.ai_model_prices import ModelPricesMixin
from llm_ui.states.ai_types import ModelTypesMixin
from llm_ui.states.feedback import tell

VIEWS = ("models", "types")
STATES = ("", "on", "off", "gone", "unpriced")
QUERY_LIMIT = 200


def _focus(model_id: str, way: str) -> Any:
    """Back to the button that moved a model, or, at an end, to its neighbour."""
    other = "down" if way == "up" else "up"
    return browser.call("focus-either", f"model-{way}-{model_id}", f"model-{other}-{model_id}")


class AIModelState(ModelFormMixin, ModelTypesMixin, ModelPricesMixin, rx.State):
    """The models that are listed, and what is done with them."""

    loaded: bool = False
    view: str = "models"
    query: str = ""
    # The field keeps what is typed itself: a new number makes it anew.
    cleared: int = 0
    by_provider: str = ""
    by_type: str = ""
    by_state: str = ""
    items: list[ModelRow] = []
    total: int = 0
    has_more: bool = False
    provider_names: list[Named] = []
    picked: list[str] = []
    # For those who do not see where a model went.
    announced: str = ""

    _next: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.query or self.by_provider or self.by_type or self.by_state)

    @rx.var
    def in_order(self) -> bool:
        """Whether neighbours in the list are neighbours in the order."""
        return not (self.query or self.by_type or self.by_state)

    # --- the list -------------------------------------------------------------------------

    async def _page(
        self, session: Session, actor: Actor, cursor: str | None, limit: int = model_views.PAGE
    ) -> None:
        filters = ModelFilters(self.query, self.by_provider, self.by_type, self.by_state)
        page = await model_views.list_models(session, actor, filters, cursor=cursor, limit=limit)
        known = {each.id for each in self.items} if cursor else set()
        fresh = [each for each in page.items if each.id not in known]
        self.items = [*self.items, *fresh] if cursor else fresh
        self.total, self._next = page.total, page.next_cursor or ""
        self.has_more = bool(self._next)
        here = {each.id for each in self.items}
        self.picked = [each for each in self.picked if each in here]
        self.loaded = True

    async def _list(self, *, anew: bool = False) -> None:
        """As many as are shown already, or a first page."""
        limit = model_views.PAGE if anew else max(len(self.items), model_views.PAGE)
        async with unit_of_work(writes=False) as session:
            await self._page(session, current_actor(), None, limit)

    @rx.event
    @admin
    async def load_models(self) -> None:
        """on_load of the page."""
        actor = current_actor()
        self.items, self.picked, self.announced = [], [], ""
        wanted = self.router.url.query_parameters.get("provider", "")
        async with unit_of_work(writes=False) as session:
            self.provider_names = await model_views.provider_names(session, actor)
            self.types = await model_types.list_types(session, actor)
            if wanted:
                self.by_provider = wanted[:64]
            if self.by_provider not in {each.id for each in self.provider_names}:
                self.by_provider = ""
            await self._page(session, actor, None)

    @rx.event
    @admin
    def show_view(self, view: str) -> None:
        """Show the models or the types."""
        if view in VIEWS:
            self.view = view

    @rx.event
    @admin
    async def look_for(self, query: str) -> None:
        """Show what fits these words; without any, all."""
        self.query = query[:QUERY_LIMIT]
        await self._list(anew=True)

    @rx.event
    @admin
    async def narrow(self, name: str, value: str) -> None:
        """Set one of the filters provider, type and state; "" lets it go."""
        known = {
            "provider": {"", *(each.id for each in self.provider_names)},
            "type": {"", model_views.NONE, *(each.id for each in self.types)},
            "state": set(STATES),
        }
        if value in known.get(name, ()):
            setattr(self, f"by_{name}", value)
            await self._list(anew=True)

    @rx.event
    @admin
    async def clear_filters(self) -> None:
        """Let go of the words and all filters."""
        self.query = self.by_provider = self.by_type = self.by_state = ""
        self.cleared += 1
        await self._list(anew=True)

    @rx.event
    @admin
    async def load_more(self) -> None:
        """Add the next page."""
        if self._next:
            async with unit_of_work(writes=False) as session:
                await self._page(session, current_actor(), self._next)

    # --- one of them ----------------------------------------------------------------------

    def _news(self, key: str, **params: object) -> Any:
        return browser.say("success", translate(key, current_actor().language, **params), key)

    @rx.event
    @admin
    async def switch_model(self, model_id: str, on: bool) -> Any:
        """Offer a model, or stop offering it; answers that are being written are not cut off."""
        try:
            async with unit_of_work() as session:
                await model_admin.switch_models(session, current_actor(), [model_id], on)
        except AppError as error:
            await self._list()
            return tell(error)
        await self._list()
        return None

    @rx.event
    @admin
    async def make_default(self, model_id: str, on: bool) -> Any:
        """Begin new chats with a model, or no longer."""
        try:
            async with unit_of_work() as session:
                draft = ModelDraft(is_default=on)
                changed = await model_admin.update_model(session, current_actor(), model_id, draft)
        except AppError as error:
            return tell(error)
        await self._list()
        key = "models.made_default" if on else "models.unmade_default"
        return self._news(key, name=changed.row.name)

    @rx.event
    @admin
    async def move_model(self, model_id: str, way: str) -> Any:
        """Move a model within its provider: up, down, or to the top."""
        drafts = {
            "up": ModelDraft(steps=-1), "down": ModelDraft(steps=1), "top": ModelDraft(place=1),
        }  # fmt: skip
        if way not in drafts:
            return None
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                moved = await model_admin.update_model(session, actor, model_id, drafts[way])
        except AppError as error:
            return tell(error)
        await self._list()
        self.announced = translate(
            "models.moved", actor.language, name=moved.row.name, place=moved.place,
            places=moved.places,
        )  # fmt: skip
        return _focus(moved.row.id, way) if way != "top" else None

    # --- many at once ---------------------------------------------------------------------

    @rx.event
    @admin
    def pick(self, model_id: str, on: bool) -> None:
        """Choose a model for what is done with many, or let it go."""
        others = [each for each in self.picked if each != model_id]
        known = on and any(each.id == model_id for each in self.items)
        self.picked = [*others, model_id] if known else others

    @rx.event
    @admin
    def pick_all(self, on: bool) -> None:
        """Choose all that are shown, or none."""
        self.picked = [each.id for each in self.items][: model_admin.AT_ONCE] if on else []

    @rx.event
    @admin
    async def switch_picked(self, on: bool) -> Any:
        """Offer those that are chosen, or stop offering them."""
        try:
            async with unit_of_work() as session:
                count = await model_admin.switch_models(session, current_actor(), self.picked, on)
        except AppError as error:
            return tell(error)
        await self._list()
        return self._news("models.switched_on" if on else "models.switched_off", count=count)

    @rx.event
    @admin
    async def price_picked(self) -> Any:
        """Give those that are chosen and have no price the one of the bundled list."""
        try:
            async with unit_of_work() as session:
                count = await model_admin.use_listed_prices(session, current_actor(), self.picked)
        except AppError as error:
            return tell(error)
        await self._list()
        return self._news("models.priced", count=count)
