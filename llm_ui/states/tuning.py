"""How the open chat is asked: its settings, a second model, whether it is temporary, and
how full the model's window is."""

from __future__ import annotations

from typing import Any

import orjson
import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.chats import AskOptions
from llm_ui.schemas.views import ContextView, ModelItem, SettingsView
from llm_ui.services import chat_settings, chats, context, models
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell, words_of

FORM_LIMIT = 200_000


class TuningMixin(rx.State, mixin=True):
    """For a chat that is not there yet, settings wait in the tab for its first question."""

    settings: SettingsView = SettingsView()
    settings_error: str = ""
    context: ContextView = ContextView()
    model_accepts: list[str] = []
    # What an admin has set for the model: parameters as texts, and whether it is instructed.
    model_defaults: dict[str, str] = {}
    model_instructed: bool = False
    temporary: bool = False
    also_model_id: str = ""
    also_model_name: str = ""

    open_chat_id: str = ""
    models: list[ModelItem] = []
    model_id: str = ""
    _draft: dict[str, Any] = {}

    def _ask_options(self) -> AskOptions:
        return AskOptions(
            also_model_id=self.also_model_id,
            temporary=self.temporary,
            settings=dict(self._draft),
        )

    @rx.event
    async def save_settings(self, form: str) -> Any:
        """Set the chat's settings, all at once: the form's fields as JSON."""
        actor = current_actor()
        try:
            cleaned = chat_settings.from_form(_fields(form))
            if self.open_chat_id:
                async with unit_of_work() as session:
                    await chats.change_settings(session, actor, self.open_chat_id, cleaned)
            else:
                self._draft = cleaned
        except AppError as error:
            # In the dialog itself, which lies above all other news.
            self.settings_error = words_of(error)
            return None
        self.settings, self.settings_error = chat_settings.view_of(cleaned), ""
        await self._measure(actor)
        return browser.shut("settings-dialog")

    @rx.event
    def toggle_temporary(self) -> None:
        """Whether the chat that begins with the next question is a temporary one."""
        if not self.open_chat_id:
            self.temporary = not self.temporary

    @rx.event
    async def choose_also(self, model_id: str) -> Any:
        """Have a second model answer beside the first; "" for no second one."""
        if model_id:
            try:
                async with unit_of_work(writes=False) as session:
                    await models.get_model_for(session, current_actor(), model_id)
            except AppError as error:
                return tell(error)
        chosen = next((each for each in self.models if each.id == model_id), None)
        self.also_model_id = chosen.id if chosen else ""
        self.also_model_name = chosen.name if chosen else ""
        return None

    @rx.event
    async def measure_context(self) -> None:
        """After a chat was opened: how full the window is."""
        await self._measure(current_actor())

    async def _measure(self, actor: Actor) -> None:
        if not (self.open_chat_id and self.model_id):
            self.context = ContextView()
            return
        try:
            async with unit_of_work(writes=False) as session:
                self.context = await context.measure(
                    session, actor, self.open_chat_id, self.model_id
                )
        except AppError:
            # The model went away, or the chat did: there is nothing to show.
            self.context = ContextView()


def _fields(form: str) -> dict[str, Any]:
    if len(form) > FORM_LIMIT:
        raise InvalidInput("error.request_invalid", field="settings")
    try:
        fields = orjson.loads(form)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidInput("error.request_invalid", field="settings")
    return fields
