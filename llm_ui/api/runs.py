"""Watching a run as server-sent events, and stopping it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from llm_ui.api.chats import ModelRef, Source, model_ref
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.idempotency import REPLAYED, STREAM, Replay
from llm_ui.api.openapi import gives
from llm_ui.auth import Actor
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.outages import patiently
from llm_ui.schemas.runs import RunUsage
from llm_ui.schemas.views import MessageView
from llm_ui.services import run_views, runs, watching

router = APIRouter(prefix="/runs", tags=["runs"])
# Comments that keep proxies from closing a connection on which a model is thinking.
PING_EVERY_S = 15.0
# What comes within this time goes out as one event.
GATHER_S = 0.02


class Run(BaseModel):
    """One attempt of a model at an answer. `finish_reason` and `truncated` are as in its message;
    `usage` is there once it is over."""

    id: str
    chat_id: str
    message_id: str
    status: str
    model: ModelRef | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    error_code: str | None
    finish_reason: str | None
    truncated: bool
    usage: RunUsage | None


def _event(name: str, seq: int, data: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, name.encode(), orjson.dumps(data))


def _source(seq: int, data: dict[str, Any]) -> bytes:
    """A source as the answer has it once it has ended."""
    return _event("source", seq, Source.model_validate(data).model_dump())


def _last_events(view: MessageView, used: RunUsage | None, seq: int, state: str) -> bytes:
    parts = [_source(seq, source) for source in view.sources]
    usage = asdict(used) if used else None
    if usage:
        parts.append(_event("usage", seq, usage))
    if view.error:
        parts.append(_event("error", seq, {"code": view.error_code, "message": view.error}))
    reason = view.finish_reason or None
    end = {"state": state, "finish_reason": reason, "truncated": view.truncated, "usage": usage}
    parts.append(_event("end", seq, end))
    return b"".join(parts)


async def _ended(actor: Actor, run_id: str, event: runs.Ended) -> bytes:
    async def told() -> tuple[MessageView, RunUsage | None]:
        return await runs.answer(actor, run_id), (await run_views.get_run(actor, run_id)).usage

    try:
        view, used = await patiently(told)
        return _last_events(view, used, event.seq, event.state)
    except NotFound:
        # The chat was deleted meanwhile: there is nothing to tell but the end.
        end = {"state": event.state, "finish_reason": None, "truncated": False, "usage": None}
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


async def stream_of(
    actor: Actor, run_id: str, after: int | None = None, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """A run of the actor's as server-sent events. Raises NotFound."""
    followed = await runs.follow(actor, run_id, after)
    return StreamingResponse(
        _body(actor, run_id, followed),
        media_type=STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})},
    )


def place_of(run_id: str) -> str:
    """Where a run's events are."""
    return f"/api/v1/runs/{run_id}/events"


async def replayed(_: Request, replay: Replay) -> Response:
    """The answer to a call that has been done before; a stream is followed from its beginning."""
    if not replay.is_stream:
        return replay.response()
    place = replay.kept.headers["location"]
    run_id = place.removesuffix("/events").rpartition("/")[2]
    return await stream_of(replay.actor, run_id, headers={"Location": place, REPLAYED: "true"})


@router.get("/{run_id}", responses=problems(401, 404))
async def get_run(run_id: str, actor: Reader) -> Run:
    """How far a run is, and what it used."""
    view = await run_views.get_run(actor, run_id)
    return Run(
        id=view.id,
        chat_id=view.chat_id,
        message_id=view.message_id,
        status=view.state,
        model=model_ref(view.model_id, view.model_name),
        created_at=view.created_at,
        started_at=view.started_at or None,
        finished_at=view.finished_at or None,
        error_code=view.error_code or None,
        finish_reason=view.finish_reason or None,
        truncated=view.truncated,
        usage=view.usage,
    )


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
    (if any) and `end` {state, finish_reason, truncated, usage}; why it ended stands in the
    message too, what was used in the run. A later `source` replaces the one of the same number.
    Events of other names may come to these: pass over what you do not know.

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
    return await stream_of(actor, run_id, after)


@router.post("/{run_id}/stop", status_code=204, responses=problems(401, 403, 404))
async def stop(run_id: str, actor: Changer) -> None:
    """Stop a run; what it has written is kept."""
    await runs.stop(actor, run_id)
