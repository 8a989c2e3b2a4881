"""Cursors: where a list goes on, as an opaque text."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from llm_ui.errors import InvalidInput
from llm_ui.security.text import storable


def cursor_of(moment: datetime, row_id: str) -> str:
    """The cursor behind a row of a list that is sorted by time and id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def position_of(cursor: str) -> tuple[datetime, str]:
    """What a cursor says. Raises InvalidInput for one that is not ours."""
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
    except (ValueError, binascii.Error):
        raise InvalidInput("error.request_invalid", field="cursor") from None
    if not _fits(row_id):
        raise InvalidInput("error.request_invalid", field="cursor")
    return moment_of(moment), row_id


def packed(*values: str | int) -> str:
    """The cursor behind a row of a list that is sorted by these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def unpacked(cursor: str, *kinds: type) -> list[Any]:
    """What `packed` was given: a value of each kind. Raises InvalidInput for other cursors."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or [type(each) for each in values] != list(kinds):
        raise InvalidInput("error.request_invalid", field="cursor")
    if not all(_fits(each) for each in values):
        raise InvalidInput("error.request_invalid", field="cursor")
    return values


def _fits(value: str | int) -> bool:
    """Whether every database can compare a column with it."""
    return storable(value) == value if isinstance(value, str) else abs(value) < 2**31


def moment_of(text: str) -> datetime:
    """A time within a cursor. Raises InvalidInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidInput("error.request_invalid", field="cursor")
    return in_utc(at, "cursor")


def in_utc(moment: datetime, field: str) -> datetime:
    """A time from outside, in UTC. Raises InvalidInput for one that UTC has no year for."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("error.request_invalid", field=field) from None
