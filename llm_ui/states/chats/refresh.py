"""Refreshes a tab after a chat has been changed elsewhere: in another tab, on another device or by
a program."""

from __future__ import annotations

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import NotFound
from llm_ui.i18n import translate
from llm_ui.services.chats import chats
from llm_ui.states import browser
from llm_ui.states.answers.following import follow_all
from llm_ui.states.browser import Reply
from llm_ui.states.chats.branches import show_branch
from llm_ui.states.chats.opening import close_chat
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.socket.access import current_actor


class RefreshState(rx.State):
    """The handler for change notifications; OpenChatState and SidebarState hold what it shows."""

    @rx.event
    async def catch_up(self, chat_ids: str) -> Reply:
        """Refresh the chats with these IDs (separated by commas, "" for many).

        Messages that the page already has are not sent again.
        """
        actor = current_actor()
        sidebar = await self.get_state(SidebarState)
        if not sidebar.chats_loaded:
            # This page shows no chats; it loads them when it does.
            return None
        async with unit_of_work(writes=False) as session:
            if await sidebar._load_window(session, actor, sidebar.chats_start):
                sidebar.changes += 1
        chat = await self.get_state(OpenChatState)
        is_meant = not chat_ids or chat.open_chat_id in chat_ids.split(",")
        if not (chat.open_chat_id and is_meant):
            return None
        try:
            if chat._later:
                return await self._look_below(actor, chat)
            return await show_branch(self, actor, chat.open_chat_id)
        except NotFound:
            await close_chat(self)
            gone = browser.say("info", translate("chats.gone", actor.language), "gone")
            return [gone, rx.redirect("/chat", replace=True)]

    async def _look_below(self, actor: Actor, chat: OpenChatState) -> Reply:
        """Keep the view where it is if the reader has scrolled up, and only follow answers that are
        being written below."""
        async with unit_of_work(writes=False) as session:
            end = await chats.open_chat(session, actor, chat.open_chat_id, limit=2)
        chat.chat_title = end.head.title
        chat._reach(chat._earlier, chat._later, [each.run_id for each in end.running])
        chat._note_busy()
        return follow_all(end.running)
