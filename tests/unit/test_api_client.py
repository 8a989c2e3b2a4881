"""The LLM API's client: whole answers, health, and what only its protocol has."""

from __future__ import annotations

import httpx
import pytest

from llm_ui.api_client import ChatAnswer, Health, LLMApiClient, StreamParser
from llm_ui.errors import ContextTooLong, ProviderError, ProviderGarbage, ProviderUnreachable
from llm_ui.wire.events import ChatRequest, Done, PromptMessage, Reasoning, Token, Usage
from llm_ui.wire.http import Retry, make_client
from llm_ui.wire.sse import WireEvent
from tests.scripted import expected_reasoning, expected_text, scripted_server

REQUEST = ChatRequest("reasoning=3+tokens=5", (PromptMessage("user", "hello"),))


async def test_a_whole_answer() -> None:
    async with scripted_server() as server:
        client = LLMApiClient(f"{server.url}/v1/")
        answer = await client.chat(REQUEST)
        await client.aclose()
    text, reasoning = expected_text("tokens=5"), expected_reasoning("reasoning=3")
    assert answer == ChatAnswer(text, reasoning, Usage(12, 8), "stop")


async def test_health_of_a_ready_service() -> None:
    async with scripted_server() as server:
        client = LLMApiClient(server.url)
        assert await client.health() == Health("ready", "scripted")
        await client.aclose()
        await server.stop()
        gone = LLMApiClient(server.url, retry=Retry(attempts=1))
        with pytest.raises(ProviderUnreachable):
            await gone.health()
        await gone.aclose()


@pytest.mark.parametrize(
    ("response", "health"),
    [
        (
            httpx.Response(503, json={"error": {"code": "x", "message": "no model file"}}),
            Health("unavailable", detail="no model file"),
        ),
        (
            httpx.Response(200, json={"status": "loading", "model": "m"}),
            Health("loading", "m"),
        ),
    ],
)
async def test_health_tells_why(response: httpx.Response, health: Health) -> None:
    async with make_client(httpx.MockTransport(lambda request: response)) as http:
        assert await LLMApiClient("http://model.example", client=http).health() == health


async def test_health_of_something_else_is_garbage() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"ok": True}))
    async with make_client(transport) as http:
        with pytest.raises(ProviderGarbage):
            await LLMApiClient("http://model.example", client=http).health()


@pytest.mark.parametrize(
    ("name", "data", "events"),
    [
        ("token", b'{"text": "a"}', [Token("a")]),
        ("token", b'{"text": ""}', []),
        ("token", b'{"text": [{"type": "text", "text": "a"}]}', [Token("a")]),
        ("token", b'{"text": 42}', []),
        ("reasoning", b'{"text": "b"}', [Reasoning("b")]),
        ("usage", b'{"input_tokens": 1, "output_tokens": 2, "new": 3}', []),
        ("done", b'{"finish_reason": "length"}', [Done("length")]),
        ("done", b'{"finish_reason": "bored"}', [Done("unknown")]),
        ("weather", b'{"wind": 3}', []),
        ("", b'{"text": "a"}', []),
        ("", b'{"type": "token", "text": "a"}', [Token("a")]),
        (
            "",
            b'{"message": {"content": "a", "reasoning": "b"}, "usage": {"input_tokens": 1.0},'
            b' "finish_reason": "stop"}',
            [Reasoning("b"), Token("a"), Usage(1), Done("stop")],
        ),
    ],
)
def test_each_event_is_parsed(name: str, data: bytes, events: list[object]) -> None:
    assert list(StreamParser().feed(WireEvent(name, data))) == events


def test_an_error_event_keeps_its_code() -> None:
    data = b'{"code": "context_too_long", "message": "9000 tokens"}'
    with pytest.raises(ContextTooLong) as caught:
        StreamParser().feed(WireEvent("error", data))
    assert caught.value.detail == "9000 tokens"
    with pytest.raises(ProviderError):
        StreamParser().feed(WireEvent("error", b'{"code": "internal", "message": "?"}'))
