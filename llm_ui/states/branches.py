"""What the person does with single messages: other words, other answers, other branches."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.schemas.chats import Asked
from llm_ui.services import branches, messages, runs
from llm_ui.states.access import current_actor
from llm_ui.states.feedback import tell
from llm_ui.states.shown import ShownMixin

# "Answer again" with another mood: sampling for that one answer.
VARIATIONS: dict[str, dict[str, float]] = {
    "": {},
    "focused": {"temperature": 0.2},
    "varied": {"temperature": 1.0},
}


class BranchMixin(ShownMixin, mixin=True):
    """Handlers of single messages."""

    also_model_id: str = ""
    also_model_name: str = ""

    async def _asked(self, actor: Actor, asked: Asked) -> Any:
        return await self._show_branch(actor) if asked.chat_id == self.open_chat_id else None

    @rx.event
    async def edit_message(self, message_id: str, text: str, key: str) -> Any:
        """Ask a question in other words. `key` is made by the page, as for a new one."""
        actor = current_actor()
        try:
            asked = await runs.edit(actor, message_id, text, key or None)
        except AppError as error:
            return tell(error)
        return await self._asked(actor, asked)

    @rx.event
    async def retry(self, message_id: str, model_id: str = "", variation: str = "") -> Any:
        """Have an answer written again, by another model if one is named; the one that is
        there stays beside it."""
        actor = current_actor()
        params = VARIATIONS.get(variation, {})
        try:
            asked = await runs.retry(actor, message_id, model_id or None, params)
        except AppError as error:
            return tell(error)
        return await self._asked(actor, asked)

    @rx.event
    async def show_message(self, message_id: str) -> Any:
        """Go on with the branch of a message that stands beside one that is shown."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                head = await branches.show(session, actor, message_id)
        except AppError as error:
            return tell(error)
        return await self._show_branch(actor) if head.id == self.open_chat_id else None

    @rx.event
    async def keep_answer(self, message_id: str) -> Any:
        """Of two answers side by side, go on with this one, and with its model alone."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                head = await branches.keep(session, actor, message_id)
        except AppError as error:
            return tell(error)
        self.also_model_id = self.also_model_name = ""
        return await self._show_branch(actor) if head.id == self.open_chat_id else None

    @rx.event
    async def fork_chat(self, message_id: str) -> Any:
        """Copy the conversation up to a message into a new chat, and open it."""
        try:
            async with unit_of_work() as session:
                head = await branches.fork(session, current_actor(), message_id)
        except AppError as error:
            return tell(error)
        return rx.redirect(f"/chat/{head.id}")

    @rx.event
    async def rate_answer(self, message_id: str, value: int) -> Any:
        """Say that an answer was good (1) or bad (-1); saying so again takes it back."""
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
        place = next((n for n, each in enumerate(self.messages) if each.id == message_id), None)
        if place is not None:
            self._grow(place, [fresh, *self.messages[place + 1 :]])
        return None
