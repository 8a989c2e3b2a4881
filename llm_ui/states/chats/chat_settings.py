"""The settings of the open chat, and whether a new one will be a temporary chat."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput
from llm_ui.schemas.chats.views import InstructionsView, SettingsView
from llm_ui.services.answers import instructions
from llm_ui.services.catalogue import chat_settings
from llm_ui.services.chats import chats
from llm_ui.states import browser
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.browser import Reply
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import words_of

FORM_LIMIT = 200_000


class ChatSettingsState(rx.State):
    """Settings of a chat that doesn't exist yet are kept in the tab until its first question."""

    settings: SettingsView = SettingsView()
    settings_error: str = ""
    # Loaded when the settings are opened, so that long texts aren't sent with every chat.
    instructions: InstructionsView = InstructionsView()

    _draft: dict[str, object] = {}

    def _load(self, settings: Mapping[str, object]) -> None:
        """Show the settings of a chat; {} for a new one."""
        self.settings, self._draft = chat_settings.view_of(settings), {}

    @rx.event
    async def look_at_instructions(self) -> None:
        """Load the other instructions that apply, when the settings are opened."""
        project_id = (await self.get_state(OpenChatState)).chat_project_id
        async with unit_of_work(writes=False) as session:
            self.instructions = await instructions.around_chat(session, current_actor(), project_id)

    @rx.event
    async def save_settings(self, form: str) -> Reply:
        """Replace the chat's settings with the form's fields, given as JSON."""
        actor = current_actor()
        chat_id = (await self.get_state(OpenChatState)).open_chat_id
        try:
            cleaned = chat_settings.from_form(_fields(form))
            if chat_id:
                async with unit_of_work() as session:
                    await chats.change_settings(session, actor, chat_id, cleaned)
            else:
                self._draft = cleaned
        except AppError as error:
            # Shown in the dialog itself, which covers all notifications.
            self.settings_error = words_of(error)
            return None
        self.settings, self.settings_error = chat_settings.view_of(cleaned), ""
        await (await self.get_state(ModelChoiceState))._measure(actor)
        return browser.shut("settings-dialog")

    @rx.event
    async def toggle_temporary(self) -> None:
        """Set whether the next question starts a temporary chat."""
        chat = await self.get_state(OpenChatState)
        if not chat.open_chat_id:
            chat.temporary = not chat.temporary


def _fields(form: str) -> Mapping[str, object]:
    if len(form) > FORM_LIMIT:
        raise InvalidInput("error.request_invalid", field="settings")
    try:
        fields = orjson.loads(form)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidInput("error.request_invalid", field="settings")
    return fields
