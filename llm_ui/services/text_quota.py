"""How much text one user may store per day (TEXT_QUOTA_MB), so that nobody can fill the disk.

Files have their own quota, and prompts and projects are limited in number; this counts all text
stored in columns that can be long, including copies. It is counted in each worker's memory, and the
limit is generous, so that only a program ever reaches it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.errors import TooManyRequests
from llm_ui.security.limits import Allowance, Standing, whole

MEGABYTE = 1024 * 1024
DAY_S = 24 * 3600
_written: dict[int, Allowance] = {}


def charge(actor: Actor, texts: Iterable[str]) -> None:
    """Count texts that the actor is about to store.

    Raises:
        TooManyRequests: the quota for the day is used up; says when there is room again.
    """
    standing = _draw(actor.user_id, sum(len(each.encode()) for each in texts))
    if standing is not None and not standing.taken:
        wait, quota = whole(standing.wait), get_settings().text_quota_mb
        raise TooManyRequests(wait, "error.text_quota", limit=quota, hours=math.ceil(wait / 3600))


def has_room(user_id: str, text: str) -> bool:
    """Whether the quota has room for an optional text; counts it if so."""
    standing = _draw(user_id, len(text.encode()))
    return standing is None or standing.taken


def _draw(user_id: str, amount: int) -> Standing | None:
    quota = get_settings().text_quota_mb
    if not quota:
        return None
    written = _written.setdefault(quota, Allowance(quota * MEGABYTE, DAY_S))
    return written.draw(user_id, amount)
