"""Errors as problem+json (RFC 9457), in the caller's language."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import Scope

from llm_ui import trace
from llm_ui.errors import AppError, InvalidInput, NotFound, TooLarge, TooManyRequests
from llm_ui.i18n import pick_language, translate
from llm_ui.services.monitoring import report_unhandled

MEDIA_TYPE = "application/problem+json"


def language_of(headers: Headers) -> str:
    """The caller's language: the cookie `lang`, else Accept-Language."""
    chosen = cookie_parser(headers.get("cookie", "")).get("lang", "")
    return pick_language(headers.get("accept-language", ""), chosen)


def problem(error: AppError, scope: Scope) -> JSONResponse:
    """An error as its answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "status": error.status,
        "code": error.code,
        "detail": translate(error.message_key, language_of(Headers(scope=scope)), **error.params),
        "request_id": trace.current(),
    }
    headers = {}
    if isinstance(error, InvalidInput) and error.field:
        body["field"] = error.field
    if isinstance(error, TooManyRequests):
        body["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if reference := error.params.get("reference"):
        body["reference"] = reference
    return JSONResponse(body, error.status, headers, MEDIA_TYPE)


async def _app_error(request: Request, error: AppError) -> JSONResponse:
    return problem(error, request.scope)


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    where = [str(part) for part in error.errors()[0].get("loc", ())[1:]]
    return problem(
        InvalidInput("error.request_invalid", field=".".join(where) or "body"), request.scope
    )


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    known = {404: NotFound(), 413: TooLarge()}.get(error.status_code)
    if known is not None:
        return problem(known, request.scope)
    refused = InvalidInput("error.request_invalid")
    answer = problem(refused, request.scope)
    answer.status_code = error.status_code
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unhandled(request: Request, error: Exception) -> JSONResponse:
    # The route's pattern, not the path: ids and queries stay out of the log.
    route = getattr(request.scope.get("route"), "path", "unknown")
    reference = await report_unhandled(error, where=f"{request.method} {route}")
    return problem(AppError("error.internal", reference=reference), request.scope)


async def unknown_route(path: str) -> None:
    """No such route, whatever the rest of its path."""
    del path
    raise NotFound


def install_error_handlers(api: FastAPI) -> None:
    """Render every error that a route can raise."""
    api.add_exception_handler(AppError, _app_error)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type]
    api.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    api.add_exception_handler(Exception, _unhandled)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can answer with these errors."""
    schema = {
        "type": "object",
        "required": ["type", "status", "code", "detail", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
            "field": {"type": "string"},
            "retry_after": {"type": "integer"},
            "reference": {"type": "string"},
        },
    }
    return {
        status: {"description": "A problem", "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }
