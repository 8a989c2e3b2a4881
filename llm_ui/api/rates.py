"""How much may be called: by person, by API key, and by address with what opens nothing.

Counted in each worker by itself: with several workers the bounds are as many times as high.
"""

from __future__ import annotations

from llm_ui.config import get_settings
from llm_ui.errors import TooManyRequests
from llm_ui.security.addresses import network_of
from llm_ui.security.limits import Allowance

WINDOW_S = 60
# A key has 256 bits: this is against noise rather than against guessing.
REFUSALS = 60

_refusals = Allowance(times=REFUSALS, seconds=WINDOW_S)
_calls: dict[int, Allowance] = {}


def called(user_id: str, key_id: str) -> None:
    """Count a call. Raises TooManyRequests beyond RATE_LIMIT in a minute."""
    times = get_settings().rate_limit
    if not times:
        return
    calls = _calls.setdefault(times, Allowance(times=times, seconds=WINDOW_S))
    # A key of its own does not take from what its owner may do in the browser.
    if not calls.take(f"key:{key_id}" if key_id else f"user:{user_id}"):
        raise TooManyRequests(WINDOW_S)


def refused(address: str) -> None:
    """Count a call that nobody was let in for. Raises TooManyRequests beyond REFUSALS."""
    if not _refusals.take(network_of(address)):
        raise TooManyRequests(WINDOW_S)
