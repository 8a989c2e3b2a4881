"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know.

Each operation names every error that it can answer with, as a problem, and has an example
of what it takes and of each of its answers. Both are found out here rather than written at
each route: the errors by what the route depends on, the examples by api/examples.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from llm_ui.api import deps, etags
from llm_ui.api.described import (
    SCHEMES,
    describe,
    describe_parameter,
    header,
    refers_to,
    require_all,
    security,
)
from llm_ui.api.errors import CURRENT, KNOWN, MEDIA_TYPE, PROBLEM, WRONG, example_problem
from llm_ui.api.examples import TEXTS, Examples
from llm_ui.api.idempotency import HEADER, KEY_LIMIT, NEVER_KEPT, REPLAYED

Document = dict[str, Any]
STREAM = "text/event-stream"
STREAM_EVENT = {
    "type": "object",
    "title": "StreamEvent",
    "description": "One event of a stream; `data` is JSON, of a shape that `event` says.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "What Last-Event-ID takes to go on behind it"},
        "event": {"type": "string", "description": "What it is: `text`, `end`, …"},
        "data": {"type": "string", "description": "What it says, as JSON"},
    },
}
BINARY = {"type": "string", "format": "binary"}
# Generated clients know bytes by this type, and none by that of archives.
ARCHIVE = ("application/zip", "application/octet-stream")
# What stands before a route, and what it answers to those whom it does not let by.
REFUSALS: dict[Callable[..., Any], tuple[int, ...]] = {
    deps.current_actor: (401, 429),
    deps.changer: (403,),
    deps.own_reader: (403,),
    deps.administering_reader: (403,),
    deps.own_page: (403,),
}


# What any POST of somebody signed in takes beside its own.
KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": "^[!-~]+$"},
    "description": (
        "Sent again within a day with the same key, the call is not done again: its first "
        f"answer comes back, with `{REPLAYED}: true`. With another body, 422 "
        "`idempotency_mismatch`; while the first one is being done, 409."
    ),
}


# What a call may depend on (api/etags.py), by its method.
MATCHES: dict[str, tuple[str, str, str]] = {
    "get": ("If-None-Match", "304", "An `ETag` that you have: 304 if this is still it."),
    "patch": ("If-Match", "412", "An `ETag` that you have: 412 if it was changed since."),
    "put": ("If-Match", "412", "An `ETag` that you have: 412 if it was changed since."),
}


def install_document(api: FastAPI) -> None:
    """Have the application give the complete document, made when it is first asked for."""
    plain = api.openapi

    def openapi() -> Document:
        if not api.openapi_schema:
            api.openapi_schema = complete(plain(), api.routes)
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]


def complete(document: Document, routes: Sequence[Any]) -> Document:
    """Add errors and examples to a document that FastAPI made of these routes."""
    components = document["components"]
    schemas = components["schemas"]
    for name in [
        each for each in schemas if each.startswith(("HTTPValidation", "ValidationError"))
    ]:
        del schemas[name]
    _complete_schemas(document, schemas)
    schemas |= {
        "Problem": PROBLEM,
        "Wrong": WRONG,
        "Current": CURRENT,
        "StreamEvent": STREAM_EVENT,
    }
    components["responses"] = {f"Problem{status}": _problem(status) for status in KNOWN}
    components["securitySchemes"] = SCHEMES
    examples, dependants = Examples(schemas), _dependants(routes)
    for path, method, operation in operations(document):
        operation["security"] = _security(dependants[path, method])
        responses = operation["responses"]
        calls = set(_depends_on(dependants[path, method]))
        if method == "post" and deps.changer in calls and not path.startswith(NEVER_KEPT):
            operation.setdefault("parameters", []).append(dict(KEY))
            responses.setdefault("409", {})
            responses.setdefault("422", {})
        if etags.conditions in calls:
            name, code, words = MATCHES[method]
            told = {"schema": {"type": "string"}, "description": words, "required": False}
            operation.setdefault("parameters", []).append({"name": name, "in": "header", **told})
            responses[code] = {"description": "What you have is how it is"} if code == "304" else {}
        for status in _errors(dependants[path, method], operation):
            responses.setdefault(str(status), {})
        for status, response in responses.items():
            if _is_problem(int(status), response):
                responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
                continue
            _head(response)
            for media_type, content in response.get("content", {}).items():
                _illustrate(content, media_type, examples.answer)
        operation["responses"] = dict(sorted(responses.items()))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            _illustrate(content, media_type, examples.request)
        for parameter in operation.get("parameters", []):
            examples.illustrate_parameter(parameter)
            describe_parameter(parameter)
    return document


def _complete_schemas(document: Document, schemas: dict[str, Document]) -> None:
    describe(schemas)
    bodies = [each.get("requestBody") for _, _, each in operations(document)]
    for name in set(schemas) - refers_to(schemas, bodies):
        require_all(schemas[name])


def _problem(status: int) -> Document:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": example_problem(status),
    }
    more = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
    return {
        "description": KNOWN[status][1],
        "headers": header("X-Request-ID", *more.get(status, ())),
        "content": {MEDIA_TYPE: content},
    }


def _head(response: Document) -> None:
    """The headers of an answer that is no problem."""
    content = response.get("content", {})
    is_file = any(kind not in ("application/json", STREAM) for kind in content)
    response["headers"] = header("X-Request-ID", *(("Content-Disposition",) if is_file else ()))


def _security(dependant: Dependant) -> list[Document]:
    calls = set(_depends_on(dependant))
    if deps.current_actor not in calls:
        return []
    is_own = bool(calls & {deps.own_reader, deps.own_changer})
    return security(key=not is_own, changes=deps.changer in calls)


def _is_problem(status: int, response: Document) -> bool:
    """Whether it is one of ours; FastAPI documents one of its own for what does not fit."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    is_fastapis = str(schema.get("$ref", "")).endswith("/HTTPValidationError")
    return status >= 400 and ("content" not in response or is_fastapis)


def gives(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with something else than JSON."""
    return {200: {"content": {each: {} for each in media_types}}}


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every operation, with its path and its method in small letters."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _dependants(routes: Sequence[Any]) -> dict[tuple[str, str], Dependant]:
    """What stands before each route, by its path and its method in small letters."""
    return {
        (each.path_format, method.lower()): each.dependant
        for each in iter_route_contexts(routes)
        if isinstance(each.original_route, APIRoute) and each.path_format is not None
        for method in each.methods or ()
    }


def _depends_on(dependant: Dependant) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _depends_on(each)


def _errors(dependant: Dependant, operation: Document) -> set[int]:
    found = {status for call in _depends_on(dependant) for status in REFUSALS.get(call, ())}
    # A parameter that there is not is refused everywhere.
    found.add(422)
    if "requestBody" in operation:
        found.add(413)
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        found.add(415)
    return found


def _illustrate(content: Document, media_type: str, example: Callable[[Document], Any]) -> None:
    if "example" in content or "examples" in content:
        return
    if media_type == "application/json":
        content["example"] = example(content["schema"])
    elif media_type == "multipart/form-data":
        content["example"] = {"file": "the bytes of the file"}
    else:
        is_text = media_type.startswith("text/") or media_type in TEXTS
        form = {} if is_text else {"format": "binary"}
        whole = {"type": "string", **form}
        # Some read a stream as one text, some as its events.
        event = {"$ref": "#/components/schemas/StreamEvent"}
        stream = {"anyOf": [whole, event]}
        content.setdefault("schema", stream if media_type == STREAM else whole)
        content["example"] = TEXTS.get(media_type, "the bytes of the file")
