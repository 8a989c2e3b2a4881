"""From a followed run to values of `current_response` and `current_reasoning`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from llm_ui.services.runs import Ended, FollowEvent, Piece, Snapshot, short_number
from llm_ui.states import push

TEXT_VAR = "current_response"
REASONING_VAR = "current_reasoning"
VARS = {"text": TEXT_VAR, "reasoning": REASONING_VAR}


def utf16_length(text: str) -> int:
    """The length that JavaScript gives this text."""
    return len(text) + sum(1 for character in text if character > "\uffff")


class StreamState(rx.State):
    """The answer that is streaming in; ChatState inherits these vars.

    They stand in a state of their own because the browser renders all that depends on a
    state again with each of its deltas: twenty times a second, that may be nothing but
    the answer itself. Pushed by hand, never set: a hydrate resends the empty default.
    """

    current_response: dict[str, Any] = {}
    current_reasoning: dict[str, Any] = {}


class Offsets:
    """Makes chunks `{"g": run number, "o": offset, "t": text}`; the browser counts
    offsets in UTF-16 units, so these do too."""

    def __init__(self, run_id: str) -> None:
        self._number = short_number(run_id)
        self._sent = {"text": 0, "reasoning": 0}

    def chunk(self, kind: str, text: str) -> dict[str, Any]:
        """The next piece of one kind."""
        offset = self._sent[kind]
        self._sent[kind] += utf16_length(text)
        return {"g": self._number, "o": offset, "t": text}

    def whole(self, event: Snapshot) -> dict[str, dict[str, Any]]:
        """Values that replace what the page has."""
        self._sent = {"text": 0, "reasoning": 0}
        return {
            TEXT_VAR: self.chunk("text", event.text),
            REASONING_VAR: self.chunk("reasoning", event.reasoning),
        }


async def relay(watch: push.Watch, events: AsyncIterator[FollowEvent]) -> bool:
    """Push a run to the tab that watches it until it ends.

    Returns:
        True when the run has ended; False when the tab is gone or follows another run.
    """
    offsets, pace = Offsets(watch.run_id), push.Pace()
    async for event in events:
        if not watch.is_current:
            return False
        match event:
            case Ended():
                return True
            case Snapshot():
                sent = await watch.socket.push(StreamState, offsets.whole(event))
                if not (event.text or event.reasoning):
                    # The first token must not wait behind an empty snapshot.
                    continue
            case Piece(kind=kind, payload=text) if kind in VARS:
                sent = await watch.socket.push(StreamState, {VARS[kind]: offsets.chunk(kind, text)})
            case _:
                continue
        if not sent:
            return False
        await pace.wait()
    return False
