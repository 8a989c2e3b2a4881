"""Opening a stream: statuses, retries, and what an upstream may not do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from llm_ui.errors import (
    ContextTooLong,
    ModelUnavailable,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, Retry, fetch_json, make_client, open_stream

QUICK = Retry(attempts=3, first=0.001)
Handler = Callable[[httpx.Request], httpx.Response]


async def ask(handler: Handler, **headers: str) -> bytes:
    call = Call("POST", "http://model.example/v1/chat", {"a": 1}, headers)
    body = b""
    async with (
        make_client(httpx.MockTransport(handler)) as client,
        open_stream(client, call, Timeouts(), QUICK) as upstream,
    ):
        while chunk := await upstream.read():
            body += chunk
    return body


def answers(status: int, **options: object) -> tuple[Handler, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, **options)  # type: ignore[arg-type]

    return handler, asked


@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (400, ProviderRefused, 1),
        (401, ProviderRefused, 1),
        (403, ProviderRefused, 1),
        (404, ModelUnavailable, 1),
        (413, ContextTooLong, 1),
        (418, ProviderError, 1),
        (429, ProviderOverloaded, 3),
        (500, ProviderError, 1),
        (502, ProviderUnreachable, 3),
        (503, ProviderOverloaded, 3),
        (504, ProviderUnreachable, 3),
        (529, ProviderOverloaded, 3),
        (302, ProviderGarbage, 1),
    ],
)
async def test_a_status_becomes_an_error_and_only_passing_ones_are_retried(
    status: int, kind: type[ProviderError], attempts: int
) -> None:
    handler, asked = answers(status, json={"error": {"message": "because"}})
    with pytest.raises(ProviderError) as caught:
        await ask(handler)
    assert type(caught.value) is kind
    assert caught.value.detail == "because"
    assert caught.value.params["status"] == status
    assert len(asked) == attempts


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "This model's maximum context length is 8192 tokens."}},
        {"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}},
        {"error": {"message": "too big", "type": "exceed_context_size_error"}},
        {"error": {"message": "too big", "code": "context_length_exceeded"}},
        {"error": "input exceeds the available context size"},
        {"detail": "Please reduce the length of the messages"},
    ],
)
async def test_a_prompt_that_does_not_fit_is_recognised(body: object) -> None:
    handler, _ = answers(400, json=body)
    with pytest.raises(ContextTooLong):
        await ask(handler)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"<html>502 Bad Gateway</html>", ""),
        (b"just\nwords", "just words"),
        (b"\xff\xfe", "��"),
        (b"", ""),
        (b"[1, 2]", "[1,2]"),
        (b"x" * 1_000_000, "x" * 299 + "…"),
    ],
)
async def test_the_detail_is_one_short_line_whatever_the_body(content: bytes, detail: str) -> None:
    handler, _ = answers(500, content=content)
    with pytest.raises(ProviderError) as caught:
        await ask(handler)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("told", "is_said"),
    [
        ("30", True),
        ("in twenty minutes", True),
        ("Sun, 06 Nov 1994 08:49:37 -0000", False),
        ("soon", False),
        ("inf", False),
        ("nan", False),
        ("-5", False),
    ],
)
async def test_when_to_ask_again_is_taken_as_seconds_or_as_a_date(told: str, is_said: bool) -> None:
    if told == "in twenty minutes":
        told = format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)
    handler, _ = answers(429, headers={"retry-after": told})
    with pytest.raises(ProviderOverloaded) as caught:
        await ask(handler)
    assert ("seconds" in caught.value.params) is is_said


async def test_a_key_that_the_server_quotes_is_blotted_out() -> None:
    handler, _ = answers(401, json={"error": {"message": "Wrong key sk-secret-1!"}})
    with pytest.raises(ProviderRefused) as caught:
        await ask(handler, authorization="Bearer sk-secret-1")
    assert caught.value.detail == "Wrong key •••!"


async def test_a_second_attempt_after_a_passing_failure_answers() -> None:
    outcomes: list[object] = [httpx.ConnectError("no"), httpx.Response(503), None]

    def handler(request: httpx.Request) -> httpx.Response:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, httpx.Response) else httpx.Response(200, text="ok")

    assert await ask(handler) == b"ok"
    assert outcomes == []


async def test_no_connection_is_reported_after_all_attempts() -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused")

    with pytest.raises(ProviderUnreachable):
        await ask(handler)
    assert len(asked) == 3


async def test_a_connection_that_is_never_made_is_a_timeout_and_not_tried_again() -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectTimeout("slow")

    with pytest.raises(ProviderTimeout) as caught:
        await ask(handler)
    assert (caught.value.phase, len(asked)) == ("connect", 1)


def test_a_wait_that_the_server_asks_for_is_kept_up_to_a_limit() -> None:
    retry = Retry(attempts=3, first=0.1, longest=2.0)
    assert retry.delay(0, 1.5) == 1.5
    assert retry.delay(0, 3.0) is None
    assert 0.05 <= (retry.delay(0, None) or 0) <= 0.1
    assert 0.1 <= (retry.delay(1, None) or 0) <= 0.2
    assert retry.delay(2, None) is None


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/html"}, {"content-encoding": "gzip"}], ids=str
)
async def test_a_web_page_or_compressed_bytes_are_no_answer(headers: dict[str, str]) -> None:
    handler, _ = answers(200, headers=headers, content=b"")
    with pytest.raises(ProviderGarbage):
        await ask(handler)


async def test_a_key_that_fits_in_no_header_is_an_error_not_a_crash() -> None:
    handler, asked = answers(200)
    with pytest.raises(ProviderUnreachable):
        await ask(handler, authorization="Bearer schlüssel–💥")
    assert asked == []


@pytest.mark.parametrize("url", ["ftp://model.example", "http://", "http://[", "nonsense"])
async def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    async with make_client() as client:
        with pytest.raises(ProviderUnreachable):
            await fetch_json(client, Call("GET", url), Timeouts(1, 1, 1, 1), QUICK)


@pytest.mark.parametrize("content", [b"[]", b"oops", b"\xff", b"x" * 9_000_000])
async def test_json_that_is_no_object_or_too_long_is_garbage(content: bytes) -> None:
    handler, _ = answers(200, content=content)
    async with make_client(httpx.MockTransport(handler)) as client:
        with pytest.raises(ProviderGarbage):
            await fetch_json(client, Call("GET", "http://model.example"), Timeouts(), QUICK)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([{"error": {"code": 400, "message": "API key not valid."}}], "API key not valid."),
        ([{"error": "no"}, {"error": "never"}], "no; never"),
        ({"detail": [{"loc": ["body", "model"], "msg": "missing", "type": "?"}]}, "model: missing"),
        ({"error": [{"message": "no"}]}, "no"),
        ({"errors": ["no"]}, "no"),
        ({"error": {"error": {"message": "no"}}}, "no"),
        ({"message": '{"error": {"message": "no"}}'}, "no"),
        ("no", "no"),
        (None, ""),
        ({"error": {"message": "see https://10.0.0.1/x", "request": 7}}, "see •••"),
    ],
)
async def test_the_words_of_a_refusal_are_found_in_any_form(body: object, detail: str) -> None:
    handler, _ = answers(400, json=body)
    with pytest.raises(ProviderRefused) as caught:
        await ask(handler)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    "content",
    [
        b'data: {"error": {"message": "no"}}\n\n',
        b'event: error\ndata: {"message": "no"}',
        b': hello\n\ndata: {"detail": "no"}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'\xef\xbb\xbf{"error": "no", "x": NaN}\n',
    ],
)
async def test_a_refusal_may_come_as_the_stream_that_was_asked_for(content: bytes) -> None:
    handler, _ = answers(400, content=content)
    with pytest.raises(ProviderRefused) as caught:
        await ask(handler)
    assert caught.value.detail == "no"


async def test_an_error_page_says_its_title() -> None:
    page = b"<!DOCTYPE html><html><head><title>403 Forbidden &amp; locked</title></head></html>"
    handler, _ = answers(403, content=page)
    with pytest.raises(ProviderRefused) as caught:
        await ask(handler)
    assert caught.value.detail == "403 Forbidden & locked"
