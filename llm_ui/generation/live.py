"""A run while this process streams it."""

from __future__ import annotations

import asyncio
from datetime import datetime

from llm_ui.errors import AppError
from llm_ui.generation.log import REASONING, TEXT, RunLog
from llm_ui.models.base import now
from llm_ui.security.text import storable
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage


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
        self.created_at = created_at
        self.started_at = now()
        self.first_token_at: datetime | None = None
        self.usage = Usage()
        self.error: AppError | None = None
        self.state = "running"
        self.written = self.log.length
        # How far followers on other workers have been told; None while there are none.
        self.published: int | None = None
        self.closing = False
        self.stream: asyncio.Task[None] | None = None
        self.cancel_state: str | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def is_over(self) -> bool:
        return self.state != "running"

    def take(self, event: StreamEvent) -> None:
        """Add an event from the provider and wake the watchers."""
        match event:
            case Token(text):
                self._first()
                self.log.append(TEXT, storable(text))
            case Reasoning(text):
                self._first()
                self.log.append(REASONING, storable(text))
            case Usage():
                self.usage = event
            case Done():
                return
        self.wake()

    def _first(self) -> None:
        if self.first_token_at is None:
            self.first_token_at = now()

    def cancel(self, state: str) -> None:
        """End the stream; the run becomes `state` (stopped or interrupted)."""
        self.cancel_state = self.cancel_state or state
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
