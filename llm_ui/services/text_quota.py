"""How much one person may write within a day (TEXT_QUOTA_MB): nobody fills the disk with words.

Files have a quota of their own, and so have prompts and projects by their number; what is
counted here is every text on its way into a row that can be long, also a copy of one. It is
counted in each worker's memory: generous, so that only a program ever comes to its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.errors import TooManyRequests
from llm_ui.security.limits import Allowance, whole

MEGABYTE = 1024 * 1024
DAY_S = 24 * 3600
_written: dict[int, Allowance] = {}


def charge(actor: Actor, texts: Iterable[str]) -> None:
    """Count texts that the actor is about to have kept.

    Raises:
        TooManyRequests: it would be more than a day allows; says when there is room again.
    """
    quota = get_settings().text_quota_mb
    if not quota:
        return
    written = _written.setdefault(quota, Allowance(quota * MEGABYTE, DAY_S))
    standing = written.draw(actor.user_id, sum(len(each.encode()) for each in texts))
    if not standing.taken:
        wait = whole(standing.wait)
        raise TooManyRequests(wait, "error.text_quota", limit=quota, hours=math.ceil(wait / 3600))
