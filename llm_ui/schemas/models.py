"""Models, their types and their prices as those who look after them see them.

Numbers that are not known are UNKNOWN (-1). Money is in micro-units (millionths) of the
currency for a million tokens, days are ISO dates in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from llm_ui.schemas.views import UNKNOWN, Page, SettingsView


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model in the list. `upstream` is its name at the provider; the price is that of now.

    `visibility` is everyone, admins or chosen, `readers` how many are chosen.
    """

    id: str = ""
    name: str = ""
    upstream: str = ""
    icon: str = ""
    description: str = ""
    provider_id: str = ""
    provider: str = ""
    provider_type: str = ""
    provider_is_active: bool = True
    type_id: str = ""
    type: str = ""
    window: int = UNKNOWN
    input_micro: int = UNKNOWN
    output_micro: int = UNKNOWN
    currency: str = "USD"
    visibility: str = "everyone"
    readers: int = 0
    is_active: bool = True
    is_available: bool = True
    is_default: bool = False
    chats: bool = True


@dataclass(frozen=True, slots=True)
class PersonRef:
    """Somebody who may be chosen."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ModelDetail:
    """All of a model: what the list has (`row`), and the rest.

    `capabilities` are those that hold, `accepts` the parameters its provider takes, `fixed`
    the fields that an admin has set and a sync leaves alone. It is number `place` (from 1) of
    `places` models of its provider. `own_icon` is "" while it has its type's.
    """

    row: ModelRow = field(default_factory=ModelRow)
    own_icon: str = ""
    max_tokens: int = UNKNOWN
    capabilities: list[str] = field(default_factory=list)
    accepts: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    settings: SettingsView = field(default_factory=SettingsView)
    system_prompt: str = ""
    chosen: list[PersonRef] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    place: int = 1
    places: int = 1


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """What is to be written of a model; None leaves what is there.

    Args:
        display_name: "" goes back to the provider's own name.
        context_window, max_tokens: 0 goes back to what the provider says.
        type_id: "" for none.
        capabilities, params, readers: all of them; readers are ids of people.
        place: from 1 among the models of its provider; `steps` moves it down by that many
            places from where it is, or up.
    """

    display_name: str | None = None
    description: str | None = None
    icon: str | None = None
    type_id: str | None = None
    context_window: int | None = None
    max_tokens: int | None = None
    capabilities: list[str] | None = None
    params: Mapping[str, Any] | None = None
    system_prompt: str | None = None
    visibility: str | None = None
    readers: list[str] | None = None
    place: int | None = None
    steps: int = 0
    is_active: bool | None = None
    is_default: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelFilters:
    """What narrows the list. `type_id` "none" asks for models without a type; `state` is on,
    off, gone or unpriced."""

    query: str = ""
    provider_id: str = ""
    type_id: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ModelPage(Page[ModelRow]):
    """A slice of the list; `total` counts all that fit."""

    total: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """Something to choose by its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type of models. `slug` marks those that the application made, whose meaning stays
    when they are renamed; "" for others."""

    id: str = ""
    slug: str = ""
    name: str = ""
    description: str = ""
    icon: str = ""
    models: int = 0


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """What is to be written of a type; None leaves what is there. `place` is from 1."""

    name: str | None = None
    description: str | None = None
    icon: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price from a day on. `cached_micro` and `reasoning_micro` are UNKNOWN where they have
    none of their own. `state` is past, now or future; `source` the day of the list that it
    was taken from, or ""."""

    id: str = ""
    valid_from: str = ""
    currency: str = "USD"
    input_micro: int = 0
    cached_micro: int = UNKNOWN
    output_micro: int = 0
    reasoning_micro: int = UNKNOWN
    source: str = ""
    state: str = "now"


@dataclass(frozen=True, slots=True)
class PriceDraft:
    """A price to be written, whole. None for what has no price of its own."""

    valid_from: date
    currency: str
    input_micro: int
    output_micro: int
    cached_micro: int | None = None
    reasoning_micro: int | None = None


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """What the bundled list says of a model, and where that was read. `day` "": nothing."""

    day: str = ""
    currency: str = "USD"
    input_micro: int = 0
    cached_micro: int = UNKNOWN
    output_micro: int = 0
    reasoning_micro: int = UNKNOWN
    page: str = ""
