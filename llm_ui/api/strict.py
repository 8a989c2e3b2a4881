"""What requests are made of: nothing that a call does not know is taken in silence."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Annotated, Any, Literal, Self, get_args

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AliasChoices, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

# What people call a thing elsewhere, by the names that it may have here.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "active": ("is_active",),
    "address": ("base_url",),
    "api_base": ("base_url",),
    "api_url": ("base_url",),
    "default_model": ("default_model_id",),
    "disabled": ("is_active", "active"),
    "enabled": ("is_active", "active"),
    "end": ("to", "until"),
    "endpoint": ("base_url",),
    "expires": ("days",),
    "expires_at": ("days",),
    "expires_in": ("days",),
    "expires_in_days": ("days",),
    "files": ("file_ids",),
    "form": ("format",),
    "from": ("since",),
    "host": ("base_url",),
    "instructions": ("system_prompt",),
    "is_active": ("active",),
    "is_public": ("public",),
    "key": ("api_key", "idempotency_key"),
    "message": ("content",),
    "mode": ("modes",),
    "model": ("model_id",),
    "model_id": ("model", "default_model_id"),
    "new_password": ("new", "password"),
    "offset": ("cursor",),
    "old_password": ("current",),
    "page": ("cursor",),
    "page_size": ("limit",),
    "per_page": ("limit",),
    "prompt": ("content", "system_prompt", "text"),
    "provider_type": ("type",),
    "query": ("q",),
    "reasoning": ("modes", "reasoning_effort"),
    "role_name": ("role",),
    "scope": ("scopes",),
    "search": ("q",),
    "start": ("from", "since"),
    "state": ("status", "is_active", "active"),
    "status": ("state", "is_active", "active"),
    "temp": ("temporary", "temperature"),
    "text": ("content",),
    "thinking": ("modes",),
    "title": ("name",),
    "token": ("api_key",),
    "type": ("kind",),
    "until": ("to",),
    "url": ("base_url",),
    "web_search": ("modes",),
}
NEAR, NEAR_WITHIN = 0.6, 0.8
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Body(BaseModel):
    """What a call takes. A field that it does not know is refused: a mistyped one would be
    lost without a word, and what was left out may be what matters."""

    model_config = ConfigDict(extra="forbid")


# --- names ------------------------------------------------------------------------------------


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models of an annotation: itself, or those in a list, an option or a choice."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _names(model: type[BaseModel]) -> dict[str, Any]:
    """A model's fields by the names that the document gives them."""
    return {_name(name, field): field.annotation for name, field in model.model_fields.items()}


def _name(name: str, field: Any) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else field.alias or name


def names_at(annotation: Any, way: Sequence[str | int]) -> list[str]:
    """The names that may stand at a place of a body, and behind them, with a dot, those that
    may stand one deeper."""
    for part in way:
        if isinstance(part, str):
            inner = [_names(each).get(part) for each in _models(annotation)]
            annotation = next((each for each in inner if each is not None), None)
    found, deeper = [], []
    for model in _models(annotation):
        for name, kind in _names(model).items():
            found.append(name)
            deeper += [f"{name}.{each}" for model in _models(kind) for each in _names(model)]
    return list(dict.fromkeys([*found, *deeper]))


def path_to(annotation: Any, field: str) -> str:
    """Where a body has a field of this name, as far as it is clear: `settings.seed`."""
    known = names_at(annotation, ())
    deeper = [each for each in known if each.rpartition(".")[2] == field]
    return deeper[0] if field not in known and len(deeper) == 1 else field


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The one of the known names that is probably meant."""
    plain = _CAMEL.sub("_", name).replace("-", "_").lower()
    top = {each: each for each in known if "." not in each}
    deeper = {each.rpartition(".")[2]: each for each in known if "." in each}
    leaves = deeper | top
    bare = plain.removeprefix("is_")
    forms = (plain, *SYNONYMS.get(plain, ()), bare, f"is_{bare}", f"{bare}_id",
             bare.removesuffix("_id"), f"{bare}s", bare.removesuffix("s"))  # fmt: skip
    for each in forms:
        if each in leaves:
            return leaves[each]
    close = difflib.get_close_matches(plain, top, 1, NEAR)
    close = close or difflib.get_close_matches(plain, deeper, 1, NEAR_WITHIN)
    return leaves[close[0]] if close else None


# --- query parameters -------------------------------------------------------------------------

# Those of the route that is called; None for a route that takes any.
_known: ContextVar[tuple[str, ...] | None] = ContextVar("known_parameters", default=None)


def parameters_of(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters that a route takes."""
    for each in dependant.query_params:
        if getattr(each.field_info, "include_in_schema", True):
            yield each.alias
    for inner in dependant.dependencies:
        yield from parameters_of(inner)


class _Parameters(BaseModel):
    """All that stands in a query. Checked as a parameter is, so that what else is wrong is
    told together with it, and after it is clear who calls."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _are_known(self) -> Self:
        known = _known.get()
        unknown = [] if known is None else [n for n in self.model_extra or {} if n not in known]
        if unknown:
            kind: Literal["unknown_parameter"] = "unknown_parameter"
            raise PydanticCustomError(
                kind, "unknown", {"names": unknown, "known": list(known or ())}
            )
        return self


async def note_parameters(request: Request) -> None:
    """Note which parameters the called route takes."""
    route = request.scope.get("route")
    documented = route is not None and getattr(route, "include_in_schema", False)
    _known.set(tuple(parameters_of(route.dependant)) if route and documented else None)


async def refuse_unknown_parameters(
    parameters: Annotated[_Parameters, Query(include_in_schema=False)],
) -> None:
    """Refuse a query with a parameter that the route does not take."""
