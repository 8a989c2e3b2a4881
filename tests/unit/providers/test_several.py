"""Several addresses of one provider: who is asked when, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from llm_ui.errors import (
    ContextTooLong,
    ModelUnavailable,
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.providers.base import Endpoint
from llm_ui.providers.registry import open_provider
from llm_ui.providers.several import SKIP_S, Route, Several, may_be_asked_elsewhere
from llm_ui.wire.events import (
    ChatRequest,
    Done,
    ImageRequest,
    Picture,
    PromptMessage,
    StreamEvent,
    Timeouts,
    Token,
    Via,
)
from llm_ui.wire.http import Retry
from tests.conftest import until
from tests.scripted import ScriptedServer, scripted_server

REQUEST = ChatRequest("scripted", (PromptMessage("user", "hello"),))
Noted = list[tuple[str, ProviderError | None]]


@pytest.fixture
async def first() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


@pytest.fixture
async def second() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        running.script("say:second")
        yield running


def route(url: str, kind: str = "openai", **seconds: float) -> Route:
    endpoint = Endpoint(url, timeouts=Timeouts(**seconds), retry=Retry(attempts=1))
    return Route(url, url, open_provider(kind, endpoint))


def several(*urls: str, noted: Noted | None = None, **seconds: float) -> Several:
    def note(route: Route, error: ProviderError | None) -> None:
        if noted is not None:
            noted.append((route.address, error))

    return Several([route(url, **seconds) for url in urls], note)


async def read(source: Several, into: list[StreamEvent | Via] | None = None) -> str:
    """The answer's text."""
    events: list[StreamEvent | Via] = [] if into is None else into
    async with aclosing(source.stream(REQUEST)) as stream:
        async for event in stream:
            events.append(event)
    return "".join(event.text for event in events if isinstance(event, Token))


def free_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    "script",
    [
        "stall-headers",
        "stall",
        "cut",
        "error-503",
        "error-429",
        "error-500",
        "garbage",
        "error-after=0",
        "error-401",
    ],
)
async def test_the_second_address_answers_when_the_first_fails_before_a_token(
    script: str, first: ScriptedServer, second: ScriptedServer
):
    first.script(script)
    noted: Noted = []
    source = several(first.url, second.url, noted=noted, first_token=0.3)
    events: list[StreamEvent | Via] = []
    assert await read(source, events) == "second"
    assert [event for event in events if isinstance(event, Via)] == [
        Via(first.url),
        Via(second.url),
    ]
    ((address, error),) = noted
    assert address == first.url
    assert error is not None
    assert len(first.requests) == 1
    await source.aclose()


async def test_the_second_address_answers_when_nobody_listens_at_the_first(
    second: ScriptedServer,
):
    source = several(free_url(), second.url)
    assert await read(source) == "second"
    await source.aclose()


@pytest.mark.parametrize("script", ["cut-after=3", "stall-after=3", "error-after=3"])
async def test_after_a_token_nobody_else_is_asked(
    script: str, first: ScriptedServer, second: ScriptedServer
):
    first.script(script)
    source = several(first.url, second.url, silence=0.3)
    events: list[StreamEvent | Via] = []
    with pytest.raises(ProviderError):
        await read(source, events)
    assert any(isinstance(event, Token) for event in events)
    assert second.requests == []
    await source.aclose()


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_what_is_wrong_with_the_question_is_not_tried_elsewhere(
    status: int, first: ScriptedServer, second: ScriptedServer
):
    first.script(f"error-{status}")
    # OpenAI's adapter gives in where a server refuses fields; this one has none to leave out.
    source = Several([route(first.url, "ollama"), route(second.url, "ollama")])
    with pytest.raises(ProviderError):
        await read(source)
    assert second.requests == []
    await source.aclose()


async def test_one_that_failed_is_left_alone_and_then_tried_by_one_answer(
    first: ScriptedServer, second: ScriptedServer, monkeypatch: pytest.MonkeyPatch
):
    second.always = second.queue.popleft()
    first.script("error-503")
    noted: Noted = []
    source = several(first.url, second.url, noted=noted)
    for _ in range(3):
        assert await read(source) == "second"
    assert len(first.requests) == 1
    # Half a minute later.
    loop = asyncio.get_running_loop()
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + SKIP_S)
    first.script("delay=0.2 say:first")
    trial = asyncio.create_task(read(source))
    await until(lambda: len(first.requests) == 2)
    assert await read(source) == "second"
    assert await trial == "first"
    assert noted[-1] == (first.url, None)
    first.script("say:first")
    assert await read(source) == "first"
    await source.aclose()


async def test_with_all_of_them_failing_the_least_failed_is_asked_first(
    first: ScriptedServer, second: ScriptedServer
):
    second.queue.clear()
    source = several(first.url, second.url)
    for server in (first, second):
        server.script("error-503")
    with pytest.raises(ProviderOverloaded):
        await read(source)
    source.routes[0].failures = 5
    second.script("say:again")
    assert await read(source) == "again"
    assert len(first.requests) == 1
    await source.aclose()


