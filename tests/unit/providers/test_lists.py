"""Lists of models as servers really send them: what is odd about one entry hides no other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from llm_ui.errors import ModelUnavailable, ProviderError, ProviderGarbage, ProviderRefused
from llm_ui.providers.base import Endpoint
from llm_ui.providers.ollama.library import OllamaLibrary
from llm_ui.providers.registry import TYPES, open_provider
from llm_ui.wire.events import ModelInfo
from llm_ui.wire.http import Retry, make_client

KINDS = list(TYPES)
Shown = dict[str, Any] | list[Any] | None


async def models(kind: str, body: object, shown: Shown = None) -> list[ModelInfo]:
    """What an adapter makes of a list; `body` is JSON, or bytes as they are."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/show":
            return httpx.Response(200, json=shown if shown is not None else {})
        if isinstance(body, bytes):
            return httpx.Response(200, content=body)
        return httpx.Response(200, json=body)

    endpoint = Endpoint("http://model.example", retry=Retry(attempts=1))
    async with make_client(httpx.MockTransport(answer)) as client:
        return await open_provider(kind, endpoint, client).models()


async def names(kind: str, body: object) -> list[str]:
    return [each.name for each in await models(kind, body)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "a"}, {"id": "b", "context_length": "131072"}]},
        {"data": [{"id": "a", "context_length": -1, "max_model_len": "?"}, {"id": "b"}]},
        {"data": [{"id": "a", "context_window": 8192.5, "top_provider": "x"}, {"id": "b"}]},
        {"data": [{"id": "a", "meta": []}, {"id": "b", "meta": {"n_ctx_train": [1]}}]},
        {"data": [{"id": "a", "name": 7, "display_name": {"en": "A"}}, {"id": "b", "type": []}]},
        {"data": [{"id": "a", "max_input_tokens": "many", "max_tokens": True}, {"id": "b"}]},
        {"data": [{"id": "a", "supported_parameters": "none"}, {"id": "b"}, {"id": "a"}]},
        {"data": ["a", "b"]},
        {"data": [{"id": "a"}, {"object": "model"}, {"id": None}, {"id": ""}, 3, {"id": "b"}]},
        {"data": {"models": [{"id": "a"}, {"id": "b"}]}},
        {"data": None, "models": [{"id": "a"}, {"id": "b"}]},
        {"data": [], "models": ["a", {"model": "b"}]},
        {"models": [{"name": "a", "model": "a"}, {"name": "b"}]},
        {"models": {"a": {"context_length": 1}, "b": {}}},
        [{"id": "a"}, {"id": "b"}],
        ["a", "b"],
        b'{"data": [{"id": "a", "created": NaN}, {"id": "b", "context_length": 1e400}]}',
        b'\xef\xbb\xbf{"data": [{"id": "a", "owned_by": "\\ud83d"}, {"id": "b"}]}',
    ],
)
async def test_what_is_odd_about_one_entry_hides_none(kind: str, body: object) -> None:
    assert await names(kind, body) == ["a", "b"]


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"context_length": "131072"}, 131072),
        ({"context_length": "131,072"}, 131072),
        ({"context_length": 131072.0}, 131072),
        ({"context_length": -1, "max_model_len": 4096}, 4096),
        ({"context_length": 0}, None),
        ({"context_length": "128k"}, None),
        ({"context_length": True}, None),
        ({"context_length": 10**30}, None),
        ({"context_length": [], "meta": {"n_ctx_train": "8192"}}, 8192),
    ],
)
async def test_a_window_is_read_however_it_is_written(
    entry: dict[str, Any], window: int | None
) -> None:
    found = await models("openai", {"data": [{"id": "a", **entry}]})
    assert found == [ModelInfo("a", context_window=window)]


@pytest.mark.parametrize(
    ("shown", "window"),
    [
        ({"model_info": {"x.context_length": "8192"}}, 8192),
        ({"model_info": {"x.context_length": -1}, "capabilities": {}}, None),
        ({"model_info": []}, None),
        ({"capabilities": [None, 3, "completion"], "model_info": {"x.context_length": 8e3}}, 8000),
        ([], None),
    ],
)
async def test_an_ollamas_details_cost_no_model(shown: Shown, window: int | None) -> None:
    found = await models(
        "ollama", {"models": [{"name": "a", "size": "big"}, {"model": "b"}]}, shown
    )
    assert [(each.name, each.context_window) for each in found] == [("a", window), ("b", window)]


@pytest.mark.parametrize("kind", KINDS)
async def test_no_list_at_all_is_said(kind: str) -> None:
    for body in ({"ok": True}, {}, "models", 3, None, {"data": 3}, [7], {"data": [[]]}, b"<html>"):
        with pytest.raises(ProviderGarbage):
            await names(kind, body)
    for empty in ({"data": []}, [], {"models": None}):
        assert await names(kind, empty) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_in_the_place_of_a_list_comes_with_its_words(kind: str) -> None:
    for body in (
        {"error": {"message": "no such key", "code": 401}},
        {"code": 401, "message": "no such key"},
    ):
        with pytest.raises(ProviderRefused) as caught:
            await names(kind, body)
        assert caught.value.detail == "no such key"
    with pytest.raises(ProviderError) as told:
        await names(kind, {"detail": "no such key"})
    assert told.value.detail == "no such key"


async def test_lists_of_what_lies_on_a_disk_are_as_lenient() -> None:
    stored = {"models": [{"name": "a", "size": "7"}, {"name": "b", "size": -1}, {}, {"name": "a"}]}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/tags"
        return httpx.Response(200, json=stored)

    endpoint = Endpoint("http://model.example")
    async with make_client(httpx.MockTransport(answer)) as client:
        library = OllamaLibrary(endpoint)
        library._client = client
        found = [(each.name, each.size) for each in await library.stored()]
        assert found == [("a", 7), ("b", 0)]


@pytest.mark.parametrize(
    ("status", "is_there"), [(400, True), (422, True), (404, False), (405, False), (500, False)]
)
async def test_a_server_without_a_list_is_there_if_it_makes_images(
    status: int, is_there: bool
) -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(404 if request.method == "GET" else status, json={})

    async with make_client(httpx.MockTransport(answer)) as client:
        endpoint = Endpoint("http://model.example", retry=Retry(attempts=1))
        provider = open_provider("openai", endpoint, client)
        if is_there:
            assert await provider.models() == []
        else:
            with pytest.raises(ModelUnavailable) as missing:
                await provider.models()
            assert missing.value.params["status"] == 404
    assert asked == [("GET", "/v1/models"), ("POST", "/v1/images/generations")]
