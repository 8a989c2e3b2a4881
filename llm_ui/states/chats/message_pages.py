"""Further pages of messages, loaded as the reader scrolls."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.services.chats import chats
from llm_ui.states.answers.following import follow_all
from llm_ui.states.browser import Reply
from llm_ui.states.chats.branches import show_branch
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.socket.access import current_actor


class MessagePagesState(rx.State):
    """Handlers for further pages; OpenChatState holds what they show."""

    @rx.event
    async def load_earlier(self) -> None:
        """Prepend the page of messages before the first one shown."""
        chat = await self.get_state(OpenChatState)
        if not chat._earlier:
            return
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(
                session, current_actor(), chat.open_chat_id, before=chat._earlier
            )
        chat._put_in_front(view.messages)
        chat._reach(view.earlier, chat._later, chat._below)

    @rx.event
    async def load_later(self) -> Reply:
        """Append the page of messages after the last one shown."""
        chat = await self.get_state(OpenChatState)
        if not chat._later:
            return None
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(
                session, current_actor(), chat.open_chat_id, after=chat._later
            )
        chat._grow(len(chat.messages), view.messages)
        chat._reach(chat._earlier, view.later, chat._below)
        chat._note_busy()
        return follow_all(view.running)

    @rx.event
    async def load_newest(self) -> Reply:
        """Jump to the end of the chat."""
        chat = await self.get_state(OpenChatState)
        if not chat._later:
            return None
        return await show_branch(self, current_actor(), chat.open_chat_id)
