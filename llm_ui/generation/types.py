"""What goes into the engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.errors import AppError
from llm_ui.generation.gate import Lane
from llm_ui.generation.log import Piece
from llm_ui.providers.base import Provider
from llm_ui.wire.events import ChatRequest, Usage


@dataclass(frozen=True, slots=True)
class Plan:
    """Which provider is asked what; made by `prepare` just before the run starts."""

    provider: Provider
    request: ChatRequest


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


Admit = Callable[[str], Awaitable[Lane | None]]
Prepare = Callable[[str], Awaitable[Plan]]
Settle = Callable[[AsyncSession, Outcome], Awaitable[None]]
Unhandled = Callable[[BaseException, str], Awaitable[AppError]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a run has said up to position `seq`; replaces what a reader has."""

    seq: int
    text: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `state` is done, stopped, failed or interrupted."""

    seq: int
    state: str


FollowEvent = Snapshot | Piece | Ended
