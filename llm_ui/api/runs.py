"""Watching a run as server-sent events, and stopping it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header
from starlette.responses import StreamingResponse

from llm_ui.api.chats import Source
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.openapi import gives
from llm_ui.auth import Actor
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.outages import patiently
from llm_ui.schemas.views import UNKNOWN, MessageView
from llm_ui.services import runs, watching

router = APIRouter(prefix="/runs", tags=["runs"])
# Comments that keep proxies from closing a connection on which a model is thinking.
PING_EVERY_S = 15.0
# What comes within this time goes out as one event.
GATHER_S = 0.02


def _event(name: str, seq: int, data: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, name.encode(), orjson.dumps(data))


def _source(seq: int, data: dict[str, Any]) -> bytes:
    """A source as the answer has it once it has ended."""
    return _event("source", seq, Source.model_validate(data).model_dump())


def _end_of(view: MessageView, state: str) -> dict[str, Any]:
    reason = view.finish_reason or None
    return {"state": state, "finish_reason": reason, "truncated": view.truncated}


def _last_events(view: MessageView, seq: int, state: str) -> bytes:
    parts = [_source(seq, source) for source in view.sources]
    if view.output_tokens != UNKNOWN:
        usage = {
            "input_tokens": view.input_tokens,
            "output_tokens": view.output_tokens,
            "estimated": view.estimated,
        }
        parts.append(_event("usage", seq, usage))
    if view.error:
        parts.append(_event("error", seq, {"code": view.error_code, "message": view.error}))
    parts.append(_event("end", seq, _end_of(view, state)))
    return b"".join(parts)


async def _ended(actor: Actor, run_id: str, event: runs.Ended) -> bytes:
    try:
        return _last_events(
            await patiently(lambda: runs.answer(actor, run_id)), event.seq, event.state
        )
    except NotFound:
        # The chat was deleted meanwhile: there is nothing to tell but the end.
        end = {"state": event.state, "finish_reason": None, "truncated": False}
        return _event("end", event.seq, end)


async def _body(
    actor: Actor, run_id: str, events: AsyncIterator[runs.FollowEvent]
) -> AsyncIterator[bytes]:
    with watching.until_ended(actor) as ended:
        async with aclosing(events):  # type: ignore[type-var]
            out = asyncio.ensure_future(ended.wait())
            try:
                async for part in _parts(actor, run_id, events, out):
                    yield part
            finally:
                out.cancel()


async def _parts(
    actor: Actor,
    run_id: str,
    events: AsyncIterator[runs.FollowEvent],
    out: asyncio.Task[Literal[True]],
) -> AsyncIterator[bytes]:
    """What goes over the line, until the run ends or the caller is signed out (`out`)."""
    upcoming: asyncio.Future[runs.FollowEvent] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(events))
            waited: list[asyncio.Future[Any]] = [upcoming, out]
            await asyncio.wait(waited, timeout=PING_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if out.done():
                return
            if not upcoming.done():
                yield b": still here\n\n"
                continue
            event, upcoming = upcoming.result(), None
            match event:
                case runs.Snapshot():
                    data = {"text": event.text, "reasoning": event.reasoning}
                    yield _event("snapshot", event.seq, data)
                    for source in event.sources:
                        yield _source(event.seq, source)
                case runs.Piece(kind="source"):
                    yield _source(event.end, orjson.loads(event.payload))
                case runs.Piece(kind=("text" | "reasoning") as kind):
                    yield _event(kind, event.end, {"text": event.payload})
                    await asyncio.sleep(GATHER_S)
                case runs.Ended():
                    yield await _ended(actor, run_id, event)
                    return
    finally:
        if upcoming is not None:
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await upcoming


@router.get(
    "/{run_id}/events",
    response_class=StreamingResponse,
    responses={**gives("text/event-stream"), **problems(401, 404, 422)},
)
async def events(
    run_id: str,
    actor: Reader,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Watch a run: `snapshot` {text, reasoning}, then `source` {number, url, title, state,
    problem}, `text`, `reasoning`, and at the end each `source` as it is then, `usage`, `error`
    (if any) and `end` {state, finish_reason, truncated}, the latter two as the message has
    them. A later `source` replaces the one of the same number.

    With `Last-Event-ID` it goes on behind that event, without a snapshot; a run that is
    over is always given whole. A snapshot replaces everything received before it; another one
    comes when text turns out to have been reasoning. Without an `end` the line was cut, or the
    session has ended.
    """
    after: int | None = None
    if last_event_id is not None:
        if not (last_event_id.isascii() and last_event_id.isdigit()):
            raise InvalidInput("error.request_invalid", field="Last-Event-ID")
        after = int(last_event_id)
    followed = await runs.follow(actor, run_id, after)
    return StreamingResponse(
        _body(actor, run_id, followed),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/{run_id}/stop", status_code=204, responses=problems(401, 403, 404))
async def stop(run_id: str, actor: Changer) -> None:
    """Stop a run; what it has written is kept."""
    await runs.stop(actor, run_id)
