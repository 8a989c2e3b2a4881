"""Methods: HEAD for every GET, OPTIONS, and what is said to any that a route does not take."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.errors import problem
from llm_ui.errors import NotFound, WrongMethod

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
# The pages, which lie elsewhere, know HEAD by themselves.
OURS = ("/api/", "/health/", "/metrics")


def _allowed(request: Request) -> list[str]:
    """The methods that there are at this address."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    found: set[str] = set()
    for each in iter_route_contexts(request.app.routes):
        is_route = isinstance(each.original_route, Route) and each.endpoint is not no_such_route
        if is_route and each.path_regex.match(path):
            found |= each.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []


async def no_such_route(request: Request) -> Response:
    """Say what there is at an address that no route takes as it was called."""
    allowed = {"Allow": ", ".join(_allowed(request))}
    if not allowed["Allow"]:
        return problem(NotFound(), request.scope)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allowed)
    answer = problem(WrongMethod(), request.scope)
    answer.headers.update(allowed)
    return answer


class HeadAsGet:
    """Answers HEAD as GET, without the body."""

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
            # Whatever streams goes on until it hears that nobody listens.
            return {"type": "http.disconnect"} if has_begun else await receive()

        # As of version 2.4 a stream would not listen for that.
        asgi = {**scope.get("asgi", {}), "spec_version": "2.3"}
        await self.app({**scope, "method": "GET", "asgi": asgi}, until_begun, without_body)


def _is_ours(scope: Scope) -> bool:
    return str(scope["path"]).startswith(OURS)
