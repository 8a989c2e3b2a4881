"""Sending a question, and showing it on the page."""

from __future__ import annotations

from dataclasses import replace

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import ModelUnavailable
from llm_ui.schemas.chats.chats import Asked, AskOptions
from llm_ui.services.answers import runs
from llm_ui.services.catalogue.capabilities import IMAGE, THINKING
from llm_ui.services.chats import chats
from llm_ui.states.answers.following import follow
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.answers.modes import ModesState
from llm_ui.states.browser import Reply
from llm_ui.states.chats.branches import show_branch
from llm_ui.states.chats.chat_settings import ChatSettingsState
from llm_ui.states.chats.opening import note_shown
from llm_ui.states.files.chat_files import ChatFilesState
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState


async def ask(state: rx.State, actor: Actor, text: str, key: str) -> Asked:
    """Ask a question in the open chat, or in a new one, with the page's options. Clears its
    attached files.

    Raises:
        AppError: the question was refused; see `runs.ask`.
    """
    chat, choice = await state.get_state(OpenChatState), await state.get_state(ModelChoiceState)
    files = await state.get_state(ChatFilesState)
    options = await _options(state)
    files.attachment_ids = []
    try:
        return await runs.ask(
            actor,
            text,
            chat_id=chat.open_chat_id or None,
            model_id=choice.model_id or None,
            key=key or None,
            options=options,
        )
    except ModelUnavailable:
        await choice._look_for_models(actor, chat.messages)
        raise


async def _options(state: rx.State) -> AskOptions:
    chat, choice = await state.get_state(OpenChatState), await state.get_state(ModelChoiceState)
    modes, files = await state.get_state(ModesState), await state.get_state(ChatFilesState)
    settings = await state.get_state(ChatSettingsState)
    # "thinking" stays on while a model without reasoning is tried.
    chosen = (mode for mode in modes.modes if mode != THINKING or choice.model_thinks)
    options = AskOptions(
        modes=tuple(chosen),
        file_ids=tuple(files.attachment_ids),
        temporary=chat.temporary,
        project_id=chat.chat_project_id,
        settings=dict(settings._draft),
    )
    if IMAGE in modes.modes:
        # The second model is for text, and doesn't apply to images.
        return replace(options, image_model_id=modes.image_model_id)
    return replace(options, also_model_id=choice.also_model_id)


async def show_asked(state: rx.State, actor: Actor, asked: Asked) -> Reply:
    """Show an accepted question. Returns the events that follow its answers and, for a new chat,
    open it."""
    chat, choice = await state.get_state(OpenChatState), await state.get_state(ModelChoiceState)
    await choice._note_used(actor, choice.model_id)
    is_new = asked.chat_id != chat.open_chat_id
    if not asked.shown:
        asked = await _asked_before(actor, asked)
    await runs.until_asked(asked.run_id)
    if not is_new and (chat._later or any(each.pair for each in chat.messages)):
        # The page is scrolled up, or showed a comparison: asking on keeps one of its answers.
        return await show_branch(state, actor, asked.chat_id)
    known = {each.id for each in chat.messages}
    fresh = [each for each in asked.shown if each.id not in known]
    chat._grow(0 if is_new else len(chat.messages), fresh)
    chat.open_chat_id, chat.chat_title, chat.loading = asked.chat_id, asked.title, False
    chat._note_busy()
    note_shown(chat)
    if not chat.temporary:
        sidebar = await state.get_state(SidebarState)
        sidebar._touch(asked.chat_id, asked.title, asked.updated_at, running=chat.busy)
    events = [follow(run_id) for run_id in (asked.run_id, asked.also_run_id) if run_id]
    if not is_new:
        return events
    # The empty chat page becomes that chat, but people may go back to a project's page.
    is_here = state.router.url.path.startswith("/chat")
    return [*events, rx.redirect(f"/chat/{asked.chat_id}", replace=is_here)]


async def _asked_before(actor: Actor, asked: Asked) -> Asked:
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(session, actor, asked.chat_id, limit=2)
    head, shown = view.head, tuple(view.messages)
    return replace(asked, shown=shown, title=head.title, updated_at=head.updated_at)
