"""Runs as they leave the services."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunUsage:
    """What a run used, as the ledger has it. `cached_tokens` are part of the input's and
    `reasoning_tokens` of the output's; `cost_micro` is in millionths of the currency's unit."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: bool
    cost_micro: int
    currency: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One attempt of a model at an answer. Times are ISO 8601 in UTC, "" for not yet; `usage`
    is None until it is over."""

    id: str
    chat_id: str
    message_id: str
    state: str
    model_id: str
    model_name: str
    created_at: str
    started_at: str = ""
    finished_at: str = ""
    error_code: str = ""
    finish_reason: str = ""
    truncated: bool = False
    usage: RunUsage | None = None
