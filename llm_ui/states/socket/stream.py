"""Converts a followed run to values of `current_response` and `current_reasoning`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import orjson
import reflex as rx

from llm_ui.services.answers.runs import Ended, FollowEvent, Piece, Snapshot, short_number
from llm_ui.states.socket import push

TEXT_VAR = "current_response"
REASONING_VAR = "current_reasoning"
SOURCES_VAR = "current_sources"
WAITING_VAR = "current_waiting"
VARS = {"text": TEXT_VAR, "reasoning": REASONING_VAR}

# A piece of text and its position, as the page expects it.
Chunk: TypeAlias = dict[str, int | str]
# Values of vars, by name.
Values: TypeAlias = dict[str, object]


def utf16_length(text: str) -> int:
    """The length of this text in JavaScript."""
    return len(text) + sum(1 for character in text if character > "\uffff")


class StreamState(rx.State):
    """The answer being streamed; ChatState inherits these vars.

    They are in a separate state because the browser re-renders everything that depends on a state
    each time the state changes. This happens twenty times a second here, so only the answer itself
    should depend on this state. The vars are pushed by hand and never set: a hydrate sends the
    empty defaults.
    """

    current_response: Chunk = {}
    current_reasoning: Chunk = {}
    # {"g": run number, "s": the sources so far}
    current_sources: dict[str, Any] = {}
    # What an answer without any text is waiting for: {"g": run number, "what": queued, asked or
    # reading, "model", "tokens", "s": seconds waited}. Sent when the page asks for it.
    current_waiting: dict[str, Any] = {}


class Offsets:
    """Creates chunks `{"g": run number, "o": offset, "t": text}`. Offsets are in UTF-16 units, as
    in the browser. The first chunk of reasoning has `ms`, how long the model has been thinking."""

    def __init__(self, run_id: str) -> None:
        self._number = short_number(run_id)
        self._sent = {"text": 0, "reasoning": 0}
        self._sources: dict[int, dict[str, Any]] = {}

    def chunk(self, kind: str, text: str) -> Chunk:
        """The next chunk of this kind."""
        offset = self._sent[kind]
        self._sent[kind] += utf16_length(text)
        return {"g": self._number, "o": offset, "t": text}

    def whole(self, event: Snapshot) -> Values:
        """Values that replace what the page has."""
        self._sent = {"text": 0, "reasoning": 0}
        thought = {**self.chunk("reasoning", event.reasoning), "ms": event.thinking_ms}
        values: Values = {TEXT_VAR: self.chunk("text", event.text), REASONING_VAR: thought}
        self._sources = {each["number"]: each for each in event.sources}
        return values | (self._all_sources() if self._sources else {})

    def source(self, payload: str) -> Values:
        """All sources, after one of them was updated."""
        source = orjson.loads(payload)
        self._sources[source["number"]] = source
        return self._all_sources()

    def _all_sources(self) -> Values:
        known = [self._sources[number] for number in sorted(self._sources)]
        return {SOURCES_VAR: {"g": self._number, "s": known}}


async def relay(watch: push.Watch, events: AsyncIterator[FollowEvent]) -> bool:
    """Push a run to the tab that watches it until it ends.

    Returns:
        True when the run has ended; False if the tab is gone or follows another run.
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
                if not (event.text or event.reasoning or event.sources):
                    # Don't let the first token wait behind an empty snapshot.
                    continue
            case Piece(kind=kind, payload=text) if kind in VARS:
                sent = await watch.socket.push(StreamState, {VARS[kind]: offsets.chunk(kind, text)})
            case Piece(kind="source", payload=payload):
                sent = await watch.socket.push(StreamState, offsets.source(payload))
            case _:
                continue
        if not sent:
            return False
        await pace.wait()
    return False
