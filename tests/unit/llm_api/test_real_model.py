"""The bundled model for real: the service as a process, and llama.cpp's own server."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from llm_ui.api_client import LLMApiClient
from llm_ui.errors import ContextTooLong, ProviderError
from llm_ui.llm_api import confined
from llm_ui.llm_api.engine import bundled_model
from llm_ui.providers.base import Endpoint
from llm_ui.providers.registry import open_provider
from llm_ui.wire.events import ChatRequest, Done, PromptMessage, Sampling, StreamEvent, Token, Usage
from tests.unit.llm_api.test_supervisor import free_port

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

NAME = "smollm2-135m-instruct"


def ask(text: str, limit: int) -> ChatRequest:
    return ChatRequest(NAME, (PromptMessage("user", text),), Sampling(max_tokens=limit, seed=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[LLMApiClient]:
    pytest.importorskip("xllamacpp")
    port = free_port()
    arguments = ("-m", "llm_ui.llm_api", "--with-parent", "--port", str(port))
    pipe = asyncio.subprocess.PIPE
    # As the supervisor starts it: with nothing around it, and away from this folder.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", *arguments, stdin=pipe, env=confined.environment("key"), cwd="/"
    )
    service = LLMApiClient(f"http://127.0.0.1:{port}", api_key="key")
    async with asyncio.timeout(60):
        while True:
            try:
                if (await service.health()).status == "ready":
                    break
            except ProviderError:
                pass
            await asyncio.sleep(0.1)
    yield service
    await service.aclose()
    process.terminate()
    assert await process.wait() == 0


async def test_it_lists_itself(client: LLMApiClient) -> None:
    (model,) = await client.models()
    assert (model.name, model.context_window) == (NAME, 8192)


async def test_it_answers_whole(client: LLMApiClient) -> None:
    # What it says is the model's affair (this one is small, and often wrong).
    answer = await client.chat(ask("What is the capital of France?", 40))
    assert len(answer.text.split()) > 1
    assert (answer.usage.input_tokens or 0) > 5
    assert (answer.usage.output_tokens or 0) > 1


async def test_it_streams(client: LLMApiClient) -> None:
    events: list[StreamEvent] = [e async for e in client.stream(ask("Tell me a story.", 30))]
    # What comes in one read is one piece: on a busy machine there are fewer than tokens.
    assert sum(isinstance(e, Token) for e in events) > 3
    assert isinstance(events[-2], Usage)
    assert events[-1] == Done("length")


async def test_a_prompt_that_does_not_fit_is_refused(client: LLMApiClient) -> None:
    with pytest.raises(ContextTooLong):
        await client.chat(ask("word and thing " * 6000, 10))


async def test_stopped_answers_free_their_slots(client: LLMApiClient) -> None:
    """Sixteen long answers are begun on four slots and dropped: were they not ended,
    the next one would have to wait for minutes."""
    for _ in range(4):
        streams = [client.stream(ask("Count to a million.", 4000)) for _ in range(4)]
        await asyncio.gather(*(anext(s) for s in streams))
        await asyncio.gather(*(s.aclose() for s in streams))
    tasks = [asyncio.create_task(client.chat(ask("Write a novel.", 4000))) for _ in range(4)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    started = time.monotonic()
    await client.chat(ask("Hello!", 5))
    assert time.monotonic() - started < 20.0


async def test_llama_cpps_own_server_is_an_openai_provider() -> None:
    script = """
import os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.verbosity = sys.argv[1], 2048, -1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, os.fspath(bundled_model()), stdin=pipe, stdout=pipe
    )
    assert process.stdout is not None
    address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    provider = open_provider("openai", Endpoint(address))
    (model,) = await provider.models()
    request = ChatRequest(model.name, ask("Hi", 8).messages, Sampling(max_tokens=8))
    async with aclosing(provider.stream(request)) as stream:
        events = [event async for event in stream]
    assert any(isinstance(e, Token) for e in events)
    assert isinstance(events[-1], Done)
    usage = next(e for e in events if isinstance(e, Usage))
    assert usage.output_tokens is not None
    await provider.aclose()
    process.terminate()
    await process.wait()
