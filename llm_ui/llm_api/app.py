"""The service's routes. Errors are {"error": {"code", "message"}} with their status."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from llm_ui.errors import (
    AppError,
    NotAllowed,
    NotAuthenticated,
    ProviderCutOff,
    ProviderError,
    ProviderOverloaded,
    TooLarge,
)
from llm_ui.llm_api.engine import Engine
from llm_ui.llm_api.requests import MAX_BODY_BYTES, parse_body
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Token, Usage
from llm_ui.wire.transport import is_loopback

T = TypeVar("T")


class _ClientGone(Exception):
    """The client has disconnected."""


def create_app(engine: Engine, key: str, *, loopback_only: bool = True) -> FastAPI:
    """Create the service for `engine`, which is loaded when the app starts.

    Args:
        key: the bearer token required for everything except /health.
        loopback_only: the service listens on loopback only and rejects requests whose Host is not
            this machine, so that a web page gains nothing by DNS rebinding to 127.0.0.1.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(engine.load())
        yield
        loading.cancel()
        await engine.aclose()

    app = FastAPI(title="LLM API", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_exception_handler(AppError, _render_app_error)
    app.add_exception_handler(HTTPException, _render_http_error)
    app.add_exception_handler(_ClientGone, _render_nothing)

    @app.get("/health")
    async def health(request: Request) -> Response:
        _check_origin(request, loopback_only)
        return _json({"status": engine.status, "model": engine.info.name, "detail": engine.detail})

    def check(request: Request) -> None:
        _check_origin(request, loopback_only)
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            raise NotAuthenticated

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        check(request)
        info = engine.info
        known = {
            "id": info.name,
            "object": "model",
            "display_name": info.display_name,
            "context_window": info.context_window,
            "max_output_tokens": info.max_output_tokens,
        }
        listed = [known] if engine.status == "ready" else []
        return _json({"object": "list", "data": listed})

    @app.post("/v1/chat")
    async def chat(request: Request) -> Response:
        check(request)
        events = engine.stream(parse_body(await _body(request)))
        answer = await _unless_gone(request, _whole(events))
        return _json({"model": engine.info.name, **answer})

    @app.post("/v1/chat/stream")
    async def chat_stream(request: Request) -> Response:
        check(request)
        events = engine.stream(parse_body(await _body(request)))
        # The first event decides between a stream and an error status.
        first = await _unless_gone(request, _first(events))
        return StreamingResponse(
            _as_sse(first, events),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return app


def _check_origin(request: Request, loopback_only: bool) -> None:
    """Reject web pages of other origins, and Host headers that do not name this machine."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise NotAllowed
    if loopback_only and not is_loopback(urlsplit(f"//{host}").hostname or ""):
        raise NotAllowed


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge(detail=f"more than {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`, canceling it if the client disconnects."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(work)
    watch = asyncio.create_task(gone())
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise _ClientGone
    finally:
        for each in (task, watch):
            each.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def _first(events: AsyncGenerator[StreamEvent]) -> StreamEvent:
    async for event in events:
        return event
    raise ProviderCutOff


async def _whole(events: AsyncIterator[StreamEvent]) -> dict[str, Any]:
    text: list[str] = []
    reasoning: list[str] = []
    usage = Usage()
    async for event in events:
        match event:
            case Token(piece):
                text.append(piece)
            case Reasoning(piece):
                reasoning.append(piece)
            case Usage():
                usage = event
            case Done(reason):
                message = {"role": "assistant", "content": "".join(text)}
                if reasoning:
                    message["reasoning"] = "".join(reasoning)
                return {"message": message, "finish_reason": reason, "usage": _counts(usage)}
    raise ProviderCutOff


def _counts(usage: Usage) -> dict[str, int | None]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _frame(event: StreamEvent) -> bytes:
    match event:
        case Token(text):
            return b"event: token\ndata: %b\n\n" % orjson.dumps({"text": text})
        case Reasoning(text):
            return b"event: reasoning\ndata: %b\n\n" % orjson.dumps({"text": text})
        case Usage():
            return b"event: usage\ndata: %b\n\n" % orjson.dumps(_counts(event))
        case Done(reason):
            return b"event: done\ndata: %b\n\n" % orjson.dumps({"finish_reason": reason})


async def _as_sse(first: StreamEvent, rest: AsyncGenerator[StreamEvent]) -> AsyncIterator[bytes]:
    try:
        yield _frame(first)
        async for event in rest:
            yield _frame(event)
    except ProviderError as error:
        yield b"event: error\ndata: %b\n\n" % orjson.dumps(_error(error)["error"])
    finally:
        await rest.aclose()


def _error(error: AppError) -> dict[str, dict[str, str]]:
    message = str(error.params.get("detail") or error.code.replace("_", " "))
    return {"error": {"code": error.code, "message": message}}


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, "application/json")


async def _render_app_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    # Loading takes seconds: a retry shortly after will succeed.
    headers = {"retry-after": "1"} if isinstance(error, ProviderOverloaded) else None
    return _json(_error(error), error.status, headers)


async def _render_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    return _json({"error": {"code": code, "message": str(error.detail)}}, error.status_code)


async def _render_nothing(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nginx's status for this; no client is left to read it
