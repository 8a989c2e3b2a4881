"""All users' usage and performance, as returned to administrators by the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from llm_ui.schemas.accounts.account import Money, UsageDay

By = Literal["day", "model", "person", "provider"]
Column = Literal[
    "name",
    "answers",
    "failures",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
]


@dataclass(frozen=True, slots=True)
class UsageFilters:
    """A range of UTC days, both included; "" doesn't filter by user, model or provider."""

    start: date
    end: date
    person: str = ""
    model: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class UsedTotal:
    """Totals of everything that matches."""

    answers: int = 0
    failures: int = 0
    # For how many answers the tokens are estimated.
    estimated: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    costs: list[Money] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsedBy:
    """One row of a table: a day, a model, a user or a provider.

    `key` is what to filter by: the ISO date, the model's name, the user's ID. `name` is "" if the
    account or model no longer exists; `detail` is a model's provider or a user's email address.
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
    """Usage from `start` to `end`: totals, days, and a page of a table.

    `person_name` is the user whose usage is shown, if it is filtered by user; `groups` is the
    number of rows of the whole table.
    """

    start: str = ""
    end: str = ""
    person_name: str = ""
    total: UsedTotal = field(default_factory=UsedTotal)
    days: list[UsageDay] = field(default_factory=list)
    items: list[UsedBy] = field(default_factory=list)
    groups: int = 0
    next_cursor: str | None = None


Span = Literal["hour", "day", "week", "month"]
Measure = Literal["time_to_first_token", "tokens_per_second", "duration", "errors"]
Apart = Literal["model", "provider", "address"]
Share = Literal[50, 95, 99]


@dataclass(frozen=True, slots=True)
class SpeedOf:
    """The performance of one model, provider or address over the whole time span.

    `detail` is a model's provider, or the provider an address belongs to. Percentiles are in the
    measure's unit, None where nothing was measured; `error_rate` is in percent of `answers`.
    """

    name: str
    detail: str
    measured: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    answers: int = 0
    failures: int = 0
    error_rate: float | None = None


@dataclass(frozen=True, slots=True)
class SpeedLine:
    """One line of the plot: a value for each point in time, None where there is none.

    Its name is that of a group, or "p50", "p95", "p99" for a single group.
    """

    name: str
    detail: str
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class SpeedView:
    """A measure over time, as points that are `width_s` seconds apart; the first one starts at
    `since`.

    `groups` is the number of all groups; `items` has the busiest ones.
    """

    since: str = ""
    width_s: int = 60
    points: int = 0
    unit: str = "ms"
    lines: list[SpeedLine] = field(default_factory=list)
    items: list[SpeedOf] = field(default_factory=list)
    groups: int = 0
