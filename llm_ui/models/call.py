"""Calls over REST that must not be done twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import created_field


class IdempotentCall(SQLModel, table=True):
    """A call with an `Idempotency-Key`, kept for a day.

    `key` and `fingerprint` are keyed hashes, of the header and of what was called with it.
    `claim` names the one call that is done; `answer` is what it gave, encrypted, for it may hold
    what is told only once; NULL while it is being done.
    """

    __tablename__ = "idempotentcall"

    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", primary_key=True, max_length=36)
    key: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(default="", max_length=64)
    claim: str = Field(max_length=36)
    answer: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = created_field(index=True)
