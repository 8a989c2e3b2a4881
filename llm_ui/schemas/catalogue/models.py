"""Models, their types and their prices, as administrators see them.

Unknown numbers are UNKNOWN (-1). Prices are in micro-units (millionths) of the currency per million
tokens; days are ISO dates in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from llm_ui.enums import PriceState, Visibility
from llm_ui.schemas.chats.views import UNKNOWN, Page, SettingsView


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model in the list. `upstream` is the provider's name for it; the price is the current one.

    `visibility` is everyone, admins or chosen, and `readers` is how many users are chosen.
    `is_removable` is set if its provider doesn't list it, so that a sync wouldn't add it again.
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
    visibility: Visibility = Visibility.EVERYONE
    readers: int = 0
    is_active: bool = True
    is_available: bool = True
    is_default: bool = False
    is_removable: bool = False
    chats: bool = True
    makes_images: bool = False


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A user who can be chosen."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ModelDetail:
    """All details of a model: those of the list (`row`), and the rest.

    `capabilities` are the effective ones, `accepts` the parameters its provider accepts (for an
    image model, those for images), `fixed` what an administrator has set and a sync doesn't change.
    `place` (from 1) of `places` is its position among its provider's models. `own_icon` is "" if it
    uses its type's.
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
    """The fields of a model to set; None leaves one as it is.

    Args:
        display_name: "" restores the provider's own name.
        context_window, max_tokens: 0 restores the value that the provider reports.
        type_id: "" for none.
        capabilities, params, readers: replace the previous ones; readers are IDs of users.
        place: from 1, among the models of its provider; `steps` moves it down by that many places
            instead, or up if negative.
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
    """Filters of the list. `type_id` "none" means models without a type.

    `state` is on, off, gone or unpriced.
    """

    query: str = ""
    provider_id: str = ""
    type_id: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class ModelPage(Page[ModelRow]):
    """A page of the list; `total` counts all that match."""

    total: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A choice by name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A model type. `slug` identifies built-in types, whose meaning doesn't change when renamed.

    It is "" for others.
    """

    id: str = ""
    slug: str = ""
    name: str = ""
    description: str = ""
    icon: str = ""
    models: int = 0


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """The fields of a type to set; None leaves one as it is. `place` is from 1."""

    name: str | None = None
    description: str | None = None
    icon: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price from a given day.

    `cached_micro` and `reasoning_micro` are UNKNOWN if they have no price of their own. `state` is
    past, now or future; `source` is the date of the list it is from, or "".
    """

    id: str = ""
    valid_from: str = ""
    currency: str = "USD"
    input_micro: int = 0
    cached_micro: int = UNKNOWN
    output_micro: int = 0
    reasoning_micro: int = UNKNOWN
    source: str = ""
    state: PriceState = PriceState.NOW


@dataclass(frozen=True, slots=True)
class PriceDraft:
    """A price to store; None for what has no price of its own."""

    valid_from: date
    currency: str
    input_micro: int
    output_micro: int
    cached_micro: int | None = None
    reasoning_micro: int | None = None


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A model's list price, and where it was read. `day` is "" if there is none."""

    day: str = ""
    currency: str = "USD"
    input_micro: int = 0
    cached_micro: int = UNKNOWN
    output_micro: int = 0
    reasoning_micro: int = UNKNOWN
    page: str = ""
