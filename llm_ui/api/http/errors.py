"""Errors as problem+json (RFC 9457), in the caller's language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from llm_ui import outages, trace
from llm_ui.api.http import patterns, validation
from llm_ui.auth import cookie, cookie_name
from llm_ui.config import get_settings
from llm_ui.errors import (
    AppError,
    BadJson,
    Changed,
    Conflict,
    DatabaseAway,
    DiskFull,
    InvalidInput,
    KeyScope,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    ProviderTimeout,
    ProviderUnreachable,
    StillReading,
    TooLarge,
    TooManyRequests,
    TooSlow,
    UnknownField,
    UnknownHost,
    UnsupportedType,
    WrongMethod,
)
from llm_ui.i18n import DEFAULT_LANGUAGE, catalogue, pick_language, translate
from llm_ui.services.audit.recording import report_unhandled

AWAY_RETRY_S = "5"
MEDIA_TYPE = "application/problem+json"
# The page that explains all error codes (api/openapi/error_page.py).
ERROR_PAGE = "/api/errors"
CHALLENGE = 'Bearer realm="llm-ui"'
# Required by RFC 6750 if a key was sent that is invalid.
WRONG_KEY = ', error="invalid_token"'


def language_of(headers: Headers) -> str:
    """The caller's language: the cookie `lang`, or else Accept-Language. A program with a key gets
    English unless it asks for another language."""
    chosen = "" if "authorization" in headers else cookie(headers.get("cookie", ""), "lang")
    return pick_language(headers.get("accept-language", ""), chosen)


def is_program(headers: Headers) -> bool:
    """Whether the caller is a program rather than one of our pages.

    A program may also send a cookie, but only a browser reports which page the request comes from.
    """
    session = cookie(headers.get("cookie", ""), cookie_name())
    return "authorization" in headers or not session or not _is_page(headers)


def _is_page(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        # "none": the address was typed in.
        return site in ("same-origin", "none")
    # Browsers send Sec-Fetch-Site only over a trusted connection; over http there are these two.
    page = headers.get("origin") or headers.get("referer", "")
    return is_own_origin(page, headers.get("host", ""))


def is_own_origin(page: str, host: str) -> bool:
    """Whether the page at this address belongs to this server, which was called as `host`."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return False
    known = f"{parts.scheme}://{parts.netloc}" in get_settings().origins
    return bool(parts.netloc) and (known or parts.netloc == host)


def _sentence(error: AppError, language: str, to_program: bool) -> str:
    """The error message. Some messages make sense only on a page; programs get a variant of their
    own."""
    key = error.message_key
    if to_program and f"{key}.api" in catalogue(language):
        key = f"{key}.api"
    named = {"name": error.field} if isinstance(error, InvalidInput | NotFound) else {}
    return translate(key, language, **(named | error.params))


def _body(error: AppError, language: str, to_program: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"{ERROR_PAGE}#{error.code}",
        "title": translate(f"problem.{error.code}", language),
        "status": error.status,
        "code": error.code,
        "detail": _sentence(error, language, to_program),
        "request_id": trace.current(),
    }
    if isinstance(error, InvalidInput) and error.field:
        body["field"] = error.field
        body["errors"] = [_wrong(each, language, to_program) for each in (error, *error.others)]
        if error.more > 0:
            body["more"] = error.more
    if isinstance(error, NotFound) and error.field:
        body["field"] = error.field
    if isinstance(error, UnknownField):
        body["did_you_mean"] = error.nearest
    if isinstance(error, BadJson) and error.position is not None:
        body["position"] = error.position
    if isinstance(error, KeyScope):
        body |= {"needed": error.needed, "has": error.has}
    if isinstance(error, TooManyRequests):
        body["retry_after"] = error.retry_after
    if isinstance(error, Changed):
        body["current"] = error.now
    if reference := error.params.get("reference"):
        body["reference"] = reference
    return body


def _wrong(error: InvalidInput, language: str, to_program: bool) -> dict[str, Any]:
    """One entry of the list of everything wrong with a request."""
    body: dict[str, Any] = {
        "field": error.field,
        "code": error.what,
        "detail": _sentence(error, language, to_program),
    }
    if isinstance(error, UnknownField):
        body["did_you_mean"] = error.nearest
    return body


def problem(error: AppError, scope: Scope) -> JSONResponse:
    """The response for an error."""
    given, headers = Headers(scope=scope), {}
    body = _body(error, language_of(given), is_program(given))
    if isinstance(error, NotAuthenticated):
        is_wrong_key = error.message_key == "error.key_invalid"
        headers["WWW-Authenticate"] = f"{CHALLENGE}{WRONG_KEY if is_wrong_key else ''}"
    if isinstance(error, TooManyRequests | StillReading):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Changed):
        headers["ETag"] = error.etag
    if isinstance(error, DatabaseAway):
        headers["Retry-After"] = AWAY_RETRY_S
    return JSONResponse(body, error.status, headers, MEDIA_TYPE)


