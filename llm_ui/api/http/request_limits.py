"""Limits on every request, its ID, and the security headers of every response."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui import trace
from llm_ui.api.http.errors import problem
from llm_ui.errors import HeadersTooLarge, TooLarge
from llm_ui.security.policy import Policies

BODY_LIMIT = 2 * 1024 * 1024
# Open to everyone, and the text that people type into these forms is short.
PUBLIC, PUBLIC_BODY_LIMIT = "/api/v1/auth/", 64 * 1024
# Names and values together. Parsing long headers can take disproportionately long.
HEADER_LIMIT, COOKIE_LIMIT = 16 * 1024, 8 * 1024
# Uploads are streamed to disk; their own service limits their size.
UPLOADS = {("POST", "/api/v1/files"), ("POST", "/api/v1/admin/model-files")}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
}


def is_upload(scope: Scope) -> bool:
    """Whether a request uploads a file, which may be large."""
    return (scope["method"], scope["path"]) in UPLOADS


class SecurityHeaders:
    """Adds HEADERS and the content security policy to every HTTP response, including pages."""

    def __init__(self, app: ASGIApp, policies: Policies) -> None:
        self.app = app
        self._policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = self._policies.headers(scope["path"], headers.get("content-type", ""))
                for name, value in (HEADERS | own).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class RequestId:
    """Assigns each request an ID, and returns it in a header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = trace.begin(Headers(scope=scope).get(trace.HEADER))

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[trace.HEADER] = request_id
            await send(message)

        await self.app(scope, receive, with_id)


class HeaderLimit:
    """Refuses oversized headers, and removes cookies that aren't ours.

    FastAPI parses cookies on every call, needed or not, and on many Pythons the parser takes very
    long for backslashes within quotes (CVE-2024-7592). None of our cookies contains a backslash.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = scope["headers"]
        cookies = sum(len(value) for name, value in given if name == b"cookie")
        if cookies <= COOKIE_LIMIT and sum(map(_size, given)) <= HEADER_LIMIT:
            scope = {**scope, "headers": [_plain(*each) for each in given]}
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await problem(HeadersTooLarge(), scope)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1009})


def _size(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1])


def _plain(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name != b"cookie" or b"\\" not in value:
        return name, value
    return name, b";".join(each for each in value.split(b";") if b"\\" not in each)


class BodyLimit:
    """Refuses request bodies over BODY_LIMIT bytes (PUBLIC_BODY_LIMIT for routes without sign-in),
    regardless of what their headers claim."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/") or is_upload(scope):
            await self.app(scope, receive, send)
            return
        limit = PUBLIC_BODY_LIMIT if scope["path"].startswith(PUBLIC) else BODY_LIMIT
        claimed = Headers(scope=scope).get("content-length", "0")
        if claimed.isdigit() and int(claimed) > limit:
            await problem(TooLarge(), scope)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(TooLarge.status)
            return message

        await self.app(scope, counted, send)
