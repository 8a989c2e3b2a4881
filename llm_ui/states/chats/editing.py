"""Edited questions, retried answers, and ratings."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.services.answers import runs
from llm_ui.services.chats import branches, messages
from llm_ui.states.browser import Reply
from llm_ui.states.chats.branches import show_branch
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell

# Variations of a retry: sampling parameters for that one answer.
VARIATIONS: dict[str, dict[str, float]] = {
    "": {},
    "focused": {"temperature": 0.2},
    "varied": {"temperature": 1.0},
}


class EditingState(rx.State):
    """Handlers for single messages; OpenChatState holds what they show."""

    @rx.event
    async def edit_message(self, message_id: str, text: str, key: str) -> Reply:
        """Edit a question and ask it again. The page generates `key`, as for a new question."""
        actor = current_actor()
        try:
            asked = await runs.edit(actor, message_id, text, key or None)
        except AppError as error:
            return tell(error)
        return await show_branch(self, actor, asked.chat_id)

    @rx.event
    async def retry(self, message_id: str, model_id: str = "", variation: str = "") -> Reply:
        """Retry an answer, with another model if one is given; the existing answer is kept as
        another version."""
        actor = current_actor()
        params = VARIATIONS.get(variation, {})
        try:
            asked = await runs.retry(actor, message_id, model_id or None, params)
        except AppError as error:
            return tell(error)
        return await show_branch(self, actor, asked.chat_id)

    @rx.event
    async def rate_answer(self, message_id: str, value: int) -> Reply:
        """Rate an answer as good (1) or bad (-1); the same rating again removes it."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                message = await messages.get_message_for(session, actor, message_id)
                wanted = 0 if message.feedback == value else value
                await branches.rate(session, actor, message_id, wanted)
            async with unit_of_work(writes=False) as session:
                fresh = await messages.get_view(session, actor, message_id)
        except AppError as error:
            return tell(error)
        (await self.get_state(OpenChatState))._replace(fresh)
        return None
