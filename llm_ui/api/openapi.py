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

from llm_ui.api import deps
from llm_ui.api.errors import KNOWN, MEDIA_TYPE, PROBLEM, example_problem
from llm_ui.api.examples import TEXTS, Examples

Document = dict[str, Any]
# A schema would be understood as that of a single event.
STREAM = "text/event-stream"
# What stands before a route, and what it answers to those whom it does not let by.
REFUSALS: dict[Callable[..., Any], tuple[int, ...]] = {
    deps.current_actor: (401, 429),
    deps.changing_actor: (403,),
    deps.own_reader: (403,),
    deps.own_changer: (403,),
    deps.administering_reader: (403,),
    deps.administering_changer: (403,),
    deps.own_page: (403,),
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
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = {f"Problem{status}": _problem(status) for status in KNOWN}
    examples, dependants = Examples(components["schemas"]), _dependants(routes)
    for path, method, operation in operations(document):
        responses = operation["responses"]
        for status in _errors(dependants[path, method], operation):
            responses.setdefault(str(status), {})
        for status, response in responses.items():
            if _is_problem(int(status), response):
                responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
            for media_type, content in response.get("content", {}).items():
                _illustrate(content, media_type, examples.answer)
        operation["responses"] = dict(sorted(responses.items()))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            _illustrate(content, media_type, examples.request)
        for parameter in operation.get("parameters", []):
            examples.illustrate_parameter(parameter)
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    return document


def _problem(status: int) -> Document:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": example_problem(status),
    }
    return {"description": KNOWN[status][1], "content": {MEDIA_TYPE: content}}


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
    if "requestBody" in operation:
        found |= {413, 422}
    return found


def _illustrate(content: Document, media_type: str, example: Callable[[Document], Any]) -> None:
    if "example" in content or "examples" in content:
        return
    if media_type == "application/json":
        content["example"] = example(content["schema"])
    else:
        is_text = media_type.startswith("text/") or media_type in TEXTS
        form = {} if is_text else {"format": "binary"}
        if media_type != STREAM:
            content.setdefault("schema", {"type": "string", **form})
        content["example"] = TEXTS.get(media_type, "the bytes of the file")