async def _app_error(request: Request, error: AppError) -> JSONResponse:
    told = (error, *error.others) if isinstance(error, InvalidInput) else (error,)
    for each in told:
        if isinstance(each, InvalidInput | NotFound) and each.field:
            each.field = validation.whole_path(request, each.field)
    return problem(error, request.scope)


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    return problem(validation.refusal_of(request, error), request.scope)


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    # The remaining errors come from bodies that can't be read at all.
    allowed = (error.headers or {}).get("Allow", "")
    known: dict[int, AppError] = {
        404: NotFound(),
        405: WrongMethod(request.method, allowed),
        413: TooLarge(),
    }
    answer = problem(known.get(error.status_code, BadJson()), request.scope)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unhandled(request: Request, error: Exception) -> Response:
    # Log the route's pattern rather than the path, to keep IDs and queries out of the log.
    where = f"{request.method} {patterns.of(request.scope)}"
    reference = await report_unhandled(error, where=where)
    return problem(AppError("error.internal", reference=reference), request.scope)


async def _failure(request: Request, error: Exception) -> Response:
    told = outages.words_for(error)
    return await _unhandled(request, error) if told is None else problem(told, request.scope)


def install_error_handlers(api: FastAPI) -> None:
    """Register handlers for every error that a route can raise."""
    api.add_exception_handler(AppError, _app_error)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _validation_error)  # type: ignore[arg-type]
    api.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    for kind in outages.FAILURES:
        api.add_exception_handler(kind, _failure)
    api.add_exception_handler(Exception, _unhandled)


PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "An error (RFC 9457). Programs can rely on `code`; `detail` is for people.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Page on this server that explains the code",
        },
        "title": {"type": "string", "description": "Short summary of the code"},
        "status": {"type": "integer", "description": "HTTP status of the response"},
        "code": {"type": "string", "description": "Stable error code; new codes may be added"},
        "detail": {
            "type": "string",
            "description": "What went wrong this time, as a readable message",
        },
        "request_id": {
            "type": "string",
            "description": "Identifies the call in the log; also sent in the header X-Request-ID",
        },
        "field": {
            "type": "string",
            "description": "Invalid part of the request, or the part naming what is missing (404)",
        },
        "errors": {
            "type": "array",
            "description": "Invalid parts of the request, up to 20, including the one in `field`",
            "items": {"$ref": "#/components/schemas/Wrong"},
        },
        "more": {
            "type": "integer",
            "minimum": 1,
            "description": "Number of further invalid parts not listed in `errors`",
        },
        "did_you_mean": {
            "type": ["string", "null"],
            "description": "Most similar known field or parameter, if one was unknown",
        },
        "position": {
            "type": "integer",
            "description": "Number of characters before the body stops being valid JSON",
        },
        "needed": {
            "type": ["string", "null"],
            "description": "Scope that a key needs for this call; null if no key can make it",
        },
        "has": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Scopes of the key",
        },
        "retry_after": {"type": "integer", "description": "Seconds to wait before retrying"},
        "reference": {
            "type": "string",
            "description": "Reference number, by which to find the details in the log",
        },
        "current": {
            "$ref": "#/components/schemas/Current",
            "description": "The current version (412)",
        },
    },
}
WRONG: dict[str, Any] = {
    "type": "object",
    "title": "Wrong",
    "description": "An invalid part of a request.",
    "required": ["field", "code", "detail"],
    "properties": {
        "field": {
            "type": "string",
            "description": "Path of the field, with dots: `settings.temperature`",
        },
        "code": {
            "type": "string",
            "enum": list(validation.CODES),
            "description": "What is wrong with it, as a code",
        },
        "detail": {"type": "string", "description": "What is wrong with it, as a readable message"},
        "did_you_mean": PROBLEM["properties"]["did_you_mean"],
    },
}
CURRENT: dict[str, Any] = {
    "type": "object",
    "title": "Current",
    "description": "The current version, as a GET would return it.",
    "additionalProperties": True,
}
# The example error and the description for each status in the OpenAPI document.
KNOWN: dict[int, tuple[AppError, str]] = {
    401: (NotAuthenticated(), "Not signed in, or the API key is not valid"),
    403: (NotAllowed(), "Not allowed for this caller, or the CSRF token is missing"),
    404: (NotFound(), "Not found, or not yours"),
    405: (
        WrongMethod("PUT", "GET, HEAD, OPTIONS"),
        "Method not allowed; `Allow` lists the supported ones",
    ),
    408: (TooSlow(), "The body did not arrive in time"),
    409: (Conflict(), "Not possible in the current state"),
    412: (
        Changed('W/"9c1185a5c5e9fc54.1d3f2a9b8c7e6f50"', {}),
        "`If-Match` does not match the current version (`current`)",
    ),
    413: (TooLarge(), "The request is too large"),
    415: (UnsupportedType(), "Unsupported content type"),
    421: (UnknownHost(), "Unknown host name"),
    422: (
        InvalidInput("error.request_invalid", field="body"),
        "The request is not valid; see `field` and `errors`",
    ),
    429: (TooManyRequests(60), "Too many calls or attempts; retry after `retry_after` seconds"),
    502: (ProviderUnreachable(), "The provider cannot be reached, or its response was an error"),
    503: (DatabaseAway(), "The database cannot be reached, or the provider is overloaded"),
    504: (ProviderTimeout("connect", 10), "The provider did not respond in time"),
    507: (DiskFull(), "The server is out of disk space"),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can return these errors. Leave out errors that follow from
    its dependencies or its parameters: the OpenAPI document adds them (api/openapi/document.py)."""
    return {status: {"description": KNOWN[status][1]} for status in statuses}


def example_problem(status: int) -> dict[str, Any]:
    """An example problem of this status, for the OpenAPI document."""
    body = _body(KNOWN[status][0], DEFAULT_LANGUAGE, to_program=True)
    return body | {"request_id": "5f0c2f6a9d1e4b7c"}
