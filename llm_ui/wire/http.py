"""Requests to model servers: one client, retries before the answer starts, prompt closing.

Every failure becomes a ProviderError here: no connection, an HTTP status, a truncated body. Retries
happen only before the first byte of an answer: after a failed or broken connection and for the
statuses in RETRIED, with exponential backoff and jitter. Requests that timed out are not retried,
because they have already taken long enough.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from llm_ui import __version__
from llm_ui.errors import (
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.wire.events import Timeouts
from llm_ui.wire.failures import detail_of, error_for_status
from llm_ui.wire.fields import json_object
from llm_ui.wire.transport import AioTransport, connection_reason
from llm_ui.wire.watchdog import Watchdog

RETRIED = frozenset({429, 502, 503, 504, 529})
ERROR_BODY_BYTES = 64 * 1024
JSON_BODY_BYTES = 8 * 1024 * 1024
DRAIN_SECONDS = 0.1
_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "api-key"})
# Header values that may appear in an error message: they are not secret.
_OPEN_HEADERS = frozenset({"content-type", "anthropic-version"})
# A shorter value of an extra header is not a secret, and might be part of any word.
_SECRET_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when to retry. Delays are in seconds; if the server asks for a longer delay
    than `longest`, there is no retry."""

    attempts: int = 3
    first: float = 0.25
    longest: float = 5.0

    def delay(self, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait after failure number `attempt` (from 0); None to give up."""
        if attempt + 1 >= self.attempts:
            return None
        if retry_after is not None and retry_after > self.longest:
            return None
        backoff: float = min(self.longest, self.first * 2**attempt)
        jittered = backoff * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        return max(jittered, retry_after or 0.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `body` is sent as JSON; headers may hold secrets, so they are not in the
    repr."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def make_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Create the client for model servers: it keeps connections alive and follows no redirects.

    Args:
        transport: a custom transport (for tests, or to guard addresses).
    """
    headers = {"user-agent": f"llm-ui/{__version__}", "accept-encoding": "identity"}
    return httpx.AsyncClient(
        transport=transport or AioTransport(),
        timeout=None,  # noqa: S113 (the watchdog has the time-outs)
        follow_redirects=False,
        trust_env=False,
        headers=headers,
    )


def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body's raw chunks; `aiter_raw` would return the same through one more layer."""
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    return aiter(stream)


class Upstream:
    """An open response: its raw bytes, guarded by the watchdog."""

    def __init__(self, response: httpx.Response, watchdog: Watchdog) -> None:
        self._chunks = _chunks(response)
        self._watchdog = watchdog
        self.progress = watchdog.progress
        self.shorten = watchdog.shorten

    async def read(self) -> bytes:
        """Read what has arrived, at least one byte; b"" at the end of the body.

        Raises:
            ProviderTimeout: first_token, silence or total has expired.
            ProviderCutOff: the connection broke.
        """
        with self._watchdog:
            try:
                return await anext(self._chunks)
            except StopAsyncIteration:
                return b""
            except httpx.TransportError as error:
                raise ProviderCutOff(str(error)) from error

    async def drain(self) -> None:
        """Read the last bytes of a finished answer, so that its connection can be reused; a server
        that keeps the body open is not waited for."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while await self.read():
                    pass
        except (TimeoutError, ProviderError):
            return


@asynccontextmanager
async def open_stream(
    client: httpx.AsyncClient,
    call: Call,
    timeouts: Timeouts,
    retry: Retry | None = None,
    *,
    any_type: bool = False,
) -> AsyncIterator[Upstream]:
    """Send `call` and yield the response body; exiting immediately closes the socket.

    Args:
        any_type: accept a response that claims to be a web page, because it may not be one.

    Raises:
        ProviderError: there is no answer (see the module); any subclass except ProviderCutOff.
    """
    watchdog = Watchdog(timeouts)
    try:
        response = await _answer(client, call, timeouts, watchdog, retry or Retry())
        try:
            _check_kind(response, any_type)
            yield Upstream(response, watchdog)
        finally:
            await response.aclose()
    finally:
        watchdog.stop()


async def _answer(
    client: httpx.AsyncClient, call: Call, timeouts: Timeouts, watchdog: Watchdog, retry: Retry
) -> httpx.Response:
    attempt = 0
    while True:
        try:
            with watchdog:
                response = await client.send(_request(client, call, timeouts), stream=True)
        except httpx.TimeoutException as error:
            raise ProviderTimeout("connect", timeouts.connect) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ProviderUnreachable(str(error), reason="address") from error
        except httpx.TransportError as error:
            reason = connection_reason(error)
            failure: ProviderError = ProviderUnreachable(str(error), reason=reason)
            delay = None if reason == "metadata" else retry.delay(attempt, None)
        else:
            if response.is_success:
                return response
            failure = await _refusal(response, call, watchdog)
            again = response.status_code in RETRIED
            delay = retry.delay(attempt, _retry_after(response)) if again else None
        if delay is None or delay >= watchdog.remaining():
            raise failure
        with watchdog:
            await asyncio.sleep(delay)
        attempt += 1


def _request(client: httpx.AsyncClient, call: Call, timeouts: Timeouts) -> httpx.Request:
    headers = dict(call.headers)
    content = None
    if call.body is not None:
        content = orjson.dumps(call.body)
        headers["content-type"] = "application/json"
    limits = httpx.Timeout(None, connect=timeouts.connect)
    try:
        return client.build_request(
            call.method, call.url, content=content, headers=headers, timeout=limits
        )
    except (UnicodeEncodeError, ValueError) as error:
        # For example a key with characters that no header may contain.
        text = "the address or the key contains invalid characters"
        raise ProviderUnreachable(text, reason="address") from error


def _check_kind(response: httpx.Response, any_type: bool) -> None:
    """Reject what cannot be a model's answer: a web page, or a compressed body."""
    kind = response.headers.get("content-type", "")
    coding = response.headers.get("content-encoding", "identity")
    if ("html" in kind and not any_type) or coding != "identity":
        raise ProviderGarbage(f"{kind} {coding}")


async def _refusal(response: httpx.Response, call: Call, watchdog: Watchdog) -> ProviderError:
    """The error for an unsuccessful response; its body is read up to a limit."""
    try:
        with watchdog:
            body = await _read_up_to(response, ERROR_BODY_BYTES)
    except (httpx.TransportError, ProviderTimeout):
        body = b""
    finally:
        await response.aclose()
    detail = detail_of(body) if "content-encoding" not in response.headers else ""
    words = without_secrets(detail, call)
    return error_for_status(response.status_code, words, _retry_after(response))


def without_secrets(detail: str, call: Call) -> str:
    """A server's error text without the call's own key and headers: some servers quote the data
    that they reject."""
    for name, value in call.headers.items():
        secret = value.removeprefix("Bearer ")
        shortest = 1 if name.lower() in _SECRET_HEADERS else _SECRET_LENGTH
        if name.lower() not in _OPEN_HEADERS and len(secret) >= shortest:
            detail = detail.replace(secret, "•••")
    return detail


async def _read_up_to(response: httpx.Response, limit: int) -> bytes:
    body = b""
    async for chunk in _chunks(response):
        body += chunk
        if len(body) >= limit:
            break  # the caller closes the response
    return body[:limit]


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None  # missing, or a date without a time zone


async def fetch_json(
    client: httpx.AsyncClient, call: Call, timeouts: Timeouts, retry: Retry | None = None
) -> dict[str, Any]:
    """Send `call` and return the JSON object in the response, at most JSON_BODY_BYTES long.

    All of it must arrive within `timeouts.first_token` seconds. Raises ProviderError.
    """
    return json_object(await fetch_body(client, call, timeouts, retry))


async def fetch_body(
    client: httpx.AsyncClient,
    call: Call,
    timeouts: Timeouts,
    retry: Retry | None = None,
    limit: int = JSON_BODY_BYTES,
) -> bytes:
    """Send `call` and return the whole response body, at most `limit` bytes; see `fetch_json`."""
    brief = Timeouts(timeouts.connect, timeouts.first_token, timeouts.silence, timeouts.first_token)
    parts: list[bytes] = []
    size = 0
    async with open_stream(client, call, brief, retry) as upstream:
        while chunk := await upstream.read():
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise ProviderGarbage(f"the response exceeds {limit} bytes")
    return b"".join(parts)
