"""What goes into the engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.errors import AppError
from llm_ui.generation.gate import Lane
from llm_ui.generation.log import Piece
from llm_ui.providers.base import Source
from llm_ui.wire.events import ChatRequest, Usage

NoteSource = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which provider is asked what; made by `prepare` just before the run starts.

    `look_up`, if there is one, finds out what the answer needs to know, notes what it
    reads, and gives the request to be sent instead.
    """

    provider: Source
    request: ChatRequest
    look_up: Callable[[NoteSource], Awaitable[ChatRequest]] | None = None
    # Whose failure it is, if it fails.
    provider_name: str = ""
    model_name: str = ""
    # About how much the model has to read first; 0 where that is too little to matter.
    prompt_tokens: int = 0
    # Whether the answer has words: an image has none.
    writes: bool = True


@dataclass(slots=True)
class Outcome:
    """How a run went: what `settle` makes ledger rows and metrics of.

    Times are aware; a run that never got a token has no `first_token_at`.
    """

    run_id: str
    state: str
    text: str
    reasoning: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    first_token_at: datetime | None = None
    usage: Usage = field(default_factory=Usage)
    error: AppError | None = None
    # How much of the text stood there before: an answer that was continued.
    base: int = 0
    thinking_ms: int | None = None
    sources: tuple[dict[str, Any], ...] = ()
    # Which of the provider's addresses was asked last; "" if there is one only.
    address: str = ""
    # Why the model stopped, if it did so by itself (see wire/finish.py).
    finish_reason: str = ""


Admit = Callable[[str], Awaitable[Lane | None]]
Prepare = Callable[[str], Awaitable[Plan]]
Settle = Callable[[AsyncSession, Outcome], Awaitable[None]]
Unhandled = Callable[[BaseException, str], Awaitable[AppError]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a run has said up to position `seq`; replaces what a reader has.

    `thinking_ms` is how long the model has thought so far, 0 where nobody knows.
    """

    seq: int
    text: str
    reasoning: str
    thinking_ms: int = 0
    sources: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `state` is done, stopped, failed or interrupted."""

    seq: int
    state: str


FollowEvent = Snapshot | Piece | Ended
