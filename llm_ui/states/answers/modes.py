"""Modes for the next question: the switches beside the message field."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import Session, unit_of_work
from llm_ui.enums import MessageRole
from llm_ui.schemas.chats.views import ImageModelItem, MessageView
from llm_ui.services.answers import browsing
from llm_ui.services.catalogue import models
from llm_ui.services.catalogue.capabilities import IMAGE, MODES
from llm_ui.states.socket.access import current_actor


class ModesState(rx.State):
    """The modes that are on for the next question of this chat. Images are created in a separate
    mode, by an image model."""

    modes: list[str] = []
    can_search: bool = False
    image_models: list[ImageModelItem] = []
    image_model_id: str = ""
    image_model_name: str = ""

    async def _load_image_models(self, session: Session) -> None:
        """Load the image models; without any, the mode isn't offered."""
        self.image_models = await models.list_image_models(session, current_actor())
        self._choose_image_model(self.image_model_id)

    def _choose_image_model(self, model_id: str) -> None:
        found = next((each for each in self.image_models if each.id == model_id), None)
        chosen = found or next(iter(self.image_models), None)
        self.image_model_id = chosen.id if chosen else ""
        self.image_model_name = chosen.name if chosen else ""
        if chosen is None:
            self.modes = [each for each in self.modes if each != IMAGE]

    def _load(self, shown: list[MessageView]) -> None:
        """Set the modes of the chat's last question."""
        asked = next((each.modes for each in reversed(shown) if each.role == MessageRole.USER), [])
        offered = MODES if self.image_models else [each for each in MODES if each != IMAGE]
        self.modes = [mode for mode in asked if mode in offered]
        self.can_search = browsing.can_search()

    @rx.event
    async def toggle_mode(self, mode: str) -> None:
        """Turn a mode on or off for the next questions."""
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
        """Use this model to create the next images."""
        current_actor()
        self._choose_image_model(model_id)
