"""What every request and answer passes: its id, a cap on bodies, the security headers."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui import trace
from llm_ui.api.errors import problem
from llm_ui.errors import TooLarge
from llm_ui.security.policy import Policies

BODY_LIMIT = 2 * 1024 * 1024
# Uploads go to the disk as they come; their own service counts them.
UPLOADS = {("POST", "/api/v1/files"), ("POST", "/api/v1/admin/model-files")}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
}


def is_upload(scope: Scope) -> bool:
    """Whether a request brings a file, which may be large."""
    return (scope["method"], scope["path"]) in UPLOADS


class SecurityHeaders:
    """Adds HEADERS and its policy to every HTTP answer, the pages' included."""

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
    """Gives each call its id, and tells the caller."""

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


class BodyLimit:
    """Refuses request bodies over BODY_LIMIT bytes, whatever their headers claim."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/") or is_upload(scope):
            await self.app(scope, receive, send)
            return
        claimed = Headers(scope=scope).get("content-length", "0")
        if claimed.isdigit() and int(claimed) > BODY_LIMIT:
            await problem(TooLarge(), scope)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_LIMIT:
                raise HTTPException(TooLarge.status)
            return message

        await self.app(scope, counted, send)
