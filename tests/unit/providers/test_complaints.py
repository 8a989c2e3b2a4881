"""What servers say that is no answer: it fails, with their words."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from llm_ui.errors import (
    EmptyAnswer,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
)
from llm_ui.i18n import translate
from llm_ui.providers.openai.parse import StreamParser as OpenAIParser
from llm_ui.wire.answers import read_answer
from llm_ui.wire.events import Done, Timeouts
from llm_ui.wire.http import Call, make_client
from tests.unit.providers.heard import DONE, data, delta, failed, heard, lines, read, said

END = delta(finish="stop")


WORDS = "the engine rejected the request"


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": None, "error_type": "BadRequestError", "error_message": WORDS},
        {"error": {"message": WORDS}},
        {"error": WORDS},
        {"error": [WORDS]},
        {"error": [{"error": {"message": WORDS}}]},
        {"error": True, "message": WORDS},
        {"error": "Bad Request", "message": WORDS, "status": 400},
        {"errors": [{"message": WORDS}]},
        {"type": "error", "message": WORDS},
        {"object": "error", "message": WORDS, "code": 40001},
        {"detail": WORDS},
        {"detail": [{"loc": ["body", "messages"], "msg": WORDS, "type": "value_error"}]},
        {"code": 503, "msg": WORDS},
        {"code": "InvalidParameter", "message": WORDS, "request_id": "1"},
        {"status": "error", "description": WORDS},
        {"base_resp": {"status_code": 1004, "status_msg": WORDS}, "choices": None},
        {"success": False, "message": WORDS},
        {"fault": {"faultstring": WORDS}},
        {
            "choices": [],
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": f'{{"error": {{"message": "{WORDS}"}}}}'},
            },
        },
        {
            "choices": [
                {
                    "delta": {"content": ""},
                    "finish_reason": "error",
                    "error": {"message": WORDS, "code": 502},
                }
            ]
        },
        {"choices": [{"delta": {}, "finish_reason": None, "error": {"message": WORDS}}]},
        # Nothing says that it is an error, but it is all that was said.
        {"message": WORDS},
        {"info": 3, "reason": WORDS},
    ],
)
def test_an_error_in_the_place_of_an_answer_comes_with_its_words(chunk: dict[str, Any]) -> None:
    for body in (
        data(chunk, DONE),
        data(chunk),
        orjson.dumps(chunk),
        orjson.dumps([chunk]),
        lines(chunk),
        data(delta(""), chunk, DONE),
    ):
        error = failed("openai", body)
        assert WORDS in error.detail
        assert "{" not in error.detail


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama", "llm_api"])
def test_each_protocol_hears_the_errors_of_all(kind: str) -> None:
    for chunk in (
        {"error": {"message": WORDS}},
        {"detail": WORDS},
        [{"error": WORDS}],
        {"error_message": WORDS},
        {"code": 500, "message": WORDS},
    ):
        body = orjson.dumps(chunk)
        for each in (body, data(chunk), b"event: error\n" + data(chunk), body + b"\n"):
            assert WORDS in failed(kind, each).detail
    assert WORDS in failed(kind, b"event: error\n" + data({"whatever": {}, "msg": WORDS})).detail


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        ({"error": {"message": "?", "code": 429}}, ProviderOverloaded),
        ([{"error": {"code": 400, "message": "?", "status": "INVALID_ARGUMENT"}}], ProviderRefused),
        ({"error": {"message": "?", "status": "RESOURCE_EXHAUSTED"}}, ProviderOverloaded),
        ({"code": "401", "message": "?"}, ProviderRefused),
    ],
)
def test_the_kind_of_an_error_is_found_in_any_form(chunk: Any, kind: type[ProviderError]) -> None:
    assert type(failed("openai", orjson.dumps(chunk))) is kind


def test_an_error_behind_words_keeps_them() -> None:
    for last in (
        data({"error_message": WORDS}),
        b'{"error": "%b"}\n' % WORDS.encode(),
        b"event: error\n" + data({"message": WORDS}),
        b'error: {"message": "%b"}\n\n' % WORDS.encode(),
    ):
        error = failed("openai", data(delta("Once ")) + last)
        assert WORDS in error.detail
        assert said(error.heard) == ("", "Once ")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"upstream connect error\n", "upstream connect error"),
        (b"<html><head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"),
        (b"<!doctype html>\n<p>Sign in</p>", "a web page instead of an API response"),
        (b"Service Unavailable", "Service Unavailable"),
    ],
)
def test_a_sentence_or_a_page_is_no_answer_but_has_words(body: bytes, words: str) -> None:
    for kind in ("openai", "anthropic", "ollama", "llm_api"):
        assert failed(kind, body).detail == words


def test_a_stream_that_says_nothing_is_no_answer() -> None:
    for body in (b"", b"\n", b"\xef\xbb\xbf"):
        assert type(failed("openai", body)) is EmptyAnswer
    assert read("openai", [data(DONE)]) == [Done("stop")]  # the engine calls it what it is
    assert type(failed("openai", data(b"{oops", b"oops", DONE))) is ProviderGarbage


CALL = [{"index": 0, "id": "1", "function": {"name": "find", "arguments": "{}"}}]


def test_an_answer_of_a_tool_call_only_ends_for_that_reason() -> None:
    for body in (
        data(delta(None, tool_calls=CALL), delta(finish="tool_calls"), DONE),
        data(delta(None, tool_calls=CALL), END, DONE),
        data(delta(None, function_call=CALL[0]), DONE),
    ):
        assert read("openai", [body])[-1] == Done("tool")
    line = {"message": {"content": "", "tool_calls": CALL}, "done": True}
    assert read("ollama", [lines(line)])[-1] == Done("tool")
    start = {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "find"}}
    assert read("anthropic", [data(start, {"type": "message_stop"})])[-1] == Done("tool")


def test_an_answer_with_words_and_a_tool_call_is_an_answer() -> None:
    body = data(delta("Let me look.", tool_calls=CALL), END, DONE)
    assert heard("openai", body) == ("", "Let me look.")


def test_neither_keys_nor_addresses_are_passed_on() -> None:
    words = (
        "Incorrect key sk-proj-a1b2c3d4e5f6, see http://10.1.2.3:8000/v1/keys or 10.1.2.3:8000,"
        " sent as Bearer abcdef123456; localhost:11434 refused"
    )
    detail = failed("openai", data({"error": words})).detail
    for secret in ("a1b2", "10.1.2.3", "8000", "abcdef123456", "11434", "http"):
        assert secret not in detail
    assert detail.startswith("Incorrect key •••, see •••")


async def test_a_key_that_a_stream_quotes_is_blotted_out() -> None:
    told = data(delta("Once "), {"error": {"message": "no rights for pa55word-of-bob, my-own-key"}})
    call = Call(
        "POST",
        "http://model.example",
        {},
        {"authorization": "Bearer pa55word-of-bob", "x-team": "my-own-key"},
    )
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=told))
    async with make_client(transport) as client:
        with pytest.raises(ProviderError) as caught:
            async for _ in read_answer(client, call, Timeouts(), OpenAIParser()):
                pass
    assert caught.value.detail == "no rights for •••, •••"


def test_an_error_of_a_server_that_was_reached_keeps_its_words() -> None:
    for code in (400, 403, 404, 409, 422, 429, 500, 502, 503, 504, 529, 599):
        error = failed("openai", orjson.dumps({"code": code, "message": WORDS}))
        error.named("Cellar", "echo-1")
        assert WORDS in translate(error.message_key, "en", **error.params)


def test_an_error_is_bounded() -> None:
    assert len(failed("openai", data({"error": "x" * 100_000})).detail) <= 300
