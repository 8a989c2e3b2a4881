"""Stream a run as server-sent events, and stop it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from llm_ui.api.chats.chats import ModelRef, Source, model_ref
from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.idempotency import REPLAYED, STREAM, Replay
from llm_ui.api.openapi.document import gives
from llm_ui.auth import Actor
from llm_ui.enums import RunState
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.outages import patiently
from llm_ui.schemas.answers.runs import RunUsage
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.accounts import open_streams
from llm_ui.services.answers import run_views, runs

router = APIRouter(prefix="/runs", tags=["runs"])
# Comments keep proxies from closing the connection while a model is thinking.
PING_EVERY_S = 15.0
# Events that arrive within this time are sent as one.
GATHER_S = 0.02


class Run(BaseModel):
    """One attempt by a model to write an answer. `finish_reason` and `truncated` are those of its
    message; `usage` is null until the run has ended."""

    id: str
    chat_id: str
    message_id: str
    status: RunState
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
    """A `source` event, in the shape of the sources of a finished answer."""
    return _event("source", seq, Source.model_validate(data).model_dump())


def _end(
    seq: int,
    status: RunState,
    finish_reason: str | None,
    *,
    truncated: bool,
    usage: dict[str, Any] | None,
) -> bytes:
    """The final event; `state` is the former name of `status`."""
    data = {"status": status, "state": status, "finish_reason": finish_reason}
    return _event("end", seq, data | {"truncated": truncated, "usage": usage})


def _last_events(view: MessageView, used: RunUsage | None, seq: int, state: RunState) -> bytes:
    parts = [_source(seq, source) for source in view.sources]
    usage = asdict(used) if used else None
    if usage:
        parts.append(_event("usage", seq, usage))
    if view.error:
        parts.append(_event("error", seq, {"code": view.error_code, "message": view.error}))
    reason = view.finish_reason or None
    parts.append(_end(seq, state, reason, truncated=view.truncated, usage=usage))
    return b"".join(parts)


async def _ended(actor: Actor, run_id: str, event: runs.Ended) -> bytes:
    async def told() -> tuple[MessageView, RunUsage | None]:
        return await runs.answer(actor, run_id), (await run_views.get_run(actor, run_id)).usage

    try:
        view, used = await patiently(told)
        return _last_events(view, used, event.seq, event.state)
    except NotFound:
        # The chat was deleted in the meantime: all that is left to report is the end.
        return _end(event.seq, event.state, None, truncated=False, usage=None)


async def _body(
    actor: Actor, run_id: str, events: AsyncGenerator[runs.FollowEvent, None]
) -> AsyncIterator[bytes]:
    with open_streams.until_ended(actor) as ended:
        async with aclosing(events):
            out = asyncio.ensure_future(ended.wait())
            try:
                async for part in _parts(actor, run_id, events, out):
                    yield part
            finally:
                out.cancel()


async def _parts(
    actor: Actor,
    run_id: str,
    events: AsyncGenerator[runs.FollowEvent, None],
    out: asyncio.Task[Literal[True]],
) -> AsyncIterator[bytes]:
    """Yield the events to send until the run ends or the caller is signed out (`out`)."""
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
    """Stream one of the actor's runs as server-sent events. Raises NotFound."""
    followed = await runs.follow(actor, run_id, after)
    return StreamingResponse(
        _body(actor, run_id, followed),
        media_type=STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})},
    )


def place_of(run_id: str) -> str:
    """The URL path of a run's event stream."""
    return f"/api/v1/runs/{run_id}/events"


async def replayed(request: Request, replay: Replay) -> Response:
    """Respond to a replayed call; a stream starts over from its beginning."""
    if not replay.is_stream:
        return await replay.response(request)
    place = replay.kept.headers["location"]
    run_id = place.removesuffix("/events").rpartition("/")[2]
    return await stream_of(replay.actor, run_id, headers={"Location": place, REPLAYED: "true"})


@router.get("/{run_id}", responses=problems(404))
async def get_run(run_id: str, actor: Reader) -> Run:
    """Retrieve a run: its status and, once it has ended, its usage."""
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
    responses={**gives("text/event-stream"), **problems(404)},
)
async def stream_run(
    run_id: str,
    actor: Reader,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Stream a run as server-sent events.

    The stream starts with `snapshot` {text, reasoning}, followed by `source` {number, url, title,
    state, problem}, `text` and `reasoning` events. It ends with the final version of each `source`,
    then `usage`, `error` (if the run failed) and `end` {status, finish_reason, truncated, usage}.
    The message also has the finish reason, and the run the usage. A later `source` replaces the
    earlier one with the same number. New event types may be added: ignore those you don't know.

    With `Last-Event-ID`, the stream resumes after that event, without a snapshot; a run that has
    ended is always sent in full. A snapshot replaces everything received before it; you get another
    one if text turns out to be reasoning. If the stream closes without `end`, the connection was
    lost or the session ended.
    """
    after: int | None = None
    if last_event_id is not None:
        if not (last_event_id.isascii() and last_event_id.isdigit()):
            raise InvalidInput("error.last_event_id", field="Last-Event-ID")
        after = int(last_event_id)
    return await stream_of(actor, run_id, after)


@router.post("/{run_id}/stop", status_code=204, responses=problems(404))
async def stop_run(run_id: str, actor: Changer) -> None:
    """Stop a run. The text written so far is kept."""
    await runs.stop(actor, run_id)
