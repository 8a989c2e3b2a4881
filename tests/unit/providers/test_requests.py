"""What the adapters send, where to, and which providers the environment offers."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from llm_ui.config import Settings, load_settings
from llm_ui.errors import InvalidInput
from llm_ui.providers.anthropic.adapter import AnthropicProvider, body_json
from llm_ui.providers.base import Endpoint
from llm_ui.providers.discovery import discover
from llm_ui.providers.llm_api.adapter import normalise as llm_api_base
from llm_ui.providers.ollama.adapter import OllamaProvider, options_json
from llm_ui.providers.openai.adapter import OpenAIProvider
from llm_ui.providers.registry import TYPES, open_provider
from llm_ui.providers.types import Found
from llm_ui.wire.events import ChatRequest, PromptImage, PromptMessage, Sampling
from llm_ui.wire.http import make_client
from tests.scripted import scripted_server

SAMPLING = Sampling(temperature=1.5, top_p=0.9, max_tokens=7, stop=("END",), seed=3)
TURNS = (
    PromptMessage("system", "Be brief."),
    PromptMessage("user", "Hi"),
    PromptMessage("assistant", ""),
    PromptMessage("user", "Hello?"),
)


async def sent(kind: str, *, key: str | None = "k-1") -> tuple[dict[str, Any], dict[str, str]]:
    async with scripted_server() as server:
        endpoint = Endpoint(server.url, key, headers=(("x-team", "blue"),))
        provider = open_provider(kind, endpoint)
        async for _ in provider.stream(ChatRequest("m", TURNS, SAMPLING)):
            pass
        await provider.aclose()
        return server.requests[0].body, server.requests[0].headers


def messages() -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in TURNS]


async def test_the_llm_api_gets_its_documented_request() -> None:
    body, headers = await sent("llm_api")
    assert body == {
        "model": "m",
        "messages": messages(),
        "temperature": 1.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["END"],
        "seed": 3,
    }
    assert headers["authorization"] == "Bearer k-1"
    assert headers["x-team"] == "blue"
    assert headers["user-agent"].startswith("llm-ui/")
    assert headers["accept-encoding"] == "identity"


async def test_openai_is_asked_for_a_stream_with_usage() -> None:
    body, headers = await sent("openai")
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert (body["max_tokens"], body["stop"], body["seed"]) == (7, ["END"], 3)
    assert headers["authorization"] == "Bearer k-1"


async def test_ollama_gets_its_own_names() -> None:
    body, _ = await sent("ollama")
    assert body["options"] == {
        "temperature": 1.5,
        "top_p": 0.9,
        "num_predict": 7,
        "stop": ["END"],
        "seed": 3,
    }
    assert options_json(Sampling()) == {}


async def test_anthropic_gets_the_system_prompt_apart_and_always_a_limit() -> None:
    body, headers = await sent("anthropic")
    assert body["system"] == "Be brief."
    assert [m["content"] for m in body["messages"]] == ["Hi", "Hello?"]
    assert (body["temperature"], "top_p" in body, body["max_tokens"]) == (1.0, False, 7)
    assert body["stop_sequences"] == ["END"]
    assert headers["x-api-key"] == "k-1"
    assert headers["anthropic-version"] == "2023-06-01"
    assert body_json(ChatRequest("m", TURNS))["max_tokens"] > 0


@pytest.mark.parametrize(
    ("kind", "turn"),
    [
        (
            "openai",
            {
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
                ]
            },
        ),
        (
            "anthropic",
            {
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "YWJj"},
                    },
                    {"type": "text", "text": "What is this?"},
                ]
            },
        ),
        ("ollama", {"content": "What is this?", "images": ["YWJj"]}),
        ("llm_api", {"content": "What is this?"}),
    ],
)
async def test_images_are_sent_the_way_each_upstream_wants_them(
    kind: str, turn: dict[str, Any]
) -> None:
    image = PromptImage("image/png", b"abc")
    request = ChatRequest("m", (PromptMessage("user", "What is this?", (image,)),))
    async with scripted_server() as server:
        provider = open_provider(kind, Endpoint(server.url, "k-1"))
        async for _ in provider.stream(request):
            pass
        await provider.aclose()
        assert server.requests[0].body["messages"] == [{"role": "user", **turn}]
    assert "abc" not in repr(request)


@pytest.mark.parametrize("kind", list(TYPES))
async def test_without_a_key_none_is_sent(kind: str) -> None:
    _, headers = await sent(kind, key=None)
    assert not {"authorization", "x-api-key"} & set(headers)


@pytest.mark.parametrize(
    ("normalise", "given", "base"),
    [
        (OpenAIProvider.normalise, "http://h:1", "http://h:1/v1"),
        (OpenAIProvider.normalise, "http://h:1/", "http://h:1/v1"),
        (OpenAIProvider.normalise, "http://h:1/v1/", "http://h:1/v1"),
        (OpenAIProvider.normalise, "https://h/v1/chat/completions", "https://h/v1"),
        (OpenAIProvider.normalise, "https://h/v1/images/generations", "https://h/v1"),
        (OpenAIProvider.normalise, "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        (OpenAIProvider.normalise, "https://h/v1beta/openai/", "https://h/v1beta/openai"),
        (OllamaProvider.normalise, "http://h:1/v1", "http://h:1"),
        (OllamaProvider.normalise, "http://h:1/api/", "http://h:1"),
        (AnthropicProvider.normalise, "https://h/v1/", "https://h"),
        (AnthropicProvider.normalise, "https://h", "https://h"),
        (llm_api_base, "http://h:1/v1", "http://h:1"),
    ],
)
def test_an_address_is_understood_with_and_without_its_path(
    normalise: Any, given: str, base: str
) -> None:
    assert normalise(given) == base


def test_each_type_has_an_adapter_and_a_default_address() -> None:
    assert all(each.adapter and each.default_base_url for each in TYPES.values())
    with pytest.raises(InvalidInput):
        open_provider("nonsense", Endpoint("http://h"))


def test_who_takes_settings_of_images_makes_some() -> None:
    for each in TYPES.values():
        assert hasattr(each.adapter, "make_images") == bool(each.image_settings), each.key


def test_a_key_is_in_no_representation() -> None:
    assert "k-1" not in repr(Endpoint("http://h", "k-1", headers=(("x-api-key", "k-1"),)))
    assert "k-1" not in repr(Found("openai", "OpenAI", "http://h", "k-1"))


def settings(**values: object) -> Settings:
    values = {"ollama_host": "http://127.0.0.1:9", "_env_file": None, **values}
    return load_settings(secret_key="x" * 40, **values)


async def test_the_bundled_model_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "LLM_API_URL"):
        monkeypatch.delenv(name, raising=False)
    assert await discover(settings()) == [Found("llm_api", "Built-in", "http://127.0.0.1:8100")]
    elsewhere = await discover(settings(llm_api_url="http://gpu:8100"))
    assert elsewhere[0].api_url == "http://gpu:8100"


async def test_keys_addresses_and_an_ollama_become_providers() -> None:
    async with scripted_server() as server:
        found = await discover(
            settings(ollama_host=server.url, openai_api_key="k-1", anthropic_api_key="k-2")
        )
    assert [(f.type, f.name, f.api_key) for f in found] == [
        ("llm_api", "Built-in", None),
        ("ollama", "Ollama", None),
        ("openai", "OpenAI", "k-1"),
        ("anthropic", "Anthropic", "k-2"),
    ]


async def test_another_openai_address_needs_no_key() -> None:
    found = await discover(settings(openai_base_url="http://127.0.0.1:1234/v1"))
    assert found[1:] == [Found("openai", "OpenAI-compatible", "http://127.0.0.1:1234/v1")]


async def test_something_else_at_ollamas_address_is_no_ollama() -> None:
    answer = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>hello</html>"))
    async with make_client(answer) as client:
        found = await discover(settings(), client)
    assert [f.type for f in found] == ["llm_api"]


@pytest.mark.parametrize(
    ("complaint", "gone", "instead"),
    [
        ("Unsupported parameter: use max_completion_tokens", "max_tokens", "max_completion_tokens"),
        ("Unsupported value: 'temperature' does not support 1.5", "temperature", None),
        ("Extra inputs are not permitted", "stream_options", None),
    ],
)
async def test_openai_gives_way_where_a_model_does_not_know_a_parameter(
    complaint: str, gone: str, instead: str | None
) -> None:
    bodies: list[dict[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(orjson.loads(request.content))
        if gone in bodies[-1]:
            return httpx.Response(400, json={"error": {"message": complaint}})
        return httpx.Response(200, content=b"data: [DONE]\n\n")

    async with make_client(httpx.MockTransport(handler)) as client:
        provider = open_provider("openai", Endpoint("http://model.example"), client)
        async for _ in provider.stream(ChatRequest("m", TURNS, SAMPLING)):
            pass
    assert len(bodies) == 2
    assert instead is None or bodies[1][instead] == 7


# --- thinking ----------------------------------------------------------------------------


async def asked_to_think(kind: str, thinking: bool | None, *scripts: str) -> list[dict[str, Any]]:
    async with scripted_server() as server:
        for script in scripts:
            server.script(script)
        provider = open_provider(kind, Endpoint(server.url, "key-1"))
        turns = (PromptMessage("user", "Hello?"),)
        async for _ in provider.stream(ChatRequest("m", turns, SAMPLING, thinking)):
            pass
        await provider.aclose()
        return [request.body for request in server.requests]


async def test_thinking_is_asked_for_in_each_providers_own_way() -> None:
    (body,) = await asked_to_think("openai", True)
    assert body["reasoning_effort"] == "medium"
    (body,) = await asked_to_think("ollama", True)
    assert body["think"] is True
    (body,) = await asked_to_think("ollama", False)
    assert body["think"] is False
    (body,) = await asked_to_think("anthropic", True)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 4096}
    assert body["max_tokens"] == 4096 + 7
    assert not {"temperature", "top_p"} & set(body)


@pytest.mark.parametrize("kind", list(TYPES))
async def test_a_model_that_cannot_be_told_is_told_nothing(kind: str) -> None:
    (body,) = await asked_to_think(kind, None)
    assert not {"reasoning_effort", "think", "thinking"} & set(body)


async def test_models_that_refuse_the_way_of_asking_are_asked_in_another() -> None:
    bodies = await asked_to_think("openai", True, "error-400 error-message=reasoning_effort?")
    assert ["reasoning_effort" in body for body in bodies] == [True, False]
    bodies = await asked_to_think("anthropic", True, "error-400 error-message=thinking.enabled?")
    assert [body["thinking"]["type"] for body in bodies] == ["enabled", "adaptive"]


def test_an_answer_that_is_continued_does_not_think_before_its_own_words() -> None:
    turns = (PromptMessage("user", "Hi"), PromptMessage("assistant", "Well,"))
    assert "thinking" not in body_json(ChatRequest("m", turns, SAMPLING, True))
