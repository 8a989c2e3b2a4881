"""Errors as problem+json (RFC 9457), in the caller's language."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from llm_ui import outages, trace
from llm_ui.errors import (
    AppError,
    Conflict,
    DatabaseAway,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ProviderOverloaded,
    ProviderTimeout,
    ProviderUnreachable,
    TooLarge,
    TooManyRequests,
    WrongMethod,
)
from llm_ui.i18n import pick_language, translate
from llm_ui.services.monitoring import report_unhandled

AWAY_RETRY_S = "5"
MEDIA_TYPE = "application/problem+json"


def language_of(headers: Headers) -> str:
    """The caller's language: the cookie `lang`, else Accept-Language."""
    chosen = cookie_parser(headers.get("cookie", "")).get("lang", "")
    return pick_language(headers.get("accept-language", ""), chosen)


def _body(error: AppError, language: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "status": error.status,
        "code": error.code,
        "detail": translate(error.message_key, language, **error.params),
        "request_id": trace.current(),
    }
    if isinstance(error, InvalidInput) and error.field:
        body["field"] = error.field
    if isinstance(error, TooManyRequests):
        body["retry_after"] = error.retry_after
    if reference := error.params.get("reference"):
        body["reference"] = reference
    return body


def problem(error: AppError, scope: Scope) -> JSONResponse:
    """An error as its answer."""
    body, headers = _body(error, language_of(Headers(scope=scope))), {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, DatabaseAway):
        headers["Retry-After"] = AWAY_RETRY_S
    return JSONResponse(body, error.status, headers, MEDIA_TYPE)


async def _app_error(request: Request, error: AppError) -> JSONResponse:
    return problem(error, request.scope)


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    where = [str(part) for part in error.errors()[0].get("loc", ())[1:]]
    return problem(
        InvalidInput("error.request_invalid", field=".".join(where) or "body"), request.scope
    )


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    # What is left are bodies that cannot be read at all.
    known: dict[int, AppError] = {404: NotFound(), 405: WrongMethod(), 413: TooLarge()}
    unreadable = InvalidInput("error.request_invalid", field="body")
    answer = problem(known.get(error.status_code, unreadable), request.scope)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unhandled(request: Request, error: Exception) -> Response:
    # The route's pattern, not the path: ids and queries stay out of the log.
    route = getattr(request.scope.get("route"), "path", "unknown")
    reference = await report_unhandled(error, where=f"{request.method} {route}")
    return problem(AppError("error.internal", reference=reference), request.scope)


async def _failure(request: Request, error: Exception) -> Response:
    told = outages.words_for(error)
    return await _unhandled(request, error) if told is None else problem(told, request.scope)


async def unknown_route(path: str) -> None:
    """No such route, whatever the rest of its path."""
    del path
    raise NotFound


def install_error_handlers(api: FastAPI) -> None:
    """Render every error that a route can raise."""
    api.add_exception_handler(AppError, _app_error)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type]
    api.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    for kind in outages.FAILURES:
        api.add_exception_handler(kind, _failure)
    api.add_exception_handler(Exception, _unhandled)


PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457). `code` is stable, `detail` is for people.",
    "required": ["type", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "field": {"type": "string", "description": "What of the request is wrong"},
        "retry_after": {"type": "integer", "description": "Seconds to wait"},
        "reference": {"type": "string", "description": "Where the log says more"},
    },
}
# What stands for each status in the document: an error of that status, and its meaning.
KNOWN: dict[int, tuple[AppError, str]] = {
    401: (NotAuthenticated(), "Nobody is signed in, or the key opens nothing"),
    403: (NotAllowed(), "Not for this caller, or without the CSRF token"),
    404: (NotFound(), "Missing, or not yours"),
    409: (Conflict(), "Not in the state that this needs"),
    413: (TooLarge(), "Too large"),
    422: (InvalidInput("error.request_invalid", field="body"), "`field` cannot be used"),
    429: (TooManyRequests(60), "Too many; again after `retry_after` seconds"),
    502: (ProviderUnreachable(), "The provider cannot be reached, or did not do its part"),
    503: (ProviderOverloaded(), "The provider has too much to do"),
    504: (ProviderTimeout("connect", 10), "The provider did not answer in time"),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can answer with these errors; the document has the
    same for all of them (api/openapi.py)."""
    return {status: {"description": KNOWN[status][1]} for status in statuses}


def example_problem(status: int) -> dict[str, Any]:
    """A problem of this status, for the document."""
    body = _body(KNOWN[status][0], "en")
    return body | {"request_id": "5f0c2f6a9d1e4b7c"}
