"""A run while this process streams it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import orjson

from llm_ui.enums import FinishReason, RunState
from llm_ui.errors import AppError, EmptyAnswer
from llm_ui.generation.log import REASONING, SOURCE, TEXT, THOUGHT, RunLog
from llm_ui.generation.types import Outcome
from llm_ui.models.base import now
from llm_ui.security.text import storable
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage, Via
from llm_ui.wire.thinking import ThinkSplitter, WasThinking

# The longest answer, including reasoning, in bytes of UTF-8: a model that repeats itself would
# otherwise fill the disk, and no page shows more.
ANSWER_BYTES = 4 * 1024 * 1024
# How often a run may alternate between reasoning and answering: each stretch is a row.
MOST_PIECES = 20_000


class LiveRun:
    """A run's log, its followers, and its state."""

    def __init__(
        self, run_id: str, created_at: datetime, text: str = "", reasoning: str = ""
    ) -> None:
        """`text` and `reasoning` are what the message already contains if it is being continued."""
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
        # Why the model stopped; see wire/finish.py.
        self.finish_reason = FinishReason.STOP
        # The answer has reached its maximum length; nothing more is added.
        self.is_full = False
        # Only counted once the answer is long enough for it to matter.
        self._bytes: int | None = None
        self.error: AppError | None = None
        # Which of the provider's addresses was asked last; "" if there is only one.
        self.address = ""
        self.state = RunState.RUNNING
        self.written = self.log.length
        # How much has been published to followers on other workers; None while there are none.
        self.published: int | None = None
        self.closing = False
        # How the run ended, until that is written, and how much of it is in the journal meanwhile.
        self.outcome: Outcome | None = None
        self.ended_at = 0.0
        self.journaled = 0
        self.end_is_journaled = False
        self.stream: asyncio.Task[None] | None = None
        self.cancel_state: RunState | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def is_over(self) -> bool:
        return self.state != RunState.RUNNING

    def take(self, event: StreamEvent | Via) -> None:
        """Add an event from the provider and wake the followers."""
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
        """Flush at the end of the stream: what might have been the start of a tag isn't one."""
        for piece in self._thinking.end():
            self._add(piece)

    def note_source(self, source: dict[str, Any]) -> None:
        """Record what is being read for the answer; replaces an entry with the same number."""
        self.log.append(SOURCE, storable(orjson.dumps(source).decode()))
        self.wake()

    @property
    def thinking_ms(self) -> int | None:
        """How long the model reasoned before answering; None if it didn't."""
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
        # A character takes at most four bytes.
        if self._bytes is not None or 4 * (self.log.length + len(text)) > ANSWER_BYTES:
            text = self._what_fits(text)
        if self.log.count > MOST_PIECES:
            self.is_full, self.finish_reason = True, FinishReason.TOO_LONG
        elif text:
            self.log.append(kind, text)

    def _what_fits(self, text: str) -> str:
        if self._bytes is None:
            self._bytes = sum(len(self.log.whole(each).encode()) for each in (TEXT, REASONING))
        data = text.encode()
        self._bytes += len(data)
        if self._bytes <= ANSWER_BYTES:
            return text
        self.is_full, self.finish_reason = True, FinishReason.TOO_LONG
        over = self._bytes - ANSWER_BYTES
        self._bytes = ANSWER_BYTES
        return data[: max(0, len(data) - over)].decode(errors="ignore")

    def require_words(self) -> None:
        """Raise EmptyAnswer if the model ended without any output, and there was none before."""
        self.take_rest()
        written = (self.log.whole(kind) for kind in (TEXT, REASONING))
        if not any(each.strip() for each in written):
            raise EmptyAnswer(self.finish_reason)

    def _first(self) -> None:
        if self.first_token_at is None:
            self.first_token_at = now()

    def cancel(self, state: RunState, error: AppError | None = None) -> None:
        """End the stream; the run becomes `state`, with `error` if it failed."""
        if self.cancel_state is None:
            self.cancel_state, self.error = state, error
        if self.stream is not None:
            self.stream.cancel()

    def wake(self) -> None:
        """Wake everyone who is waiting for a change."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def beyond(self, position: int) -> None:
        """Wait until the log is longer than `position` or the run has ended."""
        while self.log.length <= position and not self.is_over:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
