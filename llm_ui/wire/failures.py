"""Mapping a failed upstream response to one of our errors."""

from __future__ import annotations

import re
from html import unescape
from math import ceil
from typing import Any

import orjson

from llm_ui.errors import (
    ContextTooLong,
    ModelUnavailable,
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.wire.complaints import blotted, words_in
from llm_ui.wire.fields import json_value
from llm_ui.wire.sse import SseSplitter

LONGEST_WAIT_S = 3600
_LIMIT = 429
# The same limit as a word in an error object.
_LIMITS = frozenset({str(_LIMIT), "rate_limit_error", "rate_limit_exceeded", "resource_exhausted"})
_STATUS = re.compile("[45][0-9]{2}")
_EVENT = re.compile(rb"\s*(?:(?:data|event|id|retry)\s*)?:")
_LONGEST_EVENT = 64 * 1024
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<>]{1,300})</title", re.IGNORECASE)
# The wording of the servers we know: OpenAI, Anthropic, llama.cpp, vLLM, OpenRouter, Groq.
_TOO_LONG = re.compile(
    r"context[ _-]?(length|window|size)|maximum context|exceeds? (the )?(available )?context"
    r"|prompt is too long|input is too long|too many (input )?tokens|context_too_long"
    r"|reduce the length of the (messages|prompt)|exceed_context",
    re.IGNORECASE,
)
_BY_STATUS: dict[int, type[ProviderError]] = {
    400: ProviderRefused,
    401: ProviderRefused,
    402: ProviderRefused,
    403: ProviderRefused,
    404: ModelUnavailable,
    409: ModelUnavailable,
    413: ContextTooLong,
    422: ProviderRefused,
    429: ProviderOverloaded,
    502: ProviderUnreachable,
    503: ProviderOverloaded,
    504: ProviderUnreachable,
    529: ProviderOverloaded,
}
# Errors that waiting does not fix have messages of their own.
_WORDS_OF_STATUS = {401: "error.provider_wrong_key", 402: "error.provider_no_credit"}
_NO_CREDIT = re.compile(r"quota|billing|credit|balance|insufficient funds", re.IGNORECASE)
# An error inside an answer comes from a server that was reached and that says what is wrong, so
# these classes show its message.
_IN_STREAM: dict[int, type[ProviderError]] = {
    **_BY_STATUS,
    404: ProviderRefused,
    409: ProviderRefused,
    502: ProviderError,
    504: ProviderError,
}
_BY_KIND: dict[str, type[ProviderError]] = {
    "overloaded_error": ProviderOverloaded,
    "rate_limit_error": ProviderOverloaded,
    "rate_limit_exceeded": ProviderOverloaded,
    "insufficient_quota": ProviderOverloaded,
    "unavailable_error": ProviderOverloaded,
    "authentication_error": ProviderRefused,
    "invalid_api_key": ProviderRefused,
    "permission_error": ProviderRefused,
    "billing_error": ProviderRefused,
    "invalid_request_error": ProviderRefused,
    "not_found_error": ModelUnavailable,
    "model_not_found": ModelUnavailable,
    "request_too_large": ContextTooLong,
    "invalid_authentication_error": ProviderRefused,
    "unauthenticated": ProviderRefused,
    "permission_denied": ProviderRefused,
    "invalid_argument": ProviderRefused,
    "engine_overloaded_error": ProviderOverloaded,
    "resource_exhausted": ProviderOverloaded,
    "unavailable": ProviderOverloaded,
    "not_found": ModelUnavailable,
    # The LLM API uses the codes of errors.py.
    **{
        kind.code: kind
        for kind in (
            ContextTooLong,
            ModelUnavailable,
            ProviderCutOff,
            ProviderGarbage,
            ProviderOverloaded,
            ProviderRefused,
            ProviderUnreachable,
        )
    },
}


