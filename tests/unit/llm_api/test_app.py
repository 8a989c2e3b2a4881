"""The service's routes over an engine whose model is the scripted server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from llm_ui.errors import ModelUnavailable
from llm_ui.llm_api import engine as engine_module
from llm_ui.llm_api.app import create_app
from llm_ui.llm_api.cores import available_cores, default_threads
from llm_ui.llm_api.engine import Engine, EngineOptions, model_name
from llm_ui.llm_api.requests import DEFAULT_MAX_TOKENS, MAX_BODY_BYTES, MAX_TOKENS, parse_body
from llm_ui.providers.base import Endpoint
from llm_ui.providers.openai.adapter import OpenAIProvider
from llm_ui.wire.events import ModelInfo
from tests.scripted import ScriptedServer, expected_reasoning, expected_text, scripted_server

KEY = "the-key-of-the-port"
ASK = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
async def model() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as server:
        yield server


@pytest.fixture
async def engine(model: ScriptedServer) -> AsyncIterator[Engine]:
    ready = Engine(EngineOptions())
    ready._provider = OpenAIProvider(Endpoint(model.url))
    ready.status, ready.info = "ready", ModelInfo("tiny", "Tiny", 8192)
    yield ready
    await ready._provider.aclose()


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(engine, KEY))
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as http:
        yield http


def code(response: httpx.Response) -> str:
    error = response.json()["error"]
    assert error["message"]
    return str(error["code"])


async def test_a_whole_answer(client: httpx.AsyncClient, model: ScriptedServer) -> None:
    model.script("reasoning=2 tokens=5 finish=length")
    answer = (await client.post("/v1/chat", json=ASK)).json()
    assert answer["message"] == {
        "role": "assistant",
        "content": expected_text("tokens=5"),
        "reasoning": expected_reasoning("reasoning=2"),
    }
    assert answer["finish_reason"] == "length"
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (12, 7)


async def test_a_streamed_answer(client: httpx.AsyncClient, model: ScriptedServer) -> None:
    model.script("say:two words")
    response = await client.post("/v1/chat/stream", json=ASK)
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = [frame.split("\ndata: ") for frame in response.text.strip().split("\n\n")]
    pieces = [json.loads(data) for name, data in frames if name == "event: token"]
    assert all(piece.keys() == {"text"} for piece in pieces)
    assert "".join(piece["text"] for piece in pieces) == "two words"
    assert [name for name, _ in frames[len(pieces) :]] == ["event: usage", "event: done"]


async def test_an_error_before_the_first_token_has_its_status(
    client: httpx.AsyncClient, model: ScriptedServer
) -> None:
    for path in ("/v1/chat", "/v1/chat/stream"):
        model.script("error-400 error-message=exceed_context_size_error")
        response = await client.post(path, json=ASK)
        assert (response.status_code, code(response)) == (422, "context_too_long")


async def test_an_error_in_mid_stream_is_an_event(
    client: httpx.AsyncClient, model: ScriptedServer
) -> None:
    model.script("error-after=2")
    text = (await client.post("/v1/chat/stream", json=ASK)).text
    assert text.startswith("event: token")
    assert text.endswith(
        'event: error\ndata: {"code":"provider_error","message":"scripted failure"}\n\n'
    )


@pytest.mark.parametrize(
    "body",
    [
        b"oops",
        b"[]",
        b'{"messages": []}',
        b'{"messages": [{"role": "tool", "content": "x"}]}',
        b'{"messages": [{"role": "user", "content": 3}]}',
        b'{"messages": [{"role": "user", "content": "x"}], "temperature": 3}',
        b'{"messages": [{"role": "user", "content": "x"}], "top_p": 0}',
        b'{"messages": [{"role": "user", "content": "x"}], "max_tokens": 0}',
        b'{"messages": [{"role": "user", "content": "x"}], "seed": -1}',
    ],
)
async def test_a_wrong_request_is_refused_with_its_reason(
    client: httpx.AsyncClient, body: bytes
) -> None:
    response = await client.post("/v1/chat", content=body)
    assert (response.status_code, code(response)) == (422, "invalid_input")


async def test_a_huge_request_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (response.status_code, code(response)) == (413, "too_large")


async def test_another_model_is_not_there(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat", json={**ASK, "model": "gpt-4o"})
    assert (response.status_code, code(response)) == (409, "model_unavailable")


async def test_web_pages_of_other_origins_and_rebound_names_get_nothing(
    client: httpx.AsyncClient,
) -> None:
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        for method, path in (("GET", "/health"), ("GET", "/v1/models"), ("POST", "/v1/chat")):
            response = await client.request(method, path, json=ASK, headers=headers)
            assert (response.status_code, code(response)) == (403, "not_allowed")


@pytest.mark.parametrize("given", ["", "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", KEY, "Bearer é"])
async def test_without_its_key_the_port_opens_nothing(
    client: httpx.AsyncClient, model: ScriptedServer, given: str
) -> None:
    key = {b"authorization": given.encode()}
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat"), ("POST", "/v1/chat/stream")):
        response = await client.request(method, path, json=ASK, headers=key)
        assert (response.status_code, code(response)) == (401, "not_authenticated")
    assert model.requests == []
    # Whether it is well, everybody may ask.
    assert (await client.get("/health")).status_code == 200


async def test_models_and_health_of_each_state(client: httpx.AsyncClient, engine: Engine) -> None:
    assert (await client.get("/v1/models")).json()["data"][0]["id"] == "tiny"
    assert (await client.get("/health")).json()["status"] == "ready"
    engine.status = "loading"
    assert (await client.get("/v1/models")).json()["data"] == []
    response = await client.post("/v1/chat", json=ASK)
    assert (response.status_code, code(response)) == (503, "provider_overloaded")
    assert response.headers["retry-after"] == "1"


async def test_an_unknown_route_is_a_json_error(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/nothing")
    assert (response.status_code, code(response)) == (404, "not_found")
    assert (await client.get("/v1/chat")).status_code == 405


async def test_a_missing_runtime_or_model_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(engine_module, "BUNDLED_PACKAGE", "no_such_package")
        engine = Engine(EngineOptions())
        await engine.load()
    assert engine.status == "unavailable"
    assert "no_such_package" in engine.detail
    with pytest.raises(ModelUnavailable):
        async for _ in engine.stream(parse_body(b'{"messages":[{"role":"user","content":"x"}]}')):
            pass
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    engine = Engine(EngineOptions(model=tmp_path / "x.gguf"))
    await engine.load()
    assert "xllamacpp" in engine.detail


def test_a_request_without_a_limit_gets_one() -> None:
    body = b'{"messages": [{"role": "user", "content": "x"}], "unknown": 1%b}'
    assert parse_body(body % b"").sampling.max_tokens == DEFAULT_MAX_TOKENS
    assert parse_body(body % b', "max_tokens": 9').sampling.max_tokens == 9
    assert parse_body(body % b', "max_tokens": 999999').sampling.max_tokens == MAX_TOKENS


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "qwen2.5-0.5b-instruct"),
        ("Phi-3-mini-4k-instruct-fp16.gguf", "Phi-3-mini-4k-instruct"),
        ("model.gguf", "model"),
    ],
)
def test_a_model_is_named_after_its_file_without_the_quantisation(file: str, name: str) -> None:
    assert model_name(Path(file)) == name


def test_inference_leaves_a_core_where_there_is_more_than_one() -> None:
    cores = available_cores()
    assert default_threads() == max(1, cores - 1)


async def test_stopping_an_answer_stops_the_model(engine: Engine, model: ScriptedServer) -> None:
    model.script("tokens=1000 rate=100")
    events = engine.stream(parse_body(b'{"messages":[{"role":"user","content":"x"}]}'))
    await anext(events)
    await events.aclose()
    await model.until_closed()
    assert model.requests[0].ending == "aborted"
    await asyncio.sleep(0)
