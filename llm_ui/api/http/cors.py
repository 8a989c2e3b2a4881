"""CORS for other sites' pages: with an API key from any origin, never with cookies.

Anyone with a key may call from anywhere; the browser just needs to be told so. It must never send
cookies on behalf of another site's page, and with "*" it doesn't. Without a key, such a page can
read the OpenAPI document, and the error that says a key is missing.

The sign-in and registration routes are excluded: they ignore keys, so any bearer value would open
them to every page that a user visits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API, OWN = "/api/v1/", "/api/v1/auth/"
DOCUMENT = f"{API}openapi.json"
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
TAKEN = (
    b"Authorization, Content-Type, Accept, Idempotency-Key, If-Match, If-None-Match, "
    b"Last-Event-ID, X-Request-ID"
)
SHOWN = (
    b"X-Request-ID, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    b"RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, ETag, "
    b"Location, Link, Idempotent-Replayed, Content-Disposition, WWW-Authenticate"
)
ALLOWED = b"access-control-allow-origin"
ANY = (ALLOWED, b"*")
DAY_S = b"86400"
UNAUTHENTICATED = 401


class KeysFromAnywhere:
    """Wraps the whole API, whose inner layers refuse cross-origin pages.

    The Origin header is passed on: the key may be invalid, and inner code checks the origin.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not scope["path"].startswith(API) or scope["path"].startswith(OWN):
            await self.app(scope, receive, _tidied(send, is_nobody=False))
            return
        headers = dict(scope["headers"])
        is_document = scope["path"] == DOCUMENT
        has_key = headers.get(b"authorization", b"").lower().startswith(b"bearer ")
        if b"origin" in headers and _asks_beforehand(scope["method"], headers, is_document):
            await _allow(send)
        elif is_document or (has_key and b"origin" in headers):
            await self.app(scope, receive, _shown(send))
        else:
            # A request with cookies reveals nothing to other sites, not even that the session is
            # invalid.
            is_nobody = not has_key and b"cookie" not in headers and b"origin" in headers
            await self.app(scope, receive, _tidied(send, is_nobody=is_nobody))


def _asks_beforehand(method: str, headers: dict[bytes, bytes], is_document: bool) -> bool:
    """Whether this is the preflight of a request with a key, or of one for the OpenAPI document."""
    asked = headers.get(b"access-control-request-headers", b"").lower().split(b",")
    return (
        method == "OPTIONS"
        and b"access-control-request-method" in headers
        and (is_document or b"authorization" in [each.strip() for each in asked])
    )


async def _allow(send: Send) -> None:
    headers = [
        ANY,
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", TAKEN),
        (b"access-control-max-age", DAY_S),
        (b"vary", b"Access-Control-Request-Headers"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


Header = tuple[bytes, bytes]


def _without(headers: Iterable[Header], *starts: bytes) -> list[Header]:
    return [each for each in headers if not each[0].lower().startswith(starts)]


def _shown(send: Send) -> Send:
    """Let pages of any origin read the response."""

    async def shown(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = _without(message.get("headers", ()), b"access-control-", b"set-cookie")
            told += [ANY, (b"access-control-expose-headers", SHOWN)]
            message = {**message, "headers": _varied(told)}
        await send(message)

    return shown


def _varied(headers: list[Header]) -> list[Header]:
    """Merge all Vary headers into one."""
    varies = [
        each.strip()
        for name, value in headers
        if name.lower() == b"vary"
        for each in value.split(b",")
    ]
    if not varies:
        return headers
    return [*_without(headers, b"vary"), (b"vary", b", ".join(dict.fromkeys(varies)))]


def _tidied(send: Send, *, is_nobody: bool) -> Send:
    """Remove CORS headers from responses that other sites may not read. With `is_nobody`, they may
    read a 401, which says that a key is needed. For responses open to any origin, the outer layers
    repeat the headers and allow credentials; that header is dropped, as "*" does not permit
    credentials."""

    async def tidied(message: Message) -> None:
        if message["type"] == "http.response.start":
            told: list[Header] = list(message.get("headers", ()))
            if all(name.lower() != ALLOWED or value == b"*" for name, value in told):
                told = _without(told, b"access-control-")
                if is_nobody and message["status"] == UNAUTHENTICATED:
                    told += [ANY, (b"access-control-expose-headers", SHOWN)]
            message = {**message, "headers": _varied(told)}
        await send(message)

    return tidied
