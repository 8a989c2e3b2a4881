"""What everybody used and how fast it went, for administrators, as it leaves the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from llm_ui.schemas.account import Money, UsageDay

By = Literal["day", "model", "person", "provider"]
Column = Literal[
    "name", "answers", "failures", "input_tokens", "cached_tokens", "output_tokens",
    "reasoning_tokens", "cost",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsageFilters:
    """Days of UTC, both included; "" leaves a person, or a model and its provider, open."""

    start: date
    end: date
    person: str = ""
    model: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class UsedTotal:
    """Sums over all that fits."""

    answers: int = 0
    failures: int = 0
    # Of how many answers the tokens are estimates.
    estimated: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    costs: list[Money] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsedBy:
    """One row of a table: a day, a model, a person or a provider.

    `key` is what to narrow by: the ISO date, the model's name, the person's id. `name` is ""
    where the account or the model is gone; `detail` is a model's provider, a person's e-mail.
    """

    key: str
    name: str
    detail: str
    answers: int = 0
    failures: int = 0
    estimated: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    costs: list[Money] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsageOverview:
    """What was used from `start` to `end`: its sums, its days, and a page of a table.

    `person_name` says who it is narrowed to; `groups` is how many rows the table has in all.
    """

    start: str = ""
    end: str = ""
    person_name: str = ""
    total: UsedTotal = field(default_factory=UsedTotal)
    days: list[UsageDay] = field(default_factory=list)
    items: list[UsedBy] = field(default_factory=list)
    groups: int = 0
    next_cursor: str | None = None
