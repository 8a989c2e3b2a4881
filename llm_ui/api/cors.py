"""Calls of pages elsewhere, with an API key: from any origin, and never with a cookie.

Whoever has a key may call from wherever they like; a browser only has to be told. Cookies are
what it must not send along for somebody else's page, and with "*" it sends none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/api/v1/"
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
ANY = (b"access-control-allow-origin", b"*")
DAY_S = b"86400"


class KeysFromAnywhere:
    """Stands before everything: what is behind it knows cookies only, and refuses origins."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"origin" not in headers:
            await self.app(scope, receive, send)
        elif _asks_for_a_key(scope["method"], headers):
            await _allow(send)
        elif headers.get(b"authorization", b"").lower().startswith(b"bearer "):
            await self.app(_without_origin(scope), receive, _shown(send))
        else:
            await self.app(scope, receive, send)


def _asks_for_a_key(method: str, headers: dict[bytes, bytes]) -> bool:
    """Whether a browser asks beforehand, for a call that will have a key."""
    asked = headers.get(b"access-control-request-headers", b"").lower().split(b",")
    return (
        method == "OPTIONS"
        and b"access-control-request-method" in headers
        and b"authorization" in [each.strip() for each in asked]
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


def _without_origin(scope: Scope) -> Scope:
    """A call with a key goes by the key alone, whatever page it comes from."""
    kept = [each for each in scope["headers"] if each[0] != b"origin"]
    return {**scope, "headers": kept}


def _shown(send: Send) -> Send:
    async def shown(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = [
                each
                for each in message.get("headers", ())
                if not each[0].lower().startswith(b"access-control-")
                and each[0].lower() != b"set-cookie"
            ]
            told += [ANY, (b"access-control-expose-headers", SHOWN)]
            message = {**message, "headers": told}
        await send(message)

    return shown