def error_for_status(status: int, detail: str, retry_after: float | None = None) -> ProviderError:
    """The error for an unsuccessful HTTP status.

    400 and similar statuses become ContextTooLong if the message says so. `params["status"]` holds
    the status.

    Args:
        retry_after: the seconds that the server asks to wait before a retry.
    """
    if status in (400, 413, 422, 500) and _TOO_LONG.search(detail):
        return ContextTooLong(detail, status=status)
    if 300 <= status < 400:
        return ProviderGarbage(detail or "the server redirected the request", status=status)
    kind = _BY_STATUS.get(status, ProviderError)
    if kind is ProviderOverloaded:
        # "Try again in a few hours" is not useful advice.
        wait = 0 if retry_after is None or retry_after > LONGEST_WAIT_S else ceil(retry_after)
        error: ProviderError = ProviderOverloaded(
            detail, is_limit=status == _LIMIT, seconds=wait, status=status
        )
    else:
        error = kind(detail, status=status)
    if status in _WORDS_OF_STATUS:
        error.message_key = _WORDS_OF_STATUS[status]
    elif status == _LIMIT and _NO_CREDIT.search(detail):
        error.message_key = _WORDS_OF_STATUS[402]
    return error


_BY_REFUSAL = {401: "key", 402: "credit", 403: "forbidden"}
REASONS = (
    "dns",
    "refused",
    "tls",
    "network",
    "broken",
    "not_http",
    "address",
    "gateway",
    "connect",
    "slow",
    "key",
    "credit",
    "forbidden",
    "rejected",
    "not_found",
    "busy",
    "redirect",
    "not_api",
    "server",
    "secret",
    "metadata",
)


def reason_of(error: ProviderError) -> str:
    """What went wrong, as one of REASONS, for the provider's administrator."""
    status = error.params.get("status", 0)
    match error:
        case ProviderTimeout():
            return "connect" if error.phase == "connect" else "slow"
        case ProviderUnreachable():
            return str(error.params.get("reason", "gateway" if status else "network"))
        case ProviderOverloaded():
            return "busy"
        case ProviderCutOff():
            return "broken"
        case ProviderGarbage():
            return "redirect" if status else "not_api"
        case ModelUnavailable() if status == 404:
            return "not_found"
        case ModelUnavailable() if not status:
            # No request was made: the stored key cannot be decrypted.
            return "secret"
        case ProviderRefused() if status in _BY_REFUSAL:
            return _BY_REFUSAL[status]
    return "server" if status >= 500 else "rejected"


def error_in_stream(value: object) -> ProviderError:
    """The error for an error object in mid-stream, in any of the known formats."""
    message, kinds = words_in(value)
    if _TOO_LONG.search(" ".join((message, *kinds))):
        return ContextTooLong(message)
    for kind in kinds:
        found = _BY_KIND.get(kind.lower())
        if found is None and _STATUS.fullmatch(kind):
            found = _IN_STREAM.get(int(kind))
        if found is not None:
            is_limit = found is ProviderOverloaded and kind.lower() in _LIMITS
            error = ProviderOverloaded(message, is_limit=True) if is_limit else found(message)
            if kind in ("402", "insufficient_quota"):
                error.message_key = _WORDS_OF_STATUS[402]
            return error
    return ProviderError(message)


def _first_event(body: bytes) -> bytes:
    """The first event's data, if an error response is formatted as the requested stream."""
    if _EVENT.match(body) is None:
        return body
    splitter = SseSplitter()
    events = [event.data for event in (*splitter.feed(body[:_LONGEST_EVENT]), *splitter.flush())]
    return next(filter(None, events), body)


def detail_of(body: bytes) -> str:
    """The message in an error's body: from its fields if it is JSON, the title of a web page,
    otherwise the beginning of the text."""
    try:
        value: Any = json_value(_first_event(body))
    except ProviderGarbage:
        text = body[:2000].decode(errors="replace")
        if text.lstrip()[:1] != "<":
            return blotted(text)
        title = _TITLE.search(text)
        return blotted(unescape(title[1])) if title else ""
    message, kinds = words_in(value)
    # Append the error type if only that says what is wrong ("exceed_context_size_error").
    known = [kind for kind in kinds if _TOO_LONG.search(kind) and not _TOO_LONG.search(message)]
    if not message and value is not None:
        message = blotted(value if type(value) is str else orjson.dumps(value).decode()[:2000])
    return " ".join((message, *(f"({kind})" for kind in known)))
