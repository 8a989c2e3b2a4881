"""`Idempotency-Key`: repeating a POST with the same key executes it only once.

The caller is only known inside the route's dependencies (api/http/deps.py: `claim`), and the
response only in the middleware around it (`Idempotency`); the two share a `_Call` in the scope.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http.forms import FORM
from llm_ui.api.http.request_limits import UPLOADS
from llm_ui.auth import Actor, require_confirmed
from llm_ui.errors import IdempotencyUnkept, InvalidInput
from llm_ui.services import idempotency
from llm_ui.services.idempotency import Claim, Kept

API = "/api/v1"
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
PLACE = "llm_ui.call"
STREAM = "text/event-stream"
KEY_LIMIT = 255
KEPT_HEADERS = ("content-type", "location", "etag")
# Credentials must be checked every time.
NEVER_KEPT = f"{API}/auth/"
# Calls that return the same as a GET of their Location. Below, those that return the same as a GET
# of another path.
MADE = {
    f"{API}{path}"
    for path in (
        "/chats",
        "/chats/{chat_id}/messages/{message_id}/fork",
        "/prompts",
        "/prompts/{prompt_id}/copy",
        "/files",
        "/projects",
        "/admin/providers",
        "/admin/providers/{provider_id}/addresses",
        "/admin/providers/{provider_id}/models",
        "/admin/models/{model_id}/prices",
        "/admin/types",
        "/account/export",
        "/admin/backups/{name}/check",
        "/admin/jobs",
        "/admin/jobs/{job_id}/retry",
        "/admin/providers/{provider_id}/pulls",
    )
}
SHOWN = {
    f"{API}/chats/{{chat_id}}{path}": f"{API}/chats/{{chat_id}}"
    for path in (
        "/undelete",
        "/messages/{message_id}/show",
        "/messages/{message_id}/keep",
    )
}
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LIMIT}}}")


class _Digest:
    """A body's digest. It ignores the form boundary, which clients generate anew for each
    request."""

    def __init__(self, boundary: bytes = b"") -> None:
        self._boundary = boundary
        self._digest = hashlib.sha256()
        # Bytes that may be the beginning of a boundary.
        self._held = b""

    def update(self, data: bytes) -> None:
        if not self._boundary:
            self._digest.update(data)
            return
        *before, rest = (self._held + data).split(self._boundary)
        self._digest.update(b"\n".join([*before, b""]))
        certain = max(len(rest) - len(self._boundary) + 1, 0)
        self._digest.update(rest[:certain])
        self._held = rest[certain:]

    def hexdigest(self) -> str:
        whole = self._digest.copy()
        whole.update(self._held)
        return whole.hexdigest()


def _boundary(scope: Scope) -> bytes:
    """The boundary of a multipart form, empty for other bodies."""
    kind, options = parse_options_header(Headers(scope=scope).get("content-type"))
    return options.get(b"boundary", b"") if kind == FORM.encode() else b""


@dataclass(slots=True)
class _Call:
    """A POST with a key, and its state so far."""

    key: str
    place: str
    digest: _Digest
    claim: Claim | None = None
    is_confirmed: bool = False
    renewed: float = field(default_factory=time.monotonic)

    @property
    def said(self) -> str:
        return f"{self.place}\n{self.digest.hexdigest()}"

    async def go_on(self) -> None:
        """Renew the claim while more of the body arrives, so that it doesn't expire."""
        moment = time.monotonic()
        if self.claim is not None and moment >= self.renewed + idempotency.RENEWED_EVERY_S:
            self.renewed = moment
            await idempotency.renew(self.claim)


class Replay(Exception):
    """The call was executed before: carries the stored response."""

    def __init__(self, kept: Kept, actor: Actor) -> None:
        super().__init__("replayed")
        self.kept = kept
        self.actor = actor

    @property
    def is_stream(self) -> bool:
        """Whether the response was a stream, which is followed again."""
        return self.kept.headers.get("content-type", "").startswith(STREAM)

    async def response(self, request: Request) -> Response:
        """The stored response. If its body wasn't stored, the current state is read instead."""
        headers = {**self.kept.headers, REPLAYED: "true", "Cache-Control": "no-store"}
        if self.kept.is_whole:
            return Response(self.kept.body, self.kept.status, headers)
        found = await _read(request, self.kept.place)
        if found.status_code == 200:
            found.status_code = self.kept.status
            # The ETag has to match what was just read.
            found.headers.update({name: each for name, each in headers.items() if name != "etag"})
        return found


