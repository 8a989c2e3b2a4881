"""REST calls that must not be performed twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import created_field


class IdempotentCall(SQLModel, table=True):
    """A call with an `Idempotency-Key`, kept for a day.

    `key` and `fingerprint` are keyed hashes of the header and of the call's content. `claim`
    identifies the one call that is executed. `answer` is its response, encrypted because it may
    contain a secret that is shown only once; it is NULL while the call is in progress.
    """

    __tablename__ = "idempotentcall"

    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", primary_key=True, max_length=36)
    key: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(default="", max_length=64)
    claim: str = Field(max_length=36)
    answer: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = created_field(index=True)
