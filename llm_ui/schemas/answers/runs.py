"""Runs as returned by the services."""

from __future__ import annotations

from dataclasses import dataclass

from llm_ui.enums import RunState


@dataclass(frozen=True, slots=True)
class RunUsage:
    """The usage of a run, from the ledger.

    `cached_tokens` are part of the input tokens and `reasoning_tokens` of the output tokens;
    `cost_micro` is in micro-units (millionths) of the currency.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool
    cost_micro: int
    currency: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run. Times are ISO 8601 in UTC, "" for not yet; `usage` is None until it has ended."""

    id: str
    chat_id: str
    message_id: str
    state: RunState
    model_id: str
    model_name: str
    created_at: str
    started_at: str = ""
    finished_at: str = ""
    error_code: str = ""
    finish_reason: str = ""
    truncated: bool = False
    usage: RunUsage | None = None
