"""What is wrong with a request, all of it at once, in words of our own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from llm_ui.api.strict import names_at, nearest, path_to
from llm_ui.errors import (
    AppError,
    BadJson,
    InvalidInput,
    UnknownField,
    UnknownParameter,
    UnsupportedType,
)
from llm_ui.services.provider_checks import TIMEOUTS

# How a part of a request can be wrong.
CODES = (
    "missing", "unknown_field", "unknown_parameter", "wrong_type", "not_one_of", "too_long",
    "too_short", "out_of_range", "bad_json", "invalid",
)  # fmt: skip
# By how the type begins that pydantic gives an error.
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
_QUOTED = re.compile(r"'([^']*)'")
# Fields that a service knows by another name than the calls that write them.
OTHER_NAMES = {"limit": "concurrency_limit", "display_name": "name"}
# What stands in fields whose names are free to the type.
INSIDE = {"timeouts": tuple(TIMEOUTS), "default_params": ("temperature", "top_p", "stop", "seed")}


def refusal_of(request: Request, error: RequestValidationError) -> AppError:
    """The one error that tells of everything that FastAPI found."""
    annotation = _body_of(request)
    if isinstance(error.body, bytes) and annotation is not None:
        return UnsupportedType()
    found = [each for told in error.errors() for each in _wrong(told, annotation, error.body)]
    # What is unknown here is often what is missing there.
    found.sort(key=lambda each: not isinstance(each, UnknownField))
    first, *others = found or [InvalidInput("error.request_invalid", field="body")]
    first.others = tuple(others)
    return first


def whole_path(request: Request, field: str) -> str:
    """A field that a service names, as it stands in the body of this call."""
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
    field = ".".join(str(part) for part in way[1:]) or "body"
    if kind == "json_invalid":
        yield _bad_json(str(body), int(way[-1]))
    elif kind == "unknown_parameter":
        for name in about["names"]:
            yield UnknownParameter(name, nearest(name, about["known"]), about["known"])
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
    """A value that is missing, of another type or out of its bounds."""
    if kind == "missing":
        key = "error.body_missing" if field == "body" else "error.field_missing"
        return _told("missing", key, field)
    if kind in ("literal_error", "enum"):
        accepted = ", ".join(each or "''" for each in _QUOTED.findall(str(about["expected"])))
        accepted = accepted or str(about["expected"])
        return _told("not_one_of", "error.field_choice", field, accepted=accepted)
    if kind.endswith("too_long"):
        return _told("too_long", "error.field_long", field, limit=about["max_length"])
    if kind.endswith("too_short"):
        return _told("too_short", "error.field_short", field, limit=about["min_length"])
    for name, key in (("ge", "least"), ("le", "most")):
        if name in about:
            return _told("out_of_range", f"error.field_{key}", field, limit=about[name])
    expected = next((word for start, word in KINDS.items() if kind.startswith(start)), None)
    if expected is None:
        return _told("invalid", "error.field_invalid", field)
    return _told("wrong_type", f"error.field_{expected}", field)


def _told(what: str, key: str, field: str, **params: Any) -> InvalidInput:
    error = InvalidInput(key, field=field, name=field, **params)
    error.what = what
    return error