async def test_asking_each_tells_of_each_and_opens_what_is_back(
    first: ScriptedServer, second: ScriptedServer
):
    source = several(first.url, second.url, free_url())
    source.routes[0].failures, source.routes[0].is_unreachable = 4, True
    source.routes[1].failures = 2
    up, other, down = await source.ask_each()
    assert [len(each.models) for each in (up, other, down)] == [4, 4, 0]
    assert isinstance(down.error, ProviderUnreachable)
    # The first one was not there, and is; the second was overloaded, and may still be.
    assert [each.failures for each in source.routes] == [0, 2, 1]
    await source.aclose()


async def test_it_is_told_once_that_nobody_is_there_any_more(first: ScriptedServer):
    lost: list[str] = []
    both = Several([route(f"{first.url}/v1"), route(free_url())], on_lost=lambda: lost.append("!"))
    await first.stop()
    for _ in range(2):
        with pytest.raises(ProviderUnreachable):
            await read(both)
    assert lost == ["!"]
    await both.aclose()


async def test_who_refuses_is_not_lost(first: ScriptedServer):
    lost: list[str] = []
    one = Several([route(f"{first.url}/v1")], on_lost=lambda: lost.append("!"))
    first.script("error-429")
    with pytest.raises(ProviderOverloaded):
        await read(one)
    assert lost == []
    await one.aclose()


async def test_with_one_address_there_is_nothing_to_say_about_it(first: ScriptedServer):
    first.script("say:alone")
    source = several(first.url)
    events: list[StreamEvent | Via] = []
    assert await read(source, events) == "alone"
    assert not any(isinstance(event, Via) for event in events)
    assert isinstance(events[-1], Done)
    await source.aclose()


async def test_the_first_models_that_answer_are_the_models(second: ScriptedServer):
    source = several(free_url(), second.url)
    assert len(await source.models()) == 4
    await source.aclose()


async def test_a_retired_one_ends_its_answers_before_it_closes(first: ScriptedServer):
    first.script("tokens=20 rate=100")
    source = several(first.url)
    reading = asyncio.create_task(read(source))
    await until(lambda: first.requests and first.requests[0].sent)
    source.retire()
    assert await reading
    await first.until_closed()


async def test_stopping_closes_the_upstreams_socket_at_once(first: ScriptedServer):
    first.script("tokens=2000 rate=50")
    source = several(first.url, free_url())
    reading = asyncio.create_task(read(source))
    await until(lambda: first.requests and first.requests[0].sent > 2)
    reading.cancel()
    await first.until_closed()
    assert first.requests[0].ending == "aborted"
    await source.aclose()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderUnreachable("x"), True),
        (ProviderTimeout("connect", 1), True),
        (ProviderTimeout("first_token", 1), True),
        (ProviderTimeout("total", 1), False),
        (ProviderOverloaded("x", status=429), True),
        (ProviderCutOff("x"), True),
        (ProviderGarbage("x"), True),
        (ProviderError("x", status=500), True),
        (ProviderError("x", status=418), False),
        (ProviderRefused("x", status=400), False),
        (ProviderRefused("x", status=401), True),
        (ProviderRefused("x", status=402), True),
        (ProviderRefused("x", status=403), False),
        (ModelUnavailable("x", status=404), False),
        (ContextTooLong("x", status=400), False),
    ],
)
def test_which_errors_are_an_addresss_own(error: ProviderError, expected: bool):
    assert may_be_asked_elsewhere(error) is expected


# --- images -----------------------------------------------------------------------------------


async def pictures(source: Several, timeout: float = 30.0) -> int:
    """How many images come."""
    request = ImageRequest("gpt-image-1", "A tree", {"n": 2}, timeout)
    async with aclosing(source.make_images(request)) as events:
        return len([each async for each in events if isinstance(each, Picture)])


@pytest.mark.parametrize("script", ["error-429", "error-401"])
async def test_an_image_is_made_elsewhere_where_nothing_was_made(
    script: str, first: ScriptedServer, second: ScriptedServer
):
    first.script(script)
    source = several(first.url, second.url)
    assert await pictures(source) == 2
    assert len(first.requests) == len(second.requests) == 1
    await source.aclose()


@pytest.mark.parametrize("script", ["stall-headers", "error-500", "image=none", "error-400"])
async def test_an_image_that_may_have_been_made_is_not_paid_for_twice(
    script: str, first: ScriptedServer, second: ScriptedServer
):
    first.script(script)
    source = several(first.url, second.url)
    with pytest.raises(ProviderError):
        await pictures(source, 0.3 if script == "stall-headers" else 30.0)
    assert second.requests == []
    await source.aclose()
