"""The inputs and outputs of the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.enums import FinishReason, RunState
from llm_ui.errors import AppError
from llm_ui.generation.gate import Lane
from llm_ui.generation.log import Piece
from llm_ui.providers.base import Source
from llm_ui.wire.events import ChatRequest, Usage

NoteSource = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask which provider; created by `prepare` just before the run starts.

    `look_up`, if set, gathers what the answer needs to know, records its sources, and returns the
    request to send instead.
    """

    provider: Source
    request: ChatRequest
    look_up: Callable[[NoteSource], Awaitable[ChatRequest]] | None = None
    # The provider to name in an error.
    provider_name: str = ""
    model_name: str = ""
    # The estimated prompt tokens; 0 if too few to matter.
    prompt_tokens: int = 0
    # Whether the answer has text; an image doesn't.
    writes: bool = True


@dataclass(slots=True)
class Outcome:
    """How a run ended; `settle` creates usage rows and metrics from it.

    Times are timezone-aware; a run without any token has no `first_token_at`.
    """

    run_id: str
    state: RunState
    text: str
    reasoning: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    first_token_at: datetime | None = None
    usage: Usage = field(default_factory=Usage)
    error: AppError | None = None
    # How much of the text existed before, for a continued answer.
    base: int = 0
    thinking_ms: int | None = None
    sources: tuple[dict[str, Any], ...] = ()
    # Which of the provider's addresses was asked last; "" if there is only one.
    address: str = ""
    # Why the model stopped, if it did so by itself (see wire/finish.py).
    finish_reason: FinishReason | Literal[""] = ""


Admit = Callable[[str], Awaitable[Lane | None]]
Prepare = Callable[[str], Awaitable[Plan]]
Settle = Callable[[AsyncSession, Outcome], Awaitable[None]]
Unhandled = Callable[[BaseException, str], Awaitable[AppError]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a run has produced up to position `seq`; replaces what the reader has.

    `thinking_ms` is how long the model has reasoned so far, 0 if unknown.
    """

    seq: int
    text: str
    reasoning: str
    thinking_ms: int = 0
    sources: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The run has ended. `state` is done, stopped, failed or interrupted."""

    seq: int
    state: RunState


FollowEvent = Snapshot | Piece | Ended
