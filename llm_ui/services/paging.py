"""Cursors: the position where a list continues, as an opaque string."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from llm_ui.errors import InvalidInput
from llm_ui.security.text import storable


def no_cursor() -> InvalidInput:
    """The error for an invalid cursor."""
    return InvalidInput("error.cursor", field="cursor")


def cursor_of(moment: datetime, row_id: str) -> str:
    """The cursor after a row of a list sorted by time and ID."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def position_of(cursor: str) -> tuple[datetime, str]:
    """Decode a cursor. Raises InvalidInput if it is invalid."""
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
    except (ValueError, binascii.Error):
        raise no_cursor() from None
    if not _fits(row_id):
        raise no_cursor()
    return moment_of(moment), row_id


def packed(*values: str | int) -> str:
    """The cursor after a row of a list sorted by these values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def unpacked(cursor: str, *kinds: type) -> list[Any]:
    """The values given to `packed`, one of each kind. Raises InvalidInput for an invalid cursor."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or [type(each) for each in values] != list(kinds):
        raise no_cursor()
    if not all(_fits(each) for each in values):
        raise no_cursor()
    return values


def _fits(value: str | int) -> bool:
    """Whether every database can compare a column with this value."""
    return storable(value) == value if isinstance(value, str) else abs(value) < 2**31


def moment_of(text: str) -> datetime:
    """A time from a cursor. Raises InvalidInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise no_cursor()
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise no_cursor() from None


def in_utc(moment: datetime, field: str) -> datetime:
    """A time from user input, in UTC. Raises InvalidInput if it is out of range in UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("error.field_year", field=field, name=field) from None
