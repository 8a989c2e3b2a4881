"""HTTP methods: HEAD for every GET, OPTIONS, responses to unsupported methods, and redirects from
near-miss paths."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http.errors import problem
from llm_ui.errors import NotFound, WrongMethod

DOCUMENT = "/api/v1/openapi.json"
# Paths where people look for the OpenAPI document.
POINTERS = ("/api", "/api/v1", "/api/openapi.json")
# The pages, served elsewhere, handle HEAD themselves.
OURS = ("/api/", "/health/", "/metrics")


def _path(request: Request) -> str:
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))


def _allowed(request: Request, path: str) -> list[str]:
    """The methods supported at this path."""
    found: set[str] = set()
    for each in iter_route_contexts(request.app.routes):
        route = each.original_route
        is_route = isinstance(route, Route) and not isinstance(route.endpoint, NoSuchRoute)
        if is_route and each.path_regex.match(path):
            found |= each.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []


async def no_such_route(request: Request) -> Response:
    """Respond to a request that no route matches: redirect, 404, OPTIONS or 405."""
    path = _path(request)
    allowed = ", ".join(_allowed(request, path))
    if not allowed and (bare := path.rstrip("/")) != path and _allowed(request, bare):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{quote(bare)}{query}", 308)
    if not allowed:
        is_api = path.startswith("/api/")
        missing = NotFound("error.api_address", document=DOCUMENT) if is_api else NotFound()
        return problem(missing, request.scope)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    answer = problem(WrongMethod(request.method, allowed), request.scope)
    answer.headers["Allow"] = allowed
    return answer


class NoSuchRoute:
    """`no_such_route` for every method, including unknown ones."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await no_such_route(Request(scope, receive))
        await answer(scope, receive, send)


async def to_document(_: Request) -> Response:
    """Redirect to the OpenAPI document."""
    return RedirectResponse(DOCUMENT, 307)


class HeadAsGet:
    """Handles HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or not _is_ours(scope):
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def without_body(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def until_begun() -> Message:
            # A streaming response runs until it sees the disconnect.
            return {"type": "http.disconnect"} if has_begun else await receive()

        # From version 2.4 on, a stream wouldn't listen for the disconnect.
        asgi = {**scope.get("asgi", {}), "spec_version": "2.3"}
        await self.app({**scope, "method": "GET", "asgi": asgi}, until_begun, without_body)


def _is_ours(scope: Scope) -> bool:
    return str(scope["path"]).startswith(OURS)
