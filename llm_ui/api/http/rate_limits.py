"""Rate limits: by user, by API key, and by address for invalid credentials.

Each worker counts on its own: with several workers, the limits are that many times higher.
"""

from __future__ import annotations

import math
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.config import get_settings
from llm_ui.errors import TooManyRequests
from llm_ui.security.client_addresses import network_of
from llm_ui.security.limits import Allowance, Standing, whole

WINDOW_S = 60
# A key has 256 bits: this limits noise rather than guessing.
REFUSALS = 60
PLACE = "llm_ui.standing"
HEADERS = (
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)

_refusals = Allowance(times=REFUSALS, seconds=WINDOW_S)
_calls: dict[int, Allowance] = {}


def called(user_id: str, key_id: str, scope: Scope | None = None) -> None:
    """Count a call against the rate limit; the response to `scope` reports what is left. Raises
    TooManyRequests beyond RATE_LIMIT per minute."""
    times = get_settings().rate_limit
    if not times:
        return
    calls = _calls.setdefault(times, Allowance(times=times, seconds=WINDOW_S))
    # A key has its own limit, so that it doesn't use up its owner's in the browser.
    standing = calls.draw(f"key:{key_id}" if key_id else f"user:{user_id}")
    _note(standing, scope)
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait), "error.too_many_calls")


def refused(address: str, scope: Scope | None = None) -> None:
    """Count a call with invalid credentials; the response to `scope` reports what the address has
    left. Raises TooManyRequests beyond REFUSALS."""
    standing = _refusals.draw(network_of(address))
    _note(standing, scope)
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait), "error.too_many_refused")


def _note(standing: Standing, scope: Scope | None) -> None:
    if scope is not None and PLACE in scope:
        scope[PLACE].append(standing)


class RateHeaders:
    """Adds the caller's rate limit to every response: the calls left in this minute, and when the
    limit is fully restored, in seconds (names without "X-") or as Unix time (names with "X-")."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found: list[Standing] = []

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and found:
                _tell(MutableHeaders(scope=message), found[-1])
            await send(message)

        scope[PLACE] = found
        await self.app(scope, receive, with_headers)


def _tell(headers: MutableHeaders, standing: Standing) -> None:
    limit, left, reset = standing.limit, standing.remaining, math.ceil(standing.reset)
    again = math.ceil(time.time() + standing.reset)
    values = (limit, left, reset, f"{limit};w={WINDOW_S}", limit, left, again)
    for name, value in zip(HEADERS, values, strict=True):
        headers[name] = str(value)
