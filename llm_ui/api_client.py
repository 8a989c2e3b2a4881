"""The client of the LLM API: what `python -m llm_ui.llm_api` serves.

    POST /v1/chat         a whole answer as JSON
    POST /v1/chat/stream  server-sent events: token {"text"}, reasoning {"text"},
                          usage {"input_tokens", "output_tokens", …},
                          error {"code", "message"}, done {"finish_reason"}
    GET  /v1/models       {"data": [{"id", "display_name", "context_window", …}]}
    GET  /health          {"status": "ready" | "loading" | "unavailable", "model", "detail"}

Requests are {"model", "messages": [{"role", "content"}], "temperature"?, "top_p"?,
"max_tokens"?, "stop"?, "seed"?}.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from llm_ui.errors import ProviderGarbage, ProviderOverloaded
from llm_ui.wire.answers import ending, read_answer
from llm_ui.wire.events import (
    ChatRequest,
    Done,
    ModelInfo,
    Reasoning,
    StreamEvent,
    Timeouts,
    Token,
    Usage,
)
from llm_ui.wire.failures import error_in_stream
from llm_ui.wire.fields import child, count, items, json_object, text
from llm_ui.wire.finish import FinishReason, finish_of
from llm_ui.wire.http import Call, Retry, fetch_json, make_client
from llm_ui.wire.sse import SseSplitter, WireEvent

BRIEF = Timeouts(connect=2.0, first_token=10.0, silence=10.0, total=10.0)
Status = Literal["ready", "loading", "unavailable"]
_STATUSES: dict[object, Status] = {
    "ready": "ready",
    "loading": "loading",
    "unavailable": "unavailable",
}


@dataclass(frozen=True, slots=True)
class Health:
    """What the service says of itself; `detail` tells why it is unavailable."""

    status: Status
    model: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """A whole answer."""

    text: str
    reasoning: str
    usage: Usage
    finish_reason: FinishReason


def request_json(request: ChatRequest) -> dict[str, Any]:
    """The body of a chat request."""
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    return {"model": request.model, "messages": messages, **request.sampling.as_json()}


def _usage(data: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=count(data.get("input_tokens"), "input_tokens"),
        output_tokens=count(data.get("output_tokens"), "output_tokens"),
        cached_tokens=count(data.get("cached_tokens"), "cached_tokens"),
        reasoning_tokens=count(data.get("reasoning_tokens"), "reasoning_tokens"),
    )


def _finish(data: dict[str, Any]) -> FinishReason:
    return finish_of(text(data.get("finish_reason"), "finish_reason"))


def parse_event(event: WireEvent) -> StreamEvent | None:
    """One event of /v1/chat/stream; None for an unknown or an empty one.

    Raises:
        ProviderGarbage: not the protocol.
        ProviderError: an `error` event; its code says which one.
    """
    name = event.name
    if name == "token":
        piece = text(json_object(event.data).get("text"), "text")
        return Token(piece) if piece else None
    if name == "reasoning":
        piece = text(json_object(event.data).get("text"), "text")
        return Reasoning(piece) if piece else None
    if name == "usage":
        return _usage(json_object(event.data))
    if name == "done":
        return Done(_finish(json_object(event.data)))
    if name == "error":
        raise error_in_stream(json_object(event.data))
    return None


class StreamParser:
    """wire.answers.Parser for /v1/chat/stream."""

    finished = False

    def __init__(self) -> None:
        self._usage: Usage | None = None

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """See Parser."""
        parsed = parse_event(event)
        if type(parsed) is Usage:
            self._usage = parsed
            return ()
        if type(parsed) is Done:
            return ending(self._usage, parsed)
        return () if parsed is None else (parsed,)

    def end(self) -> Iterable[StreamEvent]:
        """Never called: only `done` finishes this protocol's streams."""
        return ()


class LLMApiClient:
    """A client for one LLM API service; it serves many requests at once.

    Args:
        base_url: the service's address, with or without `/v1`.
        client: an HTTP client to share (it is not closed here); None makes one.
        headers: sent with every request.
    """

    def __init__(
        self,
        base_url: str,
        *,
        client: httpx.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
        api_key: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        retry: Retry | None = None,
    ) -> None:
        self._base = base_url.rstrip("/").removesuffix("/v1")
        self._client = client or make_client()
        self._owned = client is None
        self._timeouts = timeouts or Timeouts()
        self._headers = dict(headers)
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._retry = retry

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Call:
        return Call(method, self._base + path, body, self._headers)

    async def models(self) -> list[ModelInfo]:
        """The models it offers. Raises ProviderError."""
        found = await fetch_json(self._client, self._call("GET", "/v1/models"), BRIEF, self._retry)
        return [
            ModelInfo(
                name=text(item.get("id"), "id"),
                display_name=text(item.get("display_name"), "display_name"),
                context_window=count(item.get("context_window"), "context_window"),
                max_output_tokens=count(item.get("max_output_tokens"), "max_output_tokens"),
            )
            for item in items(found.get("data"), "data")
            if item.get("id")
        ]

    async def health(self) -> Health:
        """Whether it can answer. Raises ProviderError when nobody is there."""
        try:
            once = Retry(attempts=1)
            found = await fetch_json(self._client, self._call("GET", "/health"), BRIEF, once)
        except ProviderOverloaded as error:
            # 503: it is alive, and says why it cannot answer.
            return Health("unavailable", detail=error.detail)
        status = found.get("status")
        if status not in _STATUSES:
            raise ProviderGarbage("/health has no known status")
        model, detail = text(found.get("model"), "model"), text(found.get("detail"), "detail")
        return Health(_STATUSES[status], model, detail)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        """A whole answer; it may take `first_token` seconds. Raises ProviderError."""
        call = self._call("POST", "/v1/chat", request_json(request))
        found = await fetch_json(self._client, call, self._timeouts, self._retry)
        message = child(found.get("message"), "message")
        return ChatAnswer(
            text=text(message.get("content"), "content"),
            reasoning=text(message.get("reasoning"), "reasoning"),
            usage=_usage(child(found.get("usage"), "usage")),
            finish_reason=_finish(found),
        )

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """The answer, piece by piece; the last event is Done. Raises ProviderError;
        closing the iterator closes the socket."""
        call = self._call("POST", "/v1/chat/stream", request_json(request))
        return read_answer(
            self._client, call, self._timeouts, SseSplitter(), StreamParser(), self._retry
        )

    async def aclose(self) -> None:
        """Close kept connections, if the HTTP client is this object's own."""
        if self._owned:
            await self._client.aclose()
