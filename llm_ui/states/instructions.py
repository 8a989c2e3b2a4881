"""What the open chat is told beside its own instructions, and how a chat begins in a project."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.views import InstructionsView, ModelItem
from llm_ui.services import instructions, models
from llm_ui.states.access import current_actor


class InstructionsMixin(rx.State, mixin=True):
    """Looked up when the settings are opened: long texts are not sent with every chat."""

    instructions: InstructionsView = InstructionsView()

    chat_project_id: str = ""
    models: list[ModelItem] = []

    @rx.event
    async def look_at_instructions(self) -> None:
        """The settings are opened: what holds beside what they say?"""
        async with unit_of_work(writes=False) as session:
            self.instructions = await instructions.around_chat(
                session, current_actor(), self.chat_project_id
            )

    @rx.event
    async def load_in_project(self) -> None:
        """on_load of a project's page, behind the list of chats: a question asked there begins
        a chat in it."""
        actor = current_actor()
        async with unit_of_work(writes=False) as session:
            self.models = await models.list_models(session, actor)
            chosen = await models.default_model_id(session, actor)
        self._choose(chosen)  # type: ignore[attr-defined]  # ChatState's
        # The route's argument, which Reflex keeps in the root state.
        self._note_project(str(getattr(self, "folder_id", "") or ""))  # type: ignore[attr-defined]
