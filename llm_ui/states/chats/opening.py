"""Showing a chat, a new one, or none: combines the states of the chat page."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from llm_ui.auth import Actor
from llm_ui.db import Session, unit_of_work
from llm_ui.schemas.chats.chats import ChatView
from llm_ui.schemas.chats.views import ContextView
from llm_ui.schemas.files.files import FilesAlong
from llm_ui.services.chats import branches, chats
from llm_ui.states.answers.following import follow_all
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.answers.modes import ModesState
from llm_ui.states.browser import then
from llm_ui.states.chats import temporary
from llm_ui.states.chats.chat_settings import ChatSettingsState
from llm_ui.states.files.chat_files import ChatFilesState
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket import presence, push


async def load_lists(state: rx.State, session: Session, actor: Actor) -> None:
    """Load what there is to choose from: models, image models, chats and projects."""
    await (await state.get_state(ModelChoiceState))._load(session, actor)
    await (await state.get_state(ModesState))._load_image_models(session)
    await (await state.get_state(SidebarState))._load(session, actor)


async def begin_chat(state: rx.State, session: Session, actor: Actor, project_id: str) -> None:
    """Show a chat that doesn't exist yet, in a project if one is given."""
    await close_chat(state)
    await enter_project(state, project_id)
    await (await state.get_state(ModelChoiceState))._choose_default(session, actor)
    await (await state.get_state(ChatFilesState))._load(session, actor, "")


async def open_chat(state: rx.State, actor: Actor, chat_id: str, at: str) -> list[EventSpec]:
    """Show the end of a chat or, with `at`, the messages around the one with this ID. Returns the
    events that follow its running answers and measure its context.

    Raises:
        NotFound: there is no such chat, or it belongs to another user.
    """
    view, end = await _pages(actor, chat_id, at)
    chat, choice = await state.get_state(OpenChatState), await state.get_state(ModelChoiceState)
    files = await state.get_state(ChatFilesState)
    async with unit_of_work(writes=False) as session:
        await files._load(session, actor, chat_id)
    is_there = any(each.id == at for each in view.messages)
    chat.aim = {"n": chat.aim["n"] + 1, "id": at if is_there else ""}
    head = view.head
    if head.id != chat.open_chat_id:
        push.Watch.leave(push.socket_of(state))
        choice._drop_second()
        chat.announcement = ""
    chat.open_chat_id, chat.chat_title, chat.temporary = head.id, head.title, head.temporary
    chat.origin_id, chat.origin_title = view.origin
    note_shown(chat)
    await enter_project(state, head.project_id)
    (await state.get_state(ChatSettingsState))._load(head.settings)
    chat._show(view.messages)
    chat._reach(view.earlier, view.later, [each.run_id for each in end.running])
    choice._choose(head.model_id, end.messages)
    (await state.get_state(ModesState))._load(end.messages)
    chat.loading = False
    chat._note_busy()
    return [*follow_all(end.running), then(ModelChoiceState.measure_context)]


async def _pages(actor: Actor, chat_id: str, at: str) -> tuple[ChatView, ChatView]:
    """The page of messages to show. It always includes the end of the chat, even if only the last
    two messages.

    The next question continues what is shown: the branch of the message `at` becomes the active
    one.
    """
    async with unit_of_work(writes=False) as session:
        view = end = await chats.open_chat(session, actor, chat_id, around=at or None)
    if view.aside:
        async with unit_of_work() as session:
            await branches.show(session, actor, at)
    if view.later:
        async with unit_of_work(writes=False) as session:
            end = await chats.open_chat(session, actor, chat_id, limit=2)
    return view, end


async def close_chat(state: rx.State) -> None:
    """Show no chat."""
    chat, choice = await state.get_state(OpenChatState), await state.get_state(ModelChoiceState)
    chat._close()
    choice._drop_second()
    choice.context = ContextView()
    (await state.get_state(ChatSettingsState))._load({})
    (await state.get_state(ChatFilesState)).along = FilesAlong()
    (await state.get_state(ModesState))._load([])
    push.Watch.leave(push.socket_of(state))
    note_shown(chat)


async def enter_project(state: rx.State, project_id: str) -> None:
    """Set the project of the open chat, or of the next new chat, if it is one of the user's
    projects."""
    chat, sidebar = await state.get_state(OpenChatState), await state.get_state(SidebarState)
    project = sidebar._project(project_id)
    chat.chat_project_id, chat.chat_project_name = project.id, project.name


def note_shown(chat: OpenChatState) -> None:
    """Record which chat this tab shows."""
    socket = push.socket_of(chat)
    presence.note_chat(socket.token, chat.open_chat_id)
    if chat.temporary:
        temporary.entered(socket, chat.open_chat_id)
