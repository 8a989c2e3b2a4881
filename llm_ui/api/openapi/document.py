"""The OpenAPI document: what FastAPI knows about the routes, completed with what it can't know.

Each operation lists every error it can return, as a problem, and has examples of its request body
and of each response. Both are derived rather than written for each route: the errors here, from the
route's dependencies, and the examples in api/openapi/examples.py.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts

from llm_ui.api.http import deps, etags
from llm_ui.api.http.errors import CURRENT, KNOWN, MEDIA_TYPE, PROBLEM, WRONG, example_problem
from llm_ui.api.http.idempotency import HEADER, KEY_LIMIT, NEVER_KEPT, REPLAYED
from llm_ui.api.http.rate_limits import HEADERS as RATE_HEADERS
from llm_ui.api.http.responses import API, NEW, PLACES
from llm_ui.api.openapi.described import (
    SCHEMES,
    describe,
    describe_parameter,
    header,
    headers,
    refers_to,
    require_all,
    security,
)
from llm_ui.api.openapi.examples import TEXTS, Examples

Document = dict[str, Any]
STREAM = "text/event-stream"
STREAM_EVENT = {
    "type": "object",
    "title": "StreamEvent",
    "description": "One event of a stream. The structure of `data` depends on `event`.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Pass as Last-Event-ID to resume after this event"},
        "event": {"type": "string", "description": "Type of event: `text`, `end`, …"},
        "data": {"type": "string", "description": "Data of the event, as JSON"},
    },
}
BINARY = {"type": "string", "format": "binary"}
# Generated clients treat this type as bytes, but not the types of archives.
ARCHIVE = ("application/zip", "application/octet-stream")
# The errors that each dependency of a route may return.
REFUSALS: dict[Callable[..., Any], tuple[int, ...]] = {
    deps.current_actor: (401, 429),
    deps.changer: (403,),
    deps.own_reader: (403,),
    deps.administering_reader: (403,),
    deps.own_page: (403,),
}


# Additional headers of problems, by status.
OF_PROBLEMS: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("Retry-After",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
# Routes whose stream returns 200, with the address at which to resume it.
BEGINNING = ("/chats/{chat_id}/messages",)
# The header accepted by every authenticated POST, in addition to its own parameters.
KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": "^[!-~]+$"},
    "description": (
        "A call repeated within 24 hours with the same key is not executed again: the first "
        f"response is returned, with `{REPLAYED}: true`. A call with a different body gets 422 "
        "`idempotency_mismatch`; while the first call is still in progress, the response is 409."
    ),
}


# The conditional header that a call may have (api/http/etags.py), by its method.
MATCHES: dict[str, tuple[str, str, str]] = {
    "get": (
        "If-None-Match",
        "304",
        "An `ETag` that you received: 304 if nothing has changed since",
    ),
    "patch": ("If-Match", "412", "An `ETag` that you received: 412 if it has changed since"),
    "put": ("If-Match", "412", "An `ETag` that you received: 412 if it has changed since"),
    "delete": ("If-Match", "412", "An `ETag` that you received: 412 if it has changed since"),
}


def install_document(api: FastAPI) -> None:
    """Make the application serve the complete document, built on the first request.

    The document is public and large, so it is serialized and compressed only once.
    """
    plain = api.openapi

    def openapi() -> Document:
        if not api.openapi_schema:
            api.openapi_schema = complete(plain(), api.routes)
        return api.openapi_schema

    @functools.cache
    def written(*, compressed: bool) -> bytes:
        told = bytes(JSONResponse(openapi()).body)
        return gzip.compress(told) if compressed else told

    async def document(request: Request) -> Response:
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"Vary": "Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(written(compressed=compressed), 200, headers, "application/json")

    api.openapi = openapi  # type: ignore[method-assign]
    path = str(api.openapi_url)
    api.router.routes[:] = [each for each in api.routes if getattr(each, "path", "") != path]
    api.add_route(path, document, include_in_schema=False)


def complete(document: Document, routes: Sequence[Any]) -> Document:
    """Add errors and examples to the document that FastAPI generated for these routes."""
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
    components["headers"] = headers()
    components["securitySchemes"] = SCHEMES
    examples, dependants = Examples(schemas), _dependants(routes)
    for path, method, operation in operations(document):
        operation["summary"] = _summary(operation["operationId"])
        operation["security"] = _security(dependants[path, method])
        responses = operation["responses"]
        calls = set(_depends_on(dependants[path, method]))
        _add_conditions(path, method, operation, calls)
        for status in _errors(path, calls, operation):
            responses.setdefault(str(status), {})
        for status, response in responses.items():
            if _is_problem(int(status), response):
                responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
                continue
            _head(path, int(status), response, operation, calls)
            for media_type, content in response.get("content", {}).items():
                _illustrate(content, media_type, examples.answer)
        operation["responses"] = dict(sorted(responses.items()))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            _illustrate(content, media_type, examples.request)
        for parameter in operation.get("parameters", []):
            examples.illustrate_parameter(parameter)
            describe_parameter(parameter)
    return document


def _summary(operation_id: str) -> str:
    """An operation's name in words: "Get usage CSV"."""
    return operation_id.replace("_", " ").capitalize().replace(" csv", " CSV")


