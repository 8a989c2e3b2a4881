"""Strict requests: unknown or repeated fields and parameters are errors, never ignored."""

from __future__ import annotations

import difflib
import inspect
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Annotated, Any, Literal, Self, get_args

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AliasChoices, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

# Synonyms that people know from other APIs, mapped to the names they may have here.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "active": ("is_active",),
    "address": ("api_url",),
    "api_base": ("api_url",),
    "base_url": ("api_url",),
    "chat_ids": ("ids",),
    "content": ("text",),
    "default_model": ("default_model_id",),
    "disabled": ("is_active",),
    "enabled": ("is_active",),
    "end": ("to",),
    "endpoint": ("api_url",),
    "expires": ("days",),
    "expires_at": ("days",),
    "expires_in": ("days",),
    "expires_in_days": ("days",),
    "feedback": ("value",),
    "files": ("file_ids",),
    "form": ("format",),
    "host": ("api_url",),
    "instructions": ("system_prompt",),
    "key": ("api_key", "idempotency_key"),
    "kind": ("job_type", "log_type"),
    "level": ("log_level",),
    "message": ("content",),
    "messages": ("content",),
    "mode": ("modes",),
    "model": ("model_id",),
    "model_id": ("model", "default_model_id"),
    "name": ("key_name", "title", "username"),
    "new_password": ("new", "password"),
    "offset": ("cursor",),
    "old_password": ("current",),
    "page": ("cursor",),
    "page_size": ("limit",),
    "per_page": ("limit",),
    "prompt": ("content", "system_prompt", "text"),
    "query": ("q",),
    "rating": ("value",),
    "reasoning": ("modes", "reasoning_effort"),
    "role_name": ("role",),
    "scope": ("scopes",),
    "search": ("q",),
    "since": ("from",),
    "start": ("from",),
    "state": ("status", "is_active"),
    "status": ("state", "is_active"),
    "system": ("system_prompt",),
    "temp": ("temporary", "temperature"),
    "text": ("content",),
    "thinking": ("modes",),
    "title": ("name",),
    "token": ("api_key",),
    "type": ("provider_type", "job_type", "log_type", "kind"),
    "until": ("to",),
    "url": ("api_url",),
    "web_search": ("modes",),
}
NEAR, NEAR_WITHIN = 0.75, 0.8
# Longer than any field name. Comparing longer names would be wasted work.
NAME = 64
# How many values a body may contain, and how deeply nested. Each invalid value produces an error
# description before the caller is authenticated, and no call needs that many values.
VALUES, DEPTH = 5_000, 32
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Body(BaseModel):
    """A request body. Unknown fields are refused: otherwise, a mistyped field would be silently
    ignored, and it may be the one that matters."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_small(cls, given: Any) -> Any:
        level = [given]
        left = VALUES
        for _ in range(DEPTH):
            inner: list[Any] = []
            for each in level:
                if isinstance(each, dict | list):
                    left -= len(each)
                    if left < 0:
                        raise PydanticCustomError("too_many", "large", {"limit": VALUES})
                    inner += each.values() if isinstance(each, dict) else each
            level = inner
        if any(isinstance(each, dict | list) for each in level):
            raise PydanticCustomError("too_deep", "deep", {"limit": DEPTH})
        return given


# --- names ------------------------------------------------------------------------------------


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation: itself, or those within a list, optional or union."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _names(model: type[BaseModel]) -> dict[str, Any]:
    """A model's fields, by their names in the OpenAPI document."""
    return {_name(name, field): field.annotation for name, field in model.model_fields.items()}


def _name(name: str, field: Any) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else field.alias or name


def names_at(annotation: Any, way: Sequence[str | int]) -> list[str]:
    """The field names allowed at this place in a body, followed by those one level deeper, with a
    dot."""
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
    """The path of the field with this name in a body, if it is unambiguous: `settings.seed`."""
    known = names_at(annotation, ())
    deeper = [each for each in known if each.rpartition(".")[2] == field]
    return deeper[0] if field not in known and len(deeper) == 1 else field


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant."""
    if len(name) > NAME:
        return None
    plain = _CAMEL.sub("_", name).replace("-", "_").lower()
    top = {each: each for each in known if "." not in each}
    deeper = {each.rpartition(".")[2]: each for each in known if "." in each}
    leaves = deeper | top
    bare = plain.removeprefix("is_")
    forms = (
        plain,
        *SYNONYMS.get(plain, ()),
        bare,
        f"is_{bare}",
        f"{bare}_id",
        bare.removesuffix("_id"),
        f"{bare}s",
        bare.removesuffix("s"),
    )
    for each in forms:
        if each in leaves:
            return leaves[each]
    close = difflib.get_close_matches(plain, top, 1, NEAR)
    close = close or difflib.get_close_matches(plain, deeper, 1, NEAR_WITHIN)
    return leaves[close[0]] if close else None


# --- query parameters -------------------------------------------------------------------------

# The parameters of the called route; None for a route that accepts any.
_known: ContextVar[tuple[str, ...] | None] = ContextVar("known_parameters", default=None)
# The parameters that the query repeats.
_repeated: ContextVar[tuple[str, ...]] = ContextVar("repeated_parameters", default=())


def parameters_of(dependant: Dependant) -> Iterator[str]:
    """The names of a route's query parameters."""
    for each in dependant.query_params:
        if getattr(each.field_info, "include_in_schema", True):
            yield each.alias
    for inner in dependant.dependencies:
        yield from parameters_of(inner)


class _Parameters(BaseModel):
    """The whole query. It is validated like a parameter, so that its errors are reported together
    with all others, and only after the caller is authenticated."""

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


class _Once(BaseModel):
    """The same query, checked for repeated parameters: only one of two values would be used."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _stand_once(self) -> Self:
        if names := _repeated.get():
            kind: Literal["repeated_parameter"] = "repeated_parameter"
            raise PydanticCustomError(kind, "repeated", {"names": list(names)})
        return self


async def note_parameters(request: Request) -> None:
    """Record which parameters the called route takes, and which of them are repeated."""
    route = request.scope.get("route")
    # Monitoring tools add parameters to avoid caches.
    is_health = request.url.path.startswith("/health/")
    documented = getattr(route, "include_in_schema", False) and not is_health
    known = tuple(parameters_of(route.dependant)) if route and documented else None
    _known.set(known)
    counts = Counter(name for name, _ in request.query_params.multi_items())
    _repeated.set(tuple(name for name in known or () if counts[name] > 1))


async def refuse_unknown_parameters(
    parameters: Annotated[_Parameters, Query(include_in_schema=False)],
) -> None:
    """Refuse a query with unknown parameters."""


async def refuse_repeated_parameters(
    parameters: Annotated[_Once, Query(include_in_schema=False)],
) -> None:
    """Refuse a query with repeated parameters."""
