"""Request ids: one per call and per event, in every log line and error message.

If a proxy sends a well-formed `X-Request-ID`, it is used, so that both logs have the same ID.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"
NONE = "-"
_FIT = re.compile(r"[A-Za-z0-9_-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default=NONE)


def begin(given: str | None = None) -> str:
    """Set the ID for what follows: `given` if it is well-formed, otherwise a new one."""
    request_id = given if given and _FIT.fullmatch(given) else secrets.token_hex(8)
    _current.set(request_id)
    return request_id


def current() -> str:
    """The ID of the current call or event; "-" outside of one."""
    return _current.get()


class WithRequestId(logging.Filter):
    """Adds the current ID to each log record, for `%(request_id)s` in the format."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        return True
