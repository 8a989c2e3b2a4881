"""Request ids: one for each call and each event, in every log line and error message.

A proxy's own `X-Request-ID` is taken over if it looks like one, so that both logs name a
call alike.
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
    """Give what is done from here on an id: the one given if it will do, else a fresh one."""
    request_id = given if given and _FIT.fullmatch(given) else secrets.token_hex(8)
    _current.set(request_id)
    return request_id


def current() -> str:
    """The id of the present call or event; "-" outside of one."""
    return _current.get()


class WithRequestId(logging.Filter):
    """Puts the present id into each log record, for the format's `%(request_id)s`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        return True