def _add_conditions(path: str, method: str, operation: Document, calls: set[Any]) -> None:
    """Add the headers for idempotency and for conditional requests."""
    responses = operation["responses"]
    if method == "post" and deps.changer in calls and not path.startswith(NEVER_KEPT):
        operation.setdefault("parameters", []).append(dict(KEY))
        responses.setdefault("409", {})
        responses.setdefault("422", {})
    if etags.conditions in calls and method in MATCHES:
        name, code, words = MATCHES[method]
        told = {"schema": {"type": "string"}, "description": words, "required": False}
        operation.setdefault("parameters", []).append({"name": name, "in": "header", **told})
        responses[code] = (
            {"description": "Not modified: your version is current"} if code == "304" else {}
        )


def _complete_schemas(document: Document, schemas: dict[str, Document]) -> None:
    describe(schemas)
    bodies = [each.get("requestBody") for _, _, each in operations(document)]
    for name in set(schemas) - refers_to(schemas, bodies):
        require_all(name, schemas[name])


def _problem(status: int) -> Document:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": example_problem(status),
    }
    # These requests are refused before any rate limit counts them.
    counted = () if status in (405, 408, 421) else RATE_HEADERS
    return {
        "description": KNOWN[status][1],
        "headers": header("X-Request-ID", *OF_PROBLEMS.get(status, ()), *counted),
        "content": {MEDIA_TYPE: content},
    }


def _head(path: str, status: int, response: Document, operation: Document, calls: set[Any]) -> None:
    """Add the headers of a successful response."""
    names = ["X-Request-ID"]
    if any(kind not in ("application/json", STREAM) for kind in response.get("content", {})):
        names.append("Content-Disposition")
    pattern = path.removeprefix(API)
    if status in NEW or (status == 200 and pattern in BEGINNING):
        names += ["Location"] if pattern in PLACES else []
    if etags.conditions in calls and status not in (202, 204):
        names.append("ETag")
    parameters = {each["name"] for each in operation.get("parameters", ())}
    if "cursor" in parameters or pattern in BEGINNING:
        names.append("Link")
    if HEADER in parameters:
        names.append(REPLAYED)
    if deps.current_actor in calls:
        names += RATE_HEADERS
    response["headers"] = header(*names)


def _security(dependant: Dependant) -> list[Document]:
    calls = set(_depends_on(dependant))
    if deps.current_actor not in calls:
        return []
    is_own = bool(calls & {deps.own_reader, deps.own_changer, deps.administering_person})
    return security(key=not is_own, changes=deps.changer in calls)


def _is_problem(status: int, response: Document) -> bool:
    """Whether the response is a problem; FastAPI documents validation errors in its own format."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    is_fastapis = str(schema.get("$ref", "")).endswith("/HTTPValidationError")
    return status >= 400 and ("content" not in response or is_fastapis)


def gives(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that returns something other than JSON."""
    return {200: {"content": {each: {} for each in media_types}}}


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every operation, with its path and its method in lower case."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _dependants(routes: Sequence[Any]) -> dict[tuple[str, str], Dependant]:
    """The dependencies of each route, by path and method in lower case."""
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


def _errors(path: str, calls: set[Any], operation: Document) -> set[int]:
    found = {status for call in calls for status in REFUSALS.get(call, ())}
    # Called under a host name that isn't this server's.
    found.add(421)
    if path.startswith(f"{API}/"):
        # An unknown parameter; the database unavailable, or the disk full.
        found |= {422, 503, 507}
    if "requestBody" in operation:
        found |= {408, 413}
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
        # Some clients read a stream as one string, others as events.
        event = {"$ref": "#/components/schemas/StreamEvent"}
        stream = {"anyOf": [whole, event]}
        content.setdefault("schema", stream if media_type == STREAM else whole)
        content["example"] = TEXTS.get(media_type, "the bytes of the file")
