"""How much may be called: by person, by API key, and by address with what opens nothing.

Counted in each worker by itself: with several workers the bounds are as many times as high.
"""

from __future__ import annotations

import math
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.config import get_settings
from llm_ui.errors import TooManyRequests
from llm_ui.security.addresses import network_of
from llm_ui.security.limits import Allowance, Standing, whole

WINDOW_S = 60
# A key has 256 bits: this is against noise rather than against guessing.
REFUSALS = 60
PLACE = "llm_ui.standing"
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy",
           "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")  # fmt: skip

_refusals = Allowance(times=REFUSALS, seconds=WINDOW_S)
_calls: dict[int, Allowance] = {}


def called(user_id: str, key_id: str, scope: Scope | None = None) -> None:
    """Count a call; the answer to `scope` tells how its caller stands then. Raises
    TooManyRequests beyond RATE_LIMIT in a minute."""
    times = get_settings().rate_limit
    if not times:
        return
    calls = _calls.setdefault(times, Allowance(times=times, seconds=WINDOW_S))
    # A key of its own does not take from what its owner may do in the browser.
    standing = calls.draw(f"key:{key_id}" if key_id else f"user:{user_id}")
    if scope is not None and PLACE in scope:
        scope[PLACE].append(standing)
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait))


def refused(address: str) -> None:
    """Count a call that nobody was let in for. Raises TooManyRequests beyond REFUSALS."""
    standing = _refusals.draw(network_of(address))
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait))


class RateHeaders:
    """Tells whoever is limited how they stand, with every answer: what is left of the minute,
    and in how many seconds all of it will be theirs again (by the names without "X-"), or when
    (with it, as seconds since 1970)."""

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
