"""A user's own account and usage, as returned by the services."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccountView:
    """What the account page shows. Empty texts mean that nothing was chosen."""

    username: str = ""
    email: str = ""
    theme: str = ""
    language: str = ""
    default_model_id: str = ""
    default_prompt_id: str = ""
    auto_titles: bool = True
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class AccountChange:
    """The changes to make; None leaves a field as it is, "" resets a choice."""

    username: str | None = None
    email: str | None = None
    theme: str | None = None
    language: str | None = None
    default_model_id: str | None = None
    default_prompt_id: str | None = None
    auto_titles: bool | None = None


@dataclass(frozen=True, slots=True)
class BrowserItem:
    """One of the user's sessions. `program` and `system` are common names, or empty."""

    id: str
    program: str
    system: str
    address: str
    created_at: str
    last_seen_at: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in micro-units (millionths) of the currency."""

    micro: int
    currency: str


@dataclass(frozen=True, slots=True)
class UsageDay:
    """One day in the user's time zone; there is one for each day of the range."""

    day: str
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    costs: list[Money] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsageModel:
    """The usage of one model in the range."""

    name: str
    provider: str
    answers: int
    input_tokens: int
    output_tokens: int
    costs: list[Money] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One day with one model, in one currency."""

    day: str
    model: str
    provider: str
    answers: int
    input_tokens: int
    output_tokens: int
    cost_micro: int
    currency: str


@dataclass(frozen=True, slots=True)
class UsageReport:
    """One user's usage from `start` to `end`, both included."""

    start: str = ""
    end: str = ""
    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    costs: list[Money] = field(default_factory=list)
    is_estimated: bool = False
    days: list[UsageDay] = field(default_factory=list)
    models: list[UsageModel] = field(default_factory=list)
