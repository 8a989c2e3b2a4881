"""What a tab does when a chat has been changed somewhere else: in another tab, on another
device, by a program."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import NotFound
from llm_ui.i18n import translate
from llm_ui.services import chats
from llm_ui.states import browser
from llm_ui.states.access import current_actor
from llm_ui.states.shown import ShownMixin
from llm_ui.states.sidebar import SidebarMixin


class CatchUpMixin(SidebarMixin, ShownMixin, mixin=True):
    """`_clear` is the chat state's."""

    def _clear(self) -> None:
        raise NotImplementedError

    @rx.event
    async def catch_up(self, chat_ids: str) -> Any:
        """Show the chats with these ids (commas between them, "" for many) as they are now.

        What the page has of them already is not sent again.
        """
        actor = current_actor()
        if not self.chats_loaded:
            # A page without chats: it loads them when it shows some.
            return None
        async with unit_of_work(writes=False) as session:
            if await self._load_window(session, actor, self.chats_start):
                self.shelf_changes += 1
        is_meant = not chat_ids or self.open_chat_id in chat_ids.split(",")
        if not (self.open_chat_id and is_meant):
            return None
        try:
            return await (self._look_below(actor) if self._later else self._show_branch(actor))
        except NotFound:
            self._clear()
            gone = browser.say("info", translate("chats.gone", actor.language), "gone")
            return [gone, rx.redirect("/chat", replace=True)]

    async def _look_below(self, actor: Actor) -> Any:
        """Who reads further up stays there; what they hear of is an answer that is written."""
        async with unit_of_work(writes=False) as session:
            end = await chats.open_chat(session, actor, self.open_chat_id, limit=2)
        self.chat_title = end.head.title
        self._reach(self._earlier, self._later, [each.run_id for each in end.running])
        self._note_busy()
        return [self._follow(each.run_id) for each in end.running]
