"""Every adapter against the scripted server, over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast

import pytest

from llm_ui.errors import (
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.providers.base import Endpoint, Provider
from llm_ui.providers.registry import TYPES, open_provider
from llm_ui.wire.events import (
    ChatRequest,
    Done,
    PromptMessage,
    Reasoning,
    StreamEvent,
    Timeouts,
    Token,
    Usage,
)
from tests.scripted import ScriptedServer, expected_reasoning, expected_text, scripted_server

KINDS = list(TYPES)
REQUEST = ChatRequest("scripted", (PromptMessage("user", "hello"),))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return cast(str, request.param)


def at(server: ScriptedServer, kind: str, **seconds: float) -> Provider:
    return open_provider(kind, Endpoint(server.url, timeouts=Timeouts(**seconds)))


async def read(provider: Provider, into: list[StreamEvent] | None = None) -> list[StreamEvent]:
    events: list[StreamEvent] = [] if into is None else into
    async for event in provider.stream(REQUEST):
        events.append(event)
    return events


def text_of(events: list[StreamEvent]) -> str:
    return "".join(e.text for e in events if isinstance(e, Token))


@pytest.mark.parametrize("script", ["tokens=50", "markdown tokens=500", "split-utf8 tokens=40"])
async def test_text_arrives_to_the_byte_with_usage_and_end(
    server: ScriptedServer, kind: str, script: str
) -> None:
    server.script(script)
    provider = at(server, kind)
    events = await read(provider)
    await provider.aclose()
    assert text_of(events) == expected_text(script)
    count = int(script.partition("tokens=")[2])
    assert events[-2:] == [Usage(12, count), Done("stop")]


async def test_thinking_comes_apart_from_the_answer(server: ScriptedServer, kind: str) -> None:
    server.script("reasoning=5 tokens=5")
    provider = at(server, kind)
    events = await read(provider)
    thinking = "".join(e.text for e in events if isinstance(e, Reasoning))
    assert thinking == expected_reasoning("reasoning=5")
    assert text_of(events) == expected_text("tokens=5")
    await provider.aclose()


async def test_unknown_events_are_passed_over(server: ScriptedServer, kind: str) -> None:
    """A malicious model server sending unknown event types."""
    server.script("unknown-events tokens=5")
    provider = at(server, kind)
    assert text_of(await read(provider)) == expected_text("tokens=5")
    await provider.aclose()


async def test_an_answer_cut_by_its_limit_says_so(server: ScriptedServer, kind: str) -> None:
    server.script("finish=length no-usage")
    provider = at(server, kind)
    assert (await read(provider))[-1] == Done("length")
    await provider.aclose()


async def test_a_connection_is_used_again(server: ScriptedServer, kind: str) -> None:
    provider = at(server, kind)
    for _ in range(3):
        await read(provider)
    assert len(server.connections) == 1
    await provider.aclose()


FAULTS = [
    ("cut-after=10", ProviderCutOff),
    ("never-done tokens=10", ProviderCutOff),
    ("garbage-after=10", ProviderGarbage),
    # A field of the wrong type is missing, no more; what fails here is the end that never came.
    ("wrong-types-after=10", ProviderCutOff),
    ("long-line-after=10", ProviderGarbage),
    ("error-after=10", ProviderError),
]


@pytest.mark.parametrize(("script", "error"), FAULTS)
async def test_a_fault_in_mid_answer_is_named_and_what_came_is_kept(
    server: ScriptedServer, kind: str, script: str, error: type[ProviderError]
) -> None:
    server.script(script)
    provider = at(server, kind, first_token=5, silence=5)
    events: list[StreamEvent] = []
    with pytest.raises(ProviderError) as caught:
        await read(provider, events)
    assert type(caught.value) is error
    assert text_of(events) == expected_text(script)
    assert len(server.requests) == 1
    # The next question works.
    assert text_of(await read(provider))
    await provider.aclose()


async def test_bytes_that_are_no_text_are_shown_as_such(server: ScriptedServer, kind: str) -> None:
    server.script("bad-utf8-after=10")
    provider = at(server, kind)
    events: list[StreamEvent] = []
    with pytest.raises(ProviderCutOff):
        await read(provider, events)
    assert text_of(events) == expected_text("tokens=10") + "\ufffd\ufffd"
    await provider.aclose()


@pytest.mark.parametrize(
    ("script", "phase"),
    [
        ("stall", "first_token"),
        ("stall-headers", "first_token"),
        ("stall comments", "first_token"),
        ("stall-after=3", "silence"),
        ("stall-after=3 comments", "silence"),
        ("tokens=1000 rate=50", "total"),
    ],
)
async def test_each_limit_ends_a_wait_and_its_connection(
    server: ScriptedServer, kind: str, script: str, phase: str
) -> None:
    server.script(script)
    limits = {"first_token": 0.3, "silence": 0.2, "total": 0.5}
    provider = at(server, kind, **limits)
    started = time.monotonic()
    with pytest.raises(ProviderTimeout) as caught:
        await read(provider)
    assert caught.value.phase == phase
    assert limits[phase] <= time.monotonic() - started < limits[phase] + 1.0
    await server.until_closed()
    await provider.aclose()


async def test_a_slow_reader_is_not_the_upstreams_silence(server: ScriptedServer) -> None:
    server.script("tokens=6 rate=100")
    provider = at(server, "openai", silence=0.15, first_token=0.15)
    events = []
    async for event in provider.stream(REQUEST):
        events.append(event)
        await asyncio.sleep(0.2)
    assert text_of(events) == expected_text("tokens=6")
    await provider.aclose()


async def test_closing_the_iterator_closes_the_socket(server: ScriptedServer, kind: str) -> None:
    server.script("tokens=1000 rate=100")
    provider = at(server, kind)
    stream = provider.stream(REQUEST)
    async with aclosing(stream):  # type: ignore[type-var]
        async for _ in stream:
            break
    closed = time.monotonic()
    assert await server.until_closed() - closed < 0.2
    assert server.requests[0].ending == "aborted"
    await provider.aclose()


@pytest.mark.parametrize("script", ["stall", "stall-headers", "tokens=1000 rate=100"])
async def test_cancelling_the_reader_closes_the_socket_and_is_no_timeout(
    server: ScriptedServer, kind: str, script: str
) -> None:
    server.script(script)
    provider = at(server, kind)
    task = asyncio.create_task(read(provider))
    await asyncio.sleep(0.1)
    task.cancel()
    cancelled = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await server.until_closed() - cancelled < 0.2
    await provider.aclose()


async def test_overload_is_tried_again_before_the_answer(server: ScriptedServer, kind: str) -> None:
    server.script("error-503 retry-after=0")
    server.script("tokens=5")
    provider = at(server, kind)
    assert text_of(await read(provider)) == expected_text("tokens=5")
    assert len(server.requests) == 2
    await provider.aclose()


async def test_a_wait_of_a_minute_is_not_kept(server: ScriptedServer, kind: str) -> None:
    server.script("error-429 retry-after=60")
    provider = at(server, kind)
    with pytest.raises(ProviderOverloaded) as caught:
        await read(provider)
    assert caught.value.detail == "scripted failure"
    await provider.aclose()


async def test_nobody_there_is_unreachable(kind: str) -> None:
    async with scripted_server() as server:
        provider = at(server, kind)
    with pytest.raises(ProviderUnreachable):
        await read(provider)
    await provider.aclose()


async def test_models_are_listed(server: ScriptedServer, kind: str) -> None:
    provider = at(server, kind)
    assert [m.name for m in await provider.models()] == list(server.model_names)
    await provider.aclose()


async def test_a_server_that_rejects_stream_options_is_asked_without_them(
    server: ScriptedServer,
) -> None:
    server.always = None
    for _ in range(3):
        server.script("reject-stream-options tokens=5")
    provider = at(server, "openai")
    assert text_of(await read(provider)) == expected_text("tokens=5")
    # It is remembered: the next answer takes one request.
    assert text_of(await read(provider)) == expected_text("tokens=5")
    assert ["stream_options" in r.body for r in server.requests] == [True, False, False]
    await provider.aclose()


async def test_ten_thousand_tokens_at_once_arrive_whole(server: ScriptedServer, kind: str) -> None:
    server.script("tokens=10000")
    provider = at(server, kind)
    assert text_of(await read(provider)) == expected_text("tokens=10000")
    await provider.aclose()
