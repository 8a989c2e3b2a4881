"""The four stream forms: each event as the bytes that its protocol puts on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

INPUT_TOKENS = 12
MODEL_NAMES = ("scripted", "markdown", "tokens=200+rate=50", "reasoning")

Json = dict[str, Any]


def _sse(data: Json, name: str | None = None) -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"


def _line(data: Json) -> bytes:
    return orjson.dumps(data) + b"\n"


@dataclass(frozen=True)
class Dialect:
    """How one protocol says things. `done` ends an answer and holds the usage."""

    name: str
    content_type: str
    start: Callable[[str], bytes]
    token: Callable[[str], bytes]
    reasoning: Callable[[str], bytes]
    done: Callable[[str, int, bool], bytes]
    error: Callable[[str], bytes]
    unknown: bytes
    wrong_types: bytes
    error_body: Callable[[int, str], Json]

    @property
    def comment(self) -> bytes:
        """A keep-alive that carries nothing; lines of NDJSON know only an empty one."""
        return b": keep-alive\n\n" if self.content_type == "text/event-stream" else b"\n"


def _llm_done(finish: str, count: int, usage: bool) -> bytes:
    counts = {"input_tokens": INPUT_TOKENS, "output_tokens": count}
    return (_sse(counts, "usage") if usage else b"") + _sse({"finish_reason": finish}, "done")


LLM_API = Dialect(
    name="llm_api",
    content_type="text/event-stream",
    start=lambda model: b"",
    token=lambda text: _sse({"text": text}, "token"),
    reasoning=lambda text: _sse({"text": text}, "reasoning"),
    done=_llm_done,
    error=lambda message: _sse({"code": "provider_error", "message": message}, "error"),
    unknown=_sse({"anything": 1}, "weather"),
    wrong_types=_sse({"text": 42}, "token"),
    error_body=lambda status, message: {"error": {"code": "scripted", "message": message}},
)


def _chunk(delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def _openai_done(finish: str, count: int, usage: bool) -> bytes:
    counts = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": count}
    tail = _sse({"id": "chatcmpl-1", "choices": [], "usage": counts}) if usage else b""
    return _sse(_chunk({}, finish)) + tail + b"data: [DONE]\n\n"


OPENAI = Dialect(
    name="openai",
    content_type="text/event-stream",
    start=lambda model: _sse(_chunk({"role": "assistant", "content": ""})),
    token=lambda text: _sse(_chunk({"content": text})),
    reasoning=lambda text: _sse(_chunk({"reasoning_content": text})),
    done=_openai_done,
    error=lambda message: _sse({"error": {"message": message, "type": "server_error"}}),
    unknown=_sse({"object": "weather", "wind": {"speed": 3}}),
    wrong_types=_sse(_chunk({"content": 42})),
    error_body=lambda status, message: {"error": {"message": message, "type": "scripted"}},
)


def _ollama(message: Json, **extra: Any) -> Json:
    return {"model": "scripted", "message": message, "done": False, **extra}


def _ollama_done(finish: str, count: int, usage: bool) -> bytes:
    counts = {"prompt_eval_count": INPUT_TOKENS, "eval_count": count} if usage else {}
    last = {"role": "assistant", "content": ""}
    return _line({**_ollama(last), "done": True, "done_reason": finish, **counts})


OLLAMA = Dialect(
    name="ollama",
    content_type="application/x-ndjson",
    start=lambda model: b"",
    token=lambda text: _line(_ollama({"role": "assistant", "content": text})),
    reasoning=lambda text: _line(_ollama({"role": "assistant", "content": "", "thinking": text})),
    done=_ollama_done,
    error=lambda message: _line({"error": message}),
    unknown=_line({"status": "pulling the weather"}),
    wrong_types=_line(_ollama({"role": "assistant", "content": 42})),
    error_body=lambda status, message: {"error": message},
)


def _block_delta(kind: str, field: str, value: Any) -> bytes:
    data = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, field: value}}
    return _sse(data, "content_block_delta")


def _anthropic_start(model: str) -> bytes:
    usage = {"input_tokens": INPUT_TOKENS, "output_tokens": 1}
    message = {"id": "msg_1", "role": "assistant", "content": [], "model": model, "usage": usage}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    return _sse({"type": "message_start", "message": message}, "message_start") + _sse(
        block, "content_block_start"
    )


def _anthropic_done(finish: str, count: int, usage: bool) -> bytes:
    reason = {"stop": "end_turn", "length": "max_tokens"}.get(finish, finish)
    delta: Json = {"type": "message_delta", "delta": {"stop_reason": reason}}
    if usage:
        delta["usage"] = {"output_tokens": count}
    return (
        _sse({"type": "content_block_stop", "index": 0}, "content_block_stop")
        + _sse(delta, "message_delta")
        + _sse({"type": "message_stop"}, "message_stop")
    )


def _anthropic_error(message: str, kind: str = "api_error") -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}}


ANTHROPIC = Dialect(
    name="anthropic",
    content_type="text/event-stream",
    start=_anthropic_start,
    token=lambda text: _block_delta("text_delta", "text", text),
    reasoning=lambda text: _block_delta("thinking_delta", "thinking", text),
    done=_anthropic_done,
    error=lambda message: _sse(_anthropic_error(message), "error"),
    unknown=_sse({"type": "weather"}, "weather") + _sse({"type": "ping"}, "ping"),
    wrong_types=_block_delta("text_delta", "text", 42),
    error_body=lambda status, message: _anthropic_error(message),
)

BY_PATH = {
    "/v1/chat/stream": LLM_API,
    "/v1/chat": LLM_API,
    "/v1/chat/completions": OPENAI,
    "/api/chat": OLLAMA,
    "/v1/messages": ANTHROPIC,
}


def whole_answer(dialect: Dialect, text: str, reasoning: str, finish: str, count: int) -> Json:
    """The answer to a request that asked for no stream."""
    if dialect is LLM_API:
        message = {"role": "assistant", "content": text}
        if reasoning:
            message["reasoning"] = reasoning
        usage = {"input_tokens": INPUT_TOKENS, "output_tokens": count}
        return {"message": message, "finish_reason": finish, "usage": usage}
    if dialect is OPENAI:
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
        usage = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": count}
        return {"choices": [choice], "usage": usage}
    if dialect is OLLAMA:
        return {"message": {"role": "assistant", "content": text}, "done": True}
    return {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


def model_lists(names: tuple[str, ...] = MODEL_NAMES) -> dict[str, Json]:
    """The answers to the routes that list models. The one of /v1/models has the
    fields of three protocols at once, so that one address serves them all."""
    data = [
        {"id": n, "object": "model", "type": "model", "display_name": n, "context_window": 8192}
        for n in names
    ]
    return {
        "/v1/models": {"object": "list", "data": data, "has_more": False},
        "/api/version": {"version": "0.0.0-scripted"},
        "/health": {"status": "ready", "model": names[0] if names else ""},
    }
