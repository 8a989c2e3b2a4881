"""Validation errors: everything wrong with a request at once, in our own words."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from llm_ui.api.http.strict import NAME, names_at, nearest, path_to
from llm_ui.errors import (
    AppError,
    BadJson,
    InvalidInput,
    UnknownField,
    UnknownParameter,
    UnsupportedType,
    one_line,
)
from llm_ui.services.catalogue.image_settings import SETTINGS as IMAGE_SETTINGS
from llm_ui.services.catalogue.provider_checks import TIMEOUTS

# The ways in which part of a request can be wrong.
CODES = (
    "missing",
    "unknown_field",
    "unknown_parameter",
    "wrong_type",
    "not_one_of",
    "too_long",
    "too_short",
    "out_of_range",
    "bad_json",
    "invalid",
)
# By the prefix of pydantic's error type.
KINDS: dict[str, str] = {
    "bool": "bool",
    "date_": "date",
    "datetime": "moment",
    "dict": "object",
    "finite": "number",
    "float": "number",
    "int": "whole",
    "list": "list",
    "model": "object",
    "string_t": "text",
    "string_u": "text",
}
UNKNOWN = ("extra_forbidden", "unknown_parameter")
# Errors that cover several parameters at once.
SEVERAL = ("unknown_parameter", "repeated_parameter")
# How many errors to report; the rest are only counted.
TOLD = 20
_QUOTED = re.compile(r"'([^']*)'")
# Fields whose names differ between the services and the routes that set them.
OTHER_NAMES = {
    "display_name": "name",
    "limit": "concurrency_limit",
    "longest": "max_tokens",
    "prompt": "system_prompt",
}
# The names within fields that are free-form to the type.
INSIDE = {
    "timeouts": tuple(TIMEOUTS),
    "default_params": ("temperature", "top_p", "stop", "seed", *IMAGE_SETTINGS),
}


def refusal_of(request: Request, error: RequestValidationError) -> AppError:
    """Turn everything that FastAPI found into a single error."""
    annotation = _body_of(request)
    if isinstance(error.body, bytes) and annotation is not None:
        return UnsupportedType()
    # Unknown fields first: often they are misspellings of what is reported missing.
    told = sorted(error.errors(), key=lambda each: each["type"] not in UNKNOWN)
    every = (each for one in told for each in _wrong(one, annotation, error.body))
    found = list(itertools.islice(every, TOLD))
    first, *others = found or [InvalidInput("error.request_invalid", field="body")]
    first.others = tuple(others)
    first.more = sum(map(_count, told)) - len(found)
    return first


def _count(told: Mapping[str, Any]) -> int:
    return len(told["ctx"]["names"]) if told["type"] in SEVERAL else 1


def whole_path(request: Request, field: str) -> str:
    """The path of a service's field in the body of this call."""
    annotation = _body_of(request)
    if annotation is None or "." in field:
        return field
    known = names_at(annotation, ())
    for holder, names in INSIDE.items():
        if holder in known and field in names:
            return f"{holder}.{field}"
    other = OTHER_NAMES.get(field, field)
    return other if field not in known and other in known else path_to(annotation, field)


def _body_of(request: Request) -> Any:
    field = getattr(request.scope.get("route"), "body_field", None)
    return field.field_info.annotation if field is not None else None


def _wrong(told: Mapping[str, Any], annotation: Any, body: Any) -> Iterator[InvalidInput]:
    kind, way, about = str(told["type"]), tuple(told["loc"]), told.get("ctx") or {}
    field = ".".join(one_line(str(part), NAME) for part in way[1:]) or "body"
    if kind == "json_invalid":
        yield _bad_json(str(body), int(way[-1]))
    elif kind == "unknown_parameter":
        for name in about["names"]:
            near = nearest(name, about["known"])
            yield UnknownParameter(one_line(name, NAME), near, about["known"])
    elif kind == "repeated_parameter":
        for name in about["names"]:
            yield _told("invalid", "error.parameter_repeated", name)
    elif kind == "extra_forbidden":
        known = names_at(annotation, way[1:-1])
        near = nearest(str(way[-1]), known)
        before = field.rpartition(".")[0]
        whole = f"{before}.{near}" if near and before else near
        yield UnknownField(field, whole, [each for each in known if "." not in each])
    else:
        yield _of_value(kind, field, about)


def _bad_json(text: str, position: int) -> BadJson:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return BadJson(position, error.lineno, error.colno)
    return BadJson()


def _of_value(kind: str, field: str, about: Mapping[str, Any]) -> InvalidInput:
    """The error for a value that is missing, of the wrong type or out of range."""
    if kind == "missing":
        key = "error.body_missing" if field == "body" else "error.field_missing"
        return _told("missing", key, field)
    if kind == "too_many":
        return _told("too_long", "error.body_values", field, limit=about["limit"])
    if kind == "too_deep":
        return _told("invalid", "error.body_deep", field, limit=about["limit"])
    if kind in ("literal_error", "enum"):
        expected = str(about["expected"])
        choices = _QUOTED.findall(expected)
        accepted = ", ".join(filter(None, choices)) or expected
        key = "error.field_choice_or_empty" if "" in choices else "error.field_choice"
        return _told("not_one_of", key, field, accepted=accepted)
    if kind == "not_null":
        return _told("invalid", "error.field_null", field)
    if kind.endswith("too_long"):
        return _told("too_long", "error.field_long", field, limit=about["max_length"])
    if kind.endswith("too_short"):
        return _told("too_short", "error.field_short", field, limit=about["min_length"])
    for name, key in (("ge", "least"), ("le", "most")):
        if name in about:
            return _told("out_of_range", f"error.field_{key}", field, limit=about[name])
    word = next((word for start, word in KINDS.items() if kind.startswith(start)), None)
    if word is None:
        return _told("invalid", "error.field_invalid", field)
    is_whole = field == "body" and word in ("object", "list")
    return _told("wrong_type", f"error.{'body' if is_whole else 'field'}_{word}", field)


def _told(what: str, key: str, field: str, **params: Any) -> InvalidInput:
    error = InvalidInput(key, field=field, name=field, **params)
    error.what = what
    return error
