"""The Models admin page: the list, and actions on one or several of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import reflex as rx

from llm_ui.i18n import translate
from llm_ui.schemas.catalogue.models import ModelDraft, ModelFilters, ModelRow, Named
from llm_ui.services.catalogue import model_admin, model_types, model_views
from llm_ui.services.catalogue.models import IMAGES
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.catalogue.media import MediaMixin
from llm_ui.states.catalogue.model_form import ModelFormMixin
from llm_ui.states.catalogue.model_prices import ModelPricesMixin
from llm_ui.states.catalogue.model_types import ModelTypesMixin
from llm_ui.states.handlers import handler, news, read, write
from llm_ui.states.listing import Filtering, Slice
from llm_ui.states.socket.access import current_actor

VIEWS = ("models", "types")
STATES = ("", "on", "off", "gone", "unpriced")


def _focus(model_id: str, way: str) -> Reply:
    """Return the focus to the button that moved a model or, if the model is now first or last, to
    the other button."""
    other = "down" if way == "up" else "up"
    return browser.call("focus-either", f"model-{way}-{model_id}", f"model-{other}-{model_id}")


class AIModelState(
    Filtering, ModelFormMixin, ModelTypesMixin, ModelPricesMixin, MediaMixin, rx.State
):
    """The models in the list, and actions on them."""

    view: str = "models"
    by_provider: str = ""
    by_type: str = ""
    by_state: str = ""
    items: list[ModelRow] = []
    total: int = 0
    provider_names: list[Named] = []
    picked: list[str] = []
    # For screen readers: the new position of a moved model.
    announced: str = ""

    @rx.var
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.query or self.by_provider or self.by_type or self.by_state)

    @rx.var
    def in_order(self) -> bool:
        """Whether adjacent rows of the list are also adjacent in the models' order."""
        return not (self.query or self.by_type or self.by_state)

    # --- the list -------------------------------------------------------------------------

    def _choices(self) -> Mapping[str, Collection[str]]:
        return {
            "by_provider": {"", *(each.id for each in self.provider_names)},
            "by_type": {"", model_views.NONE, *(each.id for each in self.types)},
            "by_state": STATES,
        }

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        filters = ModelFilters(self.query, self.by_provider, self.by_type, self.by_state)
        if self.on_media:
            filters = ModelFilters(type_id=self.image_type_id)
        page = await read(model_views.list_models, filters, cursor=cursor, limit=limit)
        self.total = page.total
        return page

    def _take(self, page: Slice, *, more: bool = False) -> None:
        super()._take(page, more=more)
        here = {each.id for each in self.items}
        self.picked = [each for each in self.picked if each in here]

    @handler("admin")
    async def load_models(self) -> None:
        """on_load of the page."""
        self.on_media = False
        self.items, self.picked, self.announced = [], [], ""
        self.provider_names = await read(model_views.provider_names)
        self.types = await read(model_types.list_types)
        wanted = self.router.url.query_parameters.get("provider", "")
        self.by_provider = wanted[:64] or self.by_provider
        if self.by_provider not in self._choices()["by_provider"]:
            self.by_provider = ""
        await self._list()

    @handler("admin")
    async def load_media(self) -> None:
        """on_load of the page of media: the image models."""
        self.on_media, self.loaded, self.items = True, False, []
        self.media_providers = await read(model_views.image_providers)
        self.types = await read(model_types.list_types)
        made = next((each.id for each in self.types if each.slug == IMAGES), "")
        self.image_type_id = made or model_views.NONE
        await self._list()

    @handler("admin")
    def show_view(self, view: str) -> None:
        """Switch to the models or the types."""
        if view in VIEWS:
            self.view = view

    # --- one of them ----------------------------------------------------------------------

    @handler("admin")
    async def switch_model(self, model_id: str, on: bool) -> None:
        """Activate or deactivate a model; running answers aren't interrupted."""
        try:
            await write(model_admin.switch_models, [model_id], on)
        finally:
            await self._list(again=True)

    @handler("admin")
    async def make_default(self, model_id: str, on: bool) -> Reply:
        """Use a model for new chats by default, or stop doing so."""
        changed = await write(model_admin.update_model, model_id, ModelDraft(is_default=on))
        await self._list(again=True)
        key = "models.made_default" if on else "models.unmade_default"
        return news(key, name=changed.row.name)

    @handler("admin")
    async def move_model(self, model_id: str, way: str) -> Reply:
        """Move a model among those of its provider: up, down, or to the top."""
        drafts = {
            "up": ModelDraft(steps=-1),
            "down": ModelDraft(steps=1),
            "top": ModelDraft(place=1),
        }
        if way not in drafts:
            return None
        moved = await write(model_admin.update_model, model_id, drafts[way])
        await self._list(again=True)
        self.announced = translate(
            "models.moved",
            current_actor().language,
            name=moved.row.name,
            place=moved.place,
            places=moved.places,
        )
        return _focus(moved.row.id, way) if way != "top" else None

    # --- many at once ---------------------------------------------------------------------

    @handler("admin")
    def pick(self, model_id: str, on: bool) -> None:
        """Select or deselect a model for bulk actions."""
        others = [each for each in self.picked if each != model_id]
        known = on and any(each.id == model_id for each in self.items)
        self.picked = [*others, model_id] if known else others

    @handler("admin")
    def pick_all(self, on: bool) -> None:
        """Select all models shown, or none."""
        self.picked = [each.id for each in self.items][: model_admin.AT_ONCE] if on else []

    @handler("admin")
    async def switch_picked(self, on: bool) -> Reply:
        """Activate or deactivate the selected models."""
        count = await write(model_admin.switch_models, self.picked, on)
        await self._list(again=True)
        return news("models.switched_on" if on else "models.switched_off", count=count)

    @handler("admin")
    async def price_picked(self) -> Reply:
        """Set the list price of the selected models that have no price."""
        count = await write(model_admin.use_listed_prices, self.picked)
        await self._list(again=True)
        return news("models.priced", count=count)
