"""How the next question is asked: the switches beside the composer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.schemas.media import ImageModelItem
from llm_ui.schemas.views import MessageView, ModelItem
from llm_ui.services import browsing, media, models
from llm_ui.services.modes import IMAGE, MODES
from llm_ui.states.access import current_actor


class ModesMixin(rx.State, mixin=True):
    """Which modes are on, for the next question of this chat. An image is made in a mode of
    its own, by a model of its own."""

    modes: list[str] = []
    can_search: bool = False
    image_models: list[ImageModelItem] = []
    image_model_id: str = ""
    image_model_name: str = ""
    # Whether the chosen model can look at images, and one that can.
    model_sees: bool = True
    seeing_id: str = ""
    seeing_name: str = ""
    # What is known already to be the model used last.
    _used_model_id: str = ""

    async def _note_used(self, actor: Actor, model_id: str) -> None:
        """The next chat starts with the model that was chosen or asked last."""
        if model_id != self._used_model_id:
            self._used_model_id = model_id
            async with unit_of_work() as session:
                await models.note_used(session, actor, model_id)

    async def _load_image_models(self, session: Any) -> None:
        """What makes images; without any the mode is not offered."""
        self.image_models = await media.list_image_models(session)
        self._choose_image_model(self.image_model_id)

    def _choose_image_model(self, model_id: str) -> None:
        found = next((each for each in self.image_models if each.id == model_id), None)
        chosen = found or next(iter(self.image_models), None)
        self.image_model_id = chosen.id if chosen else ""
        self.image_model_name = chosen.name if chosen else ""
        if chosen is None:
            self.modes = [each for each in self.modes if each != IMAGE]

    def _note_sight(self, known: list[ModelItem], chosen: ModelItem | None) -> None:
        """Who can look at images: said before some are sent to a model that cannot."""
        self.model_sees = chosen is None or chosen.sees
        other = next((each for each in known if each.sees and each.available), None)
        self.seeing_id = other.id if other else ""
        self.seeing_name = other.name if other else ""

    def _load_modes(self, shown: list[MessageView]) -> None:
        """As the chat's last question was asked."""
        asked = next((each.modes for each in reversed(shown) if each.role == "user"), [])
        offered = MODES if self.image_models else [each for each in MODES if each != IMAGE]
        self.modes = [mode for mode in asked if mode in offered]
        self.can_search = browsing.can_search()

    @rx.event
    async def toggle_mode(self, mode: str) -> None:
        """Switch a mode on or off for the questions to come."""
        current_actor()
        if mode in self.modes:
            self.modes = [each for each in self.modes if each != mode]
        elif mode == IMAGE:
            async with unit_of_work(writes=False) as session:
                await self._load_image_models(session)
            self.modes = [IMAGE] if self.image_models else self.modes
        elif mode in MODES:
            self.modes = [*(each for each in self.modes if each != IMAGE), mode]

    @rx.event
    async def choose_image_model(self, model_id: str) -> None:
        """Have the next images made by this model."""
        current_actor()
        self._choose_image_model(model_id)
