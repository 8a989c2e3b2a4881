"""Client for the LLM API, the built-in model service (`python -m llm_ui.llm_api`).

    POST /v1/chat         a complete answer as JSON
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

from llm_ui.enums import FinishReason
from llm_ui.errors import ProviderGarbage, ProviderOverloaded
from llm_ui.wire.answers import read_answer
from llm_ui.wire.chunks import ChunkParser, named, parts_in, text_in
from llm_ui.wire.events import (
    ChatRequest,
    ModelInfo,
    Reasoning,
    StreamEvent,
    Timeouts,
    Token,
    Usage,
)
from llm_ui.wire.fields import child, json_value, name_of, size, text, tokens
from llm_ui.wire.finish import finish_of
from llm_ui.wire.http import Call, Retry, fetch_body, fetch_json, make_client

BRIEF = Timeouts(connect=2.0, first_token=10.0, silence=10.0, total=10.0)
Status = Literal["ready", "loading", "unavailable"]
_STATUSES: dict[object, Status] = {
    "ready": "ready",
    "loading": "loading",
    "unavailable": "unavailable",
}


@dataclass(frozen=True, slots=True)
class Health:
    """The service's own health report; `detail` says why it is unavailable."""

    status: Status
    model: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """A complete, non-streamed answer."""

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
        input_tokens=tokens(data.get("input_tokens")),
        output_tokens=tokens(data.get("output_tokens")),
        cached_tokens=tokens(data.get("cached_tokens")),
        reasoning_tokens=tokens(data.get("reasoning_tokens")),
    )


class StreamParser(ChunkParser):
    """A `wire.answers.Parser` for /v1/chat/stream; also reads an answer sent as one JSON object."""

    def read(self, chunk: dict[str, Any], name: str) -> Iterable[StreamEvent]:
        """See ChunkParser. Unknown events are ignored."""
        kind = name or text(chunk.get("type"))
        if kind == "token":
            return _pieces(chunk.get("text"), Token)
        if kind == "reasoning":
            return _pieces(chunk.get("text"), Reasoning)
        if kind == "usage":
            self.usage = _usage(chunk)
        elif kind == "done":
            return self._finish(chunk)
        elif type(message := chunk.get("message")) is dict:
            self.usage = _usage(child(chunk.get("usage")))
            thought = _pieces(message.get("reasoning"), Reasoning)
            return [*thought, *_pieces(message.get("content"), Token), *self._finish(chunk)]
        else:
            self.complain(chunk, kind)
        return ()

    def _finish(self, chunk: dict[str, Any]) -> Iterable[StreamEvent]:
        self.finish = finish_of(chunk.get("finish_reason"))
        return self.end()


def _pieces(value: object, kind: type[Token | Reasoning]) -> Iterable[StreamEvent]:
    if type(value) is str:
        return (kind(value),) if value else ()
    return parts_in(value, kind)


class LLMApiClient:
    """A client for one LLM API service, safe for concurrent requests.

    Args:
        base_url: the service's address, with or without `/v1`.
        client: a shared HTTP client, which `aclose` leaves open; None creates one.
        headers: headers that are sent with every request.
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
        """List the models the service offers. Raises ProviderError."""
        body = await fetch_body(self._client, self._call("GET", "/v1/models"), BRIEF, self._retry)
        return [
            ModelInfo(
                name=name,
                display_name=name_of(item, "display_name"),
                context_window=size(item.get("context_window")),
                max_output_tokens=size(item.get("max_output_tokens")),
            )
            for item, name in named(json_value(body))
        ]

    async def health(self) -> Health:
        """Ask whether the service can answer. Raises ProviderError if it cannot be reached."""
        try:
            once = Retry(attempts=1)
            found = await fetch_json(self._client, self._call("GET", "/health"), BRIEF, once)
        except ProviderOverloaded as error:
            # 503 means the service is alive and says why it cannot answer.
            return Health("unavailable", detail=error.detail)
        status = found.get("status")
        if status not in _STATUSES:
            raise ProviderGarbage("/health has no known status")
        model, detail = text(found.get("model")), text(found.get("detail"))
        return Health(_STATUSES[status], model, detail)

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        """Fetch a complete answer, waiting up to `first_token` seconds. Raises ProviderError."""
        call = self._call("POST", "/v1/chat", request_json(request))
        found = await fetch_json(self._client, call, self._timeouts, self._retry)
        message = child(found.get("message"))
        return ChatAnswer(
            text=text_in(message.get("content")),
            reasoning=text_in(message.get("reasoning")),
            usage=_usage(child(found.get("usage"))),
            finish_reason=finish_of(found.get("finish_reason")),
        )

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Stream the answer; the last event is Done. Raises ProviderError. Closing the iterator
        closes the socket."""
        call = self._call("POST", "/v1/chat/stream", request_json(request))
        return read_answer(self._client, call, self._timeouts, StreamParser(), self._retry)

    async def aclose(self) -> None:
        """Close pooled connections, unless the HTTP client is shared."""
        if self._owned:
            await self._client.aclose()
