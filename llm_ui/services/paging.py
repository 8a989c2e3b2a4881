"""Cursors: where a list goes on, as an opaque text."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from llm_ui.errors import InvalidInput


def cursor_of(moment: datetime, row_id: str) -> str:
    """The cursor behind a row of a list that is sorted by time and id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def position_of(cursor: str) -> tuple[datetime, str]:
    """What a cursor says. Raises InvalidInput for one that is not ours."""
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        at = datetime.fromisoformat(moment)
    except (ValueError, binascii.Error):
        raise InvalidInput("error.request_invalid", field="cursor") from None
    if at.tzinfo is None:
        raise InvalidInput("error.request_invalid", field="cursor")
    return at, row_id
