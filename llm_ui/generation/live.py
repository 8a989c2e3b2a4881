"""A run while this process streams it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import orjson

from llm_ui.errors import AppError, EmptyAnswer
from llm_ui.generation.log import REASONING, SOURCE, TEXT, THOUGHT, RunLog
from llm_ui.generation.types import Outcome
from llm_ui.models.base import now
from llm_ui.security.text import storable
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage, Via
from llm_ui.wire.finish import TOO_LONG
from llm_ui.wire.thinking import ThinkSplitter, WasThinking

# The longest answer, thinking included, in bytes of UTF-8: a model that repeats itself would
# go on until the disk is full, and no page shows more.
ANSWER_BYTES = 4 * 1024 * 1024


class LiveRun:
    """The log of a run, its watchers, and how it is to end."""

    def __init__(
        self, run_id: str, created_at: datetime, text: str = "", reasoning: str = ""
    ) -> None:
        """`text` and `reasoning` are what the message holds already, when it is continued."""
        self.id = run_id
        self.log = RunLog()
        for kind, payload in ((REASONING, reasoning), (TEXT, text)):
            if payload:
                self.log.append(kind, payload)
        self.base = len(text)
        self._thinking = ThinkSplitter(begun=bool(text))
        self._thought_since: datetime | None = None
        self._thought_until: datetime | None = None
        self.created_at = created_at
        self.started_at = now()
        self.first_token_at: datetime | None = None
        self.usage = Usage()
        # Why the model has stopped writing; see wire/finish.py.
        self.finish_reason = "stop"
        # Nothing more is taken: the answer is as long as one may be.
        self.is_full = False
        # Counted only when the answer is so long that it matters.
        self._bytes: int | None = None
        self.error: AppError | None = None
        # Which of the provider's addresses has been asked last; "" if there is one only.
        self.address = ""
        self.state = "running"
        self.written = self.log.length
        # How far followers on other workers have been told; None while there are none.
        self.published: int | None = None
        self.closing = False
        # Its end, from then on until it is written; and what of it lies on the disk meanwhile.
        self.outcome: Outcome | None = None
        self.ended_at = 0.0
        self.journaled = 0
        self.end_is_journaled = False
        self.stream: asyncio.Task[None] | None = None
        self.cancel_state: str | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def is_over(self) -> bool:
        return self.state != "running"

    def take(self, event: StreamEvent | Via) -> None:
        """Add an event from the provider and wake the watchers."""
        match event:
            case Token(text):
                self._first()
                for piece in self._thinking.feed(text):
                    self._add(piece)
            case Reasoning():
                self._first()
                self._add(event)
            case Usage():
                self.usage = event
            case Via(address):
                self.address = address
                return
            case Done(reason):
                self.finish_reason = reason
                return
        self.wake()

    def take_rest(self) -> None:
        """Nothing more comes: what might have been the beginning of a tag is none."""
        for piece in self._thinking.end():
            self._add(piece)

    def note_source(self, source: dict[str, Any]) -> None:
        """Say what is being read for the answer; a later word on the same number counts."""
        self.log.append(SOURCE, storable(orjson.dumps(source).decode()))
        self.wake()

    @property
    def thinking_ms(self) -> int | None:
        """How long the model has thought before it answered; None if it has not."""
        if self._thought_since is None:
            return None
        until = self._thought_until or now()
        return max(0, round((until - self._thought_since).total_seconds() * 1000))

    def _add(self, piece: Token | Reasoning | WasThinking) -> None:
        if type(piece) is WasThinking:
            self._thought_since = self._thought_since or self.first_token_at
            self._thought_until = None
            self.log.append(THOUGHT, "")
        elif type(piece) is Token:
            if self._thought_since and not self._thought_until:
                self._thought_until = now()
            self._append(TEXT, storable(piece.text))
        elif type(piece) is Reasoning:
            self._thought_since = self._thought_since or now()
            self._append(REASONING, storable(piece.text))

    def _append(self, kind: str, text: str) -> None:
        # No character takes more than four bytes.
        if self._bytes is not None or 4 * (self.log.length + len(text)) > ANSWER_BYTES:
            text = self._what_fits(text)
        if text:
            self.log.append(kind, text)

    def _what_fits(self, text: str) -> str:
        if self._bytes is None:
            self._bytes = sum(len(self.log.whole(each).encode()) for each in (TEXT, REASONING))
        data = text.encode()
        self._bytes += len(data)
        if self._bytes <= ANSWER_BYTES:
            return text
        self.is_full, self.finish_reason = True, TOO_LONG
        over = self._bytes - ANSWER_BYTES
        self._bytes = ANSWER_BYTES
        return data[: max(0, len(data) - over)].decode(errors="ignore")

    def require_words(self) -> None:
        """Raise EmptyAnswer if the model has ended without a word, and none was there before."""
        self.take_rest()
        written = (self.log.whole(kind) for kind in (TEXT, REASONING))
        if not any(each.strip() for each in written):
            raise EmptyAnswer(self.finish_reason)

    def _first(self) -> None:
        if self.first_token_at is None:
            self.first_token_at = now()

    def cancel(self, state: str, error: AppError | None = None) -> None:
        """End the stream; the run becomes `state` (stopped, interrupted, or failed with
        `error`)."""
        if self.cancel_state is None:
            self.cancel_state, self.error = state, error
        if self.stream is not None:
            self.stream.cancel()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def beyond(self, position: int) -> None:
        """Wait until there is more than `position`, or the run is over."""
        while self.log.length <= position and not self.is_over:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
