"""The messages that a tab shows, and how a change of them comes to its page.

The history does not pass again and again: of a change of `messages` the page gets what is
new, as `message_changes` (see `_grow`), and puts it into its own copy of `messages`
(react/chat/changes.jsx).
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.state import _override_base_method
from reflex_base.constants.state import FIELD_MARKER

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.i18n import translate
from llm_ui.schemas.views import MessageView
from llm_ui.services import chats
from llm_ui.services.modes import IMAGE
from llm_ui.states.access import current_actor


class ShownMixin(rx.State, mixin=True):
    """A page of the open chat's branch; `_show_branch` is the chat state's."""

    open_chat_id: str = ""
    messages: list[MessageView] = []
    # {"n": how many since `messages` was sent whole, "after" or "before": a message's id}; the
    # page also gets "put": what follows it now, or what stands in front of it.
    message_changes: dict[str, Any] = {}
    has_earlier: bool = False
    # Whether the chat goes on below what is shown, as it does around a message that was found.
    has_later: bool = False
    # The message that was asked for by its id ("" for none); `n` tells one time from the next.
    aim: dict[str, Any] = {"n": 0, "id": ""}
    busy: bool = False
    # What is read out to those who do not see the page.
    announcement: str = ""

    _earlier: str = ""
    _later: str = ""
    # Answers that are being written below what is shown.
    _below: list[str] = []

    async def _show_branch(self, actor: Actor) -> Any:
        raise NotImplementedError

    def _follow(self, run_id: str) -> Any:
        raise NotImplementedError

    def _reach(self, earlier: str, later: str = "", below: list[str] | None = None) -> None:
        """Note what there is beyond what is shown: the ids to ask for it, and the runs below."""
        self._earlier, self.has_earlier = earlier, bool(earlier)
        self._later, self.has_later = later, bool(later)
        self._below = list(below or ()) if later else []

    def _show(self, shown: list[MessageView]) -> None:
        self.messages, self.message_changes = shown, {}

    def _grow(self, place: int, fresh: list[MessageView]) -> None:
        """Put messages in place of all from `place` on; the page gets only these.

        A page that has missed something notices it by the number or by the id, and
        loads the chat again.
        """
        shown = [*self.messages[:place], *fresh]
        self._change(shown, {"after": shown[place - 1].id} if place else {})

    def _put_in_front(self, fresh: list[MessageView]) -> None:
        """Put messages in front of all; again the page gets only these."""
        first = self.messages[0].id if self.messages else ""
        self._change([*fresh, *self.messages], {"before": first} if first else {})

    def _change(self, shown: list[MessageView], where: dict[str, Any]) -> None:
        if not where or "messages" in self.dirty_vars:
            self._show(shown)
            return
        number = self.message_changes.get("n", 0) + 1
        self.messages, self.message_changes = shown, {"n": number, **where}

    def _note_busy(self) -> None:
        # An answer may be over before its question is on the screen.
        self.busy = bool(self._below) or any(each.run_id for each in self.messages)
        if self.busy:
            # The same words twice would be no change, and so not be read out again.
            making = any(each.run_id and IMAGE in each.modes for each in self.messages)
            self.announcement = (
                translate("image.making", current_actor().language) if making else ""
            )

    @rx.event
    async def load_earlier(self) -> None:
        """Put the page of messages before the first one shown in front of it."""
        if not self._earlier:
            return
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(
                session, current_actor(), self.open_chat_id, before=self._earlier
            )
        self._put_in_front(view.messages)
        self._reach(view.earlier, self._later, self._below)

    @rx.event
    async def load_later(self) -> Any:
        """Add the page of messages after the last one shown."""
        if not self._later:
            return None
        async with unit_of_work(writes=False) as session:
            view = await chats.open_chat(
                session, current_actor(), self.open_chat_id, after=self._later
            )
        self._grow(len(self.messages), view.messages)
        self._reach(self._earlier, view.later, self._below)
        self._note_busy()
        return [self._follow(each.run_id) for each in view.running]

    @rx.event
    async def load_newest(self) -> Any:
        """Show the end of the chat instead of what is further up."""
        return await self._show_branch(current_actor()) if self._later else None

    # Without the mark Reflex refuses a method of this name; its deltas ask the override.
    @_override_base_method
    def get_delta(self) -> Any:
        """What the page gets of a change: of `messages` only what `message_changes` says,
        or the whole list when that is empty."""
        delta = super().get_delta()
        values = delta.get(self.get_full_name(), {})
        if change := values.get("message_changes" + FIELD_MARKER):
            shown = values.pop("messages" + FIELD_MARKER)
            beside = change.get("after") or change["before"]
            place = next(n for n, each in enumerate(shown) if each.id == beside)
            put = shown[place + 1 :] if "after" in change else shown[:place]
            values["message_changes" + FIELD_MARKER] = {**change, "put": put}
        return delta
