"""The branches of the open chat: switching, keeping an answer, copying into a new chat."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError
from llm_ui.services.chats import branches, chats
from llm_ui.states.answers.following import follow_all
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.browser import Reply
from llm_ui.states.chats.chat_settings import ChatSettingsState
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.feedback import tell


class BranchesState(rx.State):
    """Handlers for branches; OpenChatState holds what they show."""

    @rx.event
    async def show_message(self, message_id: str) -> Reply:
        """Switch to the branch of another version of a message that is shown."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                head = await branches.show(session, actor, message_id)
        except AppError as error:
            return tell(error)
        return await show_branch(self, actor, head.id)

    @rx.event
    async def keep_answer(self, message_id: str) -> Reply:
        """Keep one answer of a comparison, and continue with its model only."""
        actor = current_actor()
        try:
            async with unit_of_work() as session:
                head = await branches.keep(session, actor, message_id)
        except AppError as error:
            return tell(error)
        (await self.get_state(ModelChoiceState))._drop_second()
        return await show_branch(self, actor, head.id)

    @rx.event
    async def fork_chat(self, message_id: str) -> Reply:
        """Copy the conversation up to a message into a new chat, and open it."""
        try:
            async with unit_of_work() as session:
                head = await branches.fork(session, current_actor(), message_id)
        except AppError as error:
            return tell(error)
        return rx.redirect(f"/chat/{head.id}")


async def show_branch(state: rx.State, actor: Actor, chat_id: str) -> list[EventSpec]:
    """Show a chat's current branch, if the tab of `state` shows that chat; messages that the page
    already has are not sent again. Returns the events that follow its running answers.

    Raises:
        NotFound: the chat has been deleted.
    """
    chat = await state.get_state(OpenChatState)
    if chat_id != chat.open_chat_id:
        return []
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(session, actor, chat_id)
    known = [each.id for each in chat.messages]
    first = view.messages[0].id if view.messages else ""
    if first in known:
        fresh = [*chat.messages[: known.index(first)], *view.messages]
    else:
        fresh = view.messages
    chat._reach(chat._earlier if first in known else view.earlier)
    same = 0
    for shown, wanted in zip(chat.messages, fresh, strict=False):
        if shown != wanted:
            break
        same += 1
    chat._grow(same, fresh[same:])
    head = view.head
    choice = await state.get_state(ModelChoiceState)
    choice._choose(head.model_id, view.messages)
    chat.chat_title = head.title
    (await state.get_state(ChatSettingsState))._load(head.settings)
    chat._note_busy()
    if not chat.temporary:
        sidebar = await state.get_state(SidebarState)
        sidebar._touch(head.id, head.title, head.updated_at, running=chat.busy)
    await choice._measure(actor)
    return follow_all(view.running)
