"""The chat that a tab shows, and its messages.

The history isn't resent each time: after a change of `messages`, the page gets only what is new, as
`message_changes` (see `_grow`), and merges it into its own copy of `messages`
(react/chat/changes.jsx).

Methods that the states of the chat page use among themselves begin with an underscore: a public
method would be an event handler, which any browser may call.
"""

from __future__ import annotations

from typing import Any

from llm_ui.i18n import translate
from llm_ui.reflex_internals import FIELD_MARKER, overrides_reflex
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.states.socket.access import current_actor
from llm_ui.states.socket.stream import StreamState


class OpenChatState(StreamState):
    """The shown messages of the open chat's branch. ChatState inherits these vars; other states use
    `get_state(OpenChatState)`."""

    open_chat_id: str = ""
    chat_title: str = ""
    loading: bool = True
    # Whether the open chat is temporary, or a new one will be.
    temporary: bool = False
    # The project of the open chat, or of the one to come; its name is shown above the chat.
    chat_project_id: str = ""
    chat_project_name: str = ""
    # The chat that the open one was branched from.
    origin_id: str = ""
    origin_title: str = ""

    messages: list[MessageView] = []
    # {"n": number of changes since `messages` was sent whole, "after" or "before": a message's id}.
    # The page also gets "put": the messages that now follow that one, or precede it.
    message_changes: dict[str, Any] = {}
    has_earlier: bool = False
    # Whether the chat continues below what is shown, as it may around a search result.
    has_later: bool = False
    # The message opened by its ID ("" for none); `n` distinguishes repeated requests.
    aim: dict[str, Any] = {"n": 0, "id": ""}
    busy: bool = False
    # The text for screen readers.
    announcement: str = ""

    _earlier: str = ""
    _later: str = ""
    # Runs whose answers are below what is shown.
    _below: list[str] = []

    def _close(self) -> None:
        self.open_chat_id = self.chat_title = self.announcement = ""
        self.origin_id = self.origin_title = ""
        self.temporary = False
        self._show([])
        self._reach("")
        self.busy = self.loading = False

    def _reach(self, earlier: str, later: str = "", below: list[str] | None = None) -> None:
        """Set what lies beyond what is shown: the IDs for loading it, and the runs below."""
        self._earlier, self.has_earlier = earlier, bool(earlier)
        self._later, self.has_later = later, bool(later)
        self._below = list(below or ()) if later else []

    def _place(self, message_id: str) -> int | None:
        """The index of a message that is shown, else None."""
        return next((n for n, each in enumerate(self.messages) if each.id == message_id), None)

    def _running(self, run: int) -> MessageView | None:
        """The answer that is being written by run number `run`."""
        return next((each for each in self.messages if each.run == run and each.run_id), None)

    def _show(self, shown: list[MessageView]) -> None:
        self.messages, self.message_changes = shown, {}

    def _grow(self, place: int, fresh: list[MessageView]) -> None:
        """Replace the messages from `place` on with these; only they are sent to the page.

        A page that missed a change notices that the number or the ID doesn't match, and reloads the
        chat.
        """
        shown = [*self.messages[:place], *fresh]
        self._change(shown, {"after": shown[place - 1].id} if place else {})

    def _replace(self, fresh: MessageView) -> None:
        """Update a message, if it is shown."""
        place = self._place(fresh.id)
        if place is not None:
            self._grow(place, [fresh, *self.messages[place + 1 :]])

    def _put_in_front(self, fresh: list[MessageView]) -> None:
        """Prepend messages; again, only they are sent to the page."""
        first = self.messages[0].id if self.messages else ""
        self._change([*fresh, *self.messages], {"before": first} if first else {})

    def _change(self, shown: list[MessageView], where: dict[str, Any]) -> None:
        if not where or "messages" in self.dirty_vars:
            self._show(shown)
            return
        number = self.message_changes.get("n", 0) + 1
        self.messages, self.message_changes = shown, {"n": number, **where}

    def _note_busy(self) -> None:
        # A run may end before its question is shown.
        self.busy = bool(self._below) or any(each.run_id for each in self.messages)
        if self.busy:
            # Cleared first: repeating the same text would be no change, and not be announced again.
            making = any(each.run_id and IMAGE in each.modes for each in self.messages)
            self.announcement = (
                translate("image_answers.making", current_actor().language) if making else ""
            )

    # Reflex refuses overrides without this marker, but calls the override for its deltas.
    @overrides_reflex
    def get_delta(self) -> dict[str, dict[str, Any]]:
        """The changes that are sent to the page. Of `messages`, only the changes described by
        `message_changes` are sent, or the whole list if that is empty."""
        delta = super().get_delta()
        values = delta.get(self.get_full_name(), {})
        if change := values.get("message_changes" + FIELD_MARKER):
            shown = values.pop("messages" + FIELD_MARKER)
            beside = change.get("after") or change["before"]
            place = next(n for n, each in enumerate(shown) if each.id == beside)
            put = shown[place + 1 :] if "after" in change else shown[:place]
            values["message_changes" + FIELD_MARKER] = {**change, "put": put}
        return delta
