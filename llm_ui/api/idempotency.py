"""`Idempotency-Key`: a POST that is sent again with the same key is done once.

Who calls is known only inside (api/deps.py: `claim`), what is answered only outside
(`Idempotency`); a `_Call` in the scope is what they share.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.limits import UPLOADS
from llm_ui.auth import Actor, require_confirmed
from llm_ui.errors import InvalidInput
from llm_ui.services import idempotency
from llm_ui.services.idempotency import Claim, Kept

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
PLACE = "llm_ui.call"
STREAM = "text/event-stream"
KEY_LIMIT = 255
KEPT_HEADERS = ("content-type", "location", "etag")
# What proves who somebody is has to be proved each time.
NEVER_KEPT = "/api/v1/auth/"
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LIMIT}}}")


@dataclass(slots=True)
class _Call:
    """A POST with a key, and what has come of it so far."""

    key: str
    place: str
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    claim: Claim | None = None
    is_confirmed: bool = False

    @property
    def said(self) -> str:
        return f"{self.place}\n{self.digest.hexdigest()}"


class Replay(Exception):
    """The call has been done before: this is what it came to."""

    def __init__(self, kept: Kept, actor: Actor) -> None:
        super().__init__("replayed")
        self.kept = kept
        self.actor = actor

    @property
    def is_stream(self) -> bool:
        """Whether the answer was a stream, which is followed anew."""
        return self.kept.headers.get("content-type", "").startswith(STREAM)

    def response(self) -> Response:
        """The answer, as it was."""
        headers = {**self.kept.headers, REPLAYED: "true", "Cache-Control": "no-store"}
        return Response(self.kept.body, self.kept.status, headers)


async def claim(request: Request, actor: Actor) -> None:
    """Take this call for its caller, once it is known that they may.

    Raises:
        Replay: it has been done before.
        IdempotencyBusy, IdempotencyMismatch: see services/idempotency.py.
        PasswordNeeded: it was made by somebody who had just typed their password.
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
        # What it came to may be what the password was asked for.
        require_confirmed(actor)
    if is_upload:
        try:
            async for _ in request.stream():
                pass
        except ClientDisconnect:
            raise InvalidInput("error.file_cut", field="file") from None
        await idempotency.require_same(actor, call.key, call.said)
    raise Replay(taken, actor)


class Idempotency:
    """Sees what such a call says and keeps what is answered to it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = Headers(scope=scope).getlist(HEADER) if scope["type"] == "http" else []
        if not keys or scope["method"] != "POST" or scope["path"].startswith(NEVER_KEPT):
            await self.app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        # Two keys are none that anybody could have meant.
        call = _Call(keys[0] if len(keys) == 1 else "", f"{scope['path']}?{query}")
        scope[PLACE] = call

        async def heard() -> Message:
            message = await receive()
            call.digest.update(message.get("body", b""))
            return message

        answer = _Answer(call, send)
        try:
            await self.app(scope, heard, answer.pass_on)
        finally:
            if call.claim is not None and not answer.is_kept:
                await asyncio.shield(idempotency.release(call.claim))


class _Answer:
    """An answer on its way out: held back until it is kept, for who has it may ask again."""

    def __init__(self, call: _Call, send: Send) -> None:
        self._call = call
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
        kept = Kept(start["status"], headers, body, self._call.is_confirmed)
        self.is_kept = True
        await idempotency.complete(self._call.claim, self._call.said, kept)
