"""What the routes' responses have in common: Location and Link headers, and compressed JSON."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, computed_field
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http import patterns
from llm_ui.schemas.chats.views import UNKNOWN

API = "/api/v1"
# The Location of what each route creates or starts, by the route's path. Fields in braces come from
# the path or from the response ("item.id").
PLACES = {
    "/auth/register": "/auth/me",
    "/auth/invitation/accept": "/auth/me",
    "/chats": "/chats/{id}",
    "/chats/{chat_id}/messages": "/runs/{run_id}/events",
    "/chats/{chat_id}/messages/{message_id}/retry": "/runs/{run_id}/events",
    "/chats/{chat_id}/messages/{message_id}/continue": "/runs/{run_id}/events",
    "/chats/{chat_id}/messages/{message_id}/edit": "/runs/{run_id}/events",
    "/chats/{chat_id}/messages/{message_id}/fork": "/chats/{id}",
    "/account/export": "/jobs/{id}",
    "/prompts": "/prompts/{id}",
    "/prompts/{prompt_id}/copy": "/prompts/{id}",
    "/files": "/files/{id}",
    "/keys": "/keys/{item.id}",
    "/projects": "/projects/{id}",
    "/admin/users": "/admin/users/{user.id}",
    "/admin/users/{user_id}/reset-link": "/admin/users/{user_id}",
    "/admin/invitations": "/admin/invitations/{invitation.id}",
    "/admin/providers": "/admin/providers/{id}",
    "/admin/providers/{provider_id}/models": "/admin/models/{id}",
    "/admin/providers/{provider_id}/addresses": "/admin/providers/{provider_id}",
    "/admin/models/{model_id}/prices": "/admin/models/{model_id}/prices",
    "/admin/types": "/admin/types",
    "/admin/model-files": "/admin/model-files",
    "/admin/model-files/current": "/admin/jobs/{id}",
    "/admin/jobs": "/admin/jobs/{id}",
    "/admin/jobs/{job_id}/retry": "/admin/jobs/{id}",
    "/admin/backups/{name}/check": "/admin/jobs/{id}",
    "/admin/providers/{provider_id}/pulls": "/admin/jobs/{id}",
}
# Created (201) or started (202).
NEW = (201, 202)
_FIELD = re.compile(r"\{([\w.]+)\}")
SMALLEST = 1024
LEVEL = 5


# A string that is null if empty: services use "" for no value.
OrNull = Annotated[str | None, BeforeValidator(lambda value: value or None)]
# A number that is null if unknown.
KnownOrNull = Annotated[
    int | None, BeforeValidator(lambda value: None if value == UNKNOWN else value)
]


class View(BaseModel):
    """A response body, built from the fields of a service's result by their names (or by their
    `validation_alias`, where the service uses another name)."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, given: object) -> Self:
        """Build the response from a service's result."""
        return cls.model_validate(given)


class Paged(View):
    """A page of a list. `has_more` says whether there is a next page, and `Link` has its
    address."""

    next_cursor: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return self.next_cursor is not None


class Located:
    """Adds the address of what was created or started (`Location`), or of the next page (`Link`).

    This parses the response body, so only the small responses of routes that create objects or
    return pages are parsed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def located(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_wanted(scope, message):
                start = message
            elif start is not None and message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    _locate(scope, start, bytes(body))
                    await send(start)
                    start = None
                    await send({"type": "http.response.body", "body": bytes(body)})
            else:
                await send(message)

        await self.app(scope, receive, located)


def _is_wanted(scope: Scope, start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    if not headers.get("content-type", "").startswith("application/json"):
        return False
    if start["status"] in NEW:
        return "location" not in headers
    return scope["method"] == "GET" and start["status"] == 200 and _is_paged(scope)


def _is_paged(scope: Scope) -> bool:
    dependant = getattr(scope.get("route"), "dependant", None)
    return any(each.alias == "cursor" for each in getattr(dependant, "query_params", ()))


def _locate(scope: Scope, start: Message, body: bytes) -> None:
    told = orjson.loads(body)
    headers = MutableHeaders(scope=start)
    if start["status"] in NEW:
        if place := PLACES.get(patterns.of(scope).removeprefix(API)):
            headers["Location"] = API + _filled(place, scope.get("path_params", {}), told)
    elif cursor := told.get("next_cursor"):
        query = QueryParams(scope.get("query_string", b"")).multi_items()
        kept = [(name, value) for name, value in query if name != "cursor"]
        headers["Link"] = f'<{scope["path"]}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


def _filled(place: str, path: dict[str, Any], told: Any) -> str:
    def value(match: re.Match[str]) -> str:
        found = told
        if match[1] in path:
            return str(path[match[1]])
        for name in match[1].split("."):
            found = found[name]
        return str(found)

    return _FIELD.sub(value, place)


class _Compressed(GZipResponder):
    """Compresses JSON unless it is secret; everything else is sent as it is."""

    is_plain = False

    async def send_with_compression(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            kind = headers.get("content-type", "").partition(";")[0]
            # Compression could reveal a secret: its ratio depends on the text around the secret.
            is_secret = "no-store" in headers.get("cache-control", "")
            self.is_plain = is_secret or not kind.endswith(("/json", "+json"))
        if self.is_plain:
            await self.send(message)
        else:
            await super().send_with_compression(message)


class Compressing:
    """Compresses JSON of at least SMALLEST bytes if the client accepts gzip. Never compresses
    streams."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = scope["type"] == "http" and "gzip" in Headers(scope=scope).get(
            "accept-encoding", ""
        )
        if takes and scope["path"].startswith("/api/"):
            app: ASGIApp = _Compressed(self.app, SMALLEST, compresslevel=LEVEL)
        else:
            app = self.app
        await app(scope, receive, send)


class WithoutBody:
    """Removes the content type and length from responses without a body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tidied(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (204, 304):
                headers = MutableHeaders(scope=message)
                for name in ("content-type", "content-length"):
                    if name in headers:
                        del headers[name]
            await send(message)

        await self.app(scope, receive, tidied if scope["type"] == "http" else send)
