"""What was used and how fast it went. Rows are added, never changed; sums of them are."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import choices, created_field, foreign, id_field, text_field


class UsageLog(SQLModel, table=True):
    """One answer's tokens and cost. Names are copied, so that they outlive their rows."""

    __tablename__ = "usagelog"
    __table_args__ = (
        sa.Index("ix_usagelog_user_time", "user_id", "created_at"),
        sa.Index("ix_usagelog_model_time", "model_id", "created_at"),
    )

    id: str = id_field()
    user_id: str | None = foreign("user.id", "SET NULL", nullable=True, index=False)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True, index=False)
    run_id: str | None = Field(default=None, max_length=36, unique=True)
    model_name: str = Field(default="", max_length=200)
    provider_name: str = Field(default="", max_length=100)
    endpoint: str = Field(default="chat", max_length=32)
    status: str = Field(default="done", max_length=16)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimated: bool = False
    cost_micro: int = Field(default=0, sa_type=sa.BigInteger)
    currency: str = Field(default="USD", max_length=3)
    created_at: datetime = created_field(index=True)


class DailyUsage(SQLModel, table=True):
    """Sums of UsageLog by UTC day; made anew from it at any time (services/usage_days.py).

    `grain` says what a row is the sum of. "each": one person's answers by one model; "person":
    one person's by any model; "model": anybody's by one model. What a grain does not keep apart
    is ""; so is the person where the account is gone.
    """

    __tablename__ = "usageday"
    __table_args__ = (
        choices("grain", "each", "person", "model"),
        sa.Index("ix_usageday_person_day", "person_id", "day"),
        sa.Index("ix_usageday_model_day", "model_name", "provider_name", "day"),
        {"sqlite_with_rowid": False},
    )

    grain: str = Field(primary_key=True, max_length=8)
    # An ISO date.
    day: str = Field(primary_key=True, max_length=10)
    person_id: str = Field(primary_key=True, max_length=36)
    model_name: str = Field(primary_key=True, max_length=200)
    provider_name: str = Field(primary_key=True, max_length=100)
    currency: str = Field(primary_key=True, max_length=3)
    answers: int = Field(sa_type=sa.BigInteger)
    failures: int = Field(sa_type=sa.BigInteger)
    # Answers whose tokens were estimated, as the provider told none.
    estimated: int = Field(sa_type=sa.BigInteger)
    input_tokens: int = Field(sa_type=sa.BigInteger)
    cached_tokens: int = Field(sa_type=sa.BigInteger)
    output_tokens: int = Field(sa_type=sa.BigInteger)
    reasoning_tokens: int = Field(sa_type=sa.BigInteger)
    cost_micro: int = Field(sa_type=sa.BigInteger)


class PerformanceMetric(SQLModel, table=True):
    """One measured value: time_to_first_token (ms), tokens_per_second, duration (ms)."""

    __tablename__ = "performancemetric"
    __table_args__ = (sa.Index("ix_performancemetric_name_time", "name", "created_at"),)

    id: str = id_field()
    name: str = Field(max_length=40)
    value: float
    unit: str = Field(default="", max_length=16)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    model_name: str = Field(default="", max_length=200)
    provider_name: str = Field(default="", max_length=100)
    endpoint: str = Field(default="chat", max_length=32)
    # Which of the provider's addresses it was; "" where there is one only.
    address: str = text_field(500)
    run_id: str | None = Field(default=None, max_length=36)
    created_at: datetime = created_field()