async def _read(request: Request, place: str) -> Response:
    """Perform a GET as the same caller."""
    # These describe the original request's body, conditions and proxies, which don't apply here.
    dropped = (
        b"content-",
        b"if-",
        b"x-forwarded-",
        b"forwarded",
        b"accept-encoding",
        b"idempotency-key",
    )
    headers = [each for each in request.scope["headers"] if not each[0].startswith(dropped)]
    scope = {
        **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme")},
        **{name: request.scope.get(name) for name in ("client", "server", "extensions")},
        "method": "GET",
        "path": place,
        "raw_path": place.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
    }
    start: Message = {}
    body = bytearray()

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def taken(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await request.app(scope, nothing, taken)
    answer = Response(bytes(body), start["status"])
    told = Headers(raw=start["headers"])
    for name in KEPT_HEADERS:
        if name in told:
            answer.headers[name] = told[name]
    return answer


async def claim(request: Request, actor: Actor) -> None:
    """Claim this call for its caller, who has already been authorized.

    Raises:
        Replay: the call was executed before.
        IdempotencyUnkept: it was executed before, but its response was not stored and can't be read
            by another call.
        IdempotencyBusy, IdempotencyMismatch: see services/idempotency.py.
        PasswordNeeded: the original call had a step-up confirmation, but this one does not.
    """
    call: _Call | None = request.scope.get(PLACE)
    if call is None or call.claim is not None:
        return
    if not _KEY.fullmatch(call.key):
        raise InvalidInput("error.idempotency_key", field=HEADER, limit=KEY_LIMIT)
    is_upload = (request.method, request.url.path) in UPLOADS
    if not is_upload:
        await request.body()
    taken = await idempotency.begin(actor, call.key, None if is_upload else call.said)
    if isinstance(taken, Claim):
        call.claim, call.is_confirmed = taken, actor.is_confirmed
        return
    if taken.is_confirmed:
        # The stored response may be what the step-up confirmation protects.
        require_confirmed(actor)
    replay = Replay(taken, actor)
    if is_upload:
        try:
            async for _ in request.stream():
                pass
        except ClientDisconnect:
            raise InvalidInput("error.file_cut", field="file") from None
        await idempotency.require_same(actor, call.key, call.said)
    if not taken.is_whole and not taken.place and not replay.is_stream:
        raise IdempotencyUnkept
    raise replay


class Idempotency:
    """Digests requests that have an `Idempotency-Key`, and stores their responses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = Headers(scope=scope).getlist(HEADER) if scope["type"] == "http" else []
        if not keys or scope["method"] != "POST" or scope["path"].startswith(NEVER_KEPT):
            await self.app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        # Two keys are as invalid as an empty one.
        key = keys[0] if len(keys) == 1 else ""
        call = _Call(key, f"{scope['path']}?{query}", _Digest(_boundary(scope)))
        scope[PLACE] = call

        async def heard() -> Message:
            message = await receive()
            await call.go_on()
            call.digest.update(message.get("body", b""))
            return message

        answer = _Answer(call, scope, send)
        try:
            await self.app(scope, heard, answer.pass_on)
        finally:
            if call.claim is not None and not answer.is_kept:
                await asyncio.shield(idempotency.release(call.claim))


def _place(scope: Scope, location: str) -> str:
    """The path where a GET returns what this call returned, "" if there is none."""
    pattern = API + getattr(scope.get("route"), "path", "").removeprefix(API)
    if pattern in MADE:
        return location
    return SHOWN.get(pattern, "").format(**scope.get("path_params", {}))


class _Answer:
    """A response on its way to the client. It is held back until it is stored, because a client
    that has received it may retry immediately."""

    def __init__(self, call: _Call, scope: Scope, send: Send) -> None:
        self._call = call
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()
        self.is_kept = False

    async def pass_on(self, message: Message) -> None:
        if self._call.claim is None:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._keep(self._start, self._body.decode())
                await self._send(self._start)
                self._start = None
                await self._send({"type": "http.response.body", "body": bytes(self._body)})

    async def _begin(self, message: Message) -> None:
        if not 200 <= message["status"] < 300:
            await self._send(message)
        elif MutableHeaders(scope=message).get("content-type", "").startswith(STREAM):
            await self._keep(message, "")
            await self._send(message)
        else:
            self._start = message

    async def _keep(self, start: Message, body: str) -> None:
        if self._call.claim is None:
            return
        found = MutableHeaders(scope=start)
        headers = {name: found[name] for name in KEPT_HEADERS if name in found}
        place = _place(self._scope, found.get("location", ""))
        kept = Kept(start["status"], headers, body, self._call.is_confirmed, place=place)
        self.is_kept = True
        await idempotency.complete(self._call.claim, self._call.said, kept)
