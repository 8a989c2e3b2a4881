"""Usage and performance. Rows are only ever added; the totals by day are updated."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import RunState
from llm_ui.models.base import (
    choices,
    computed_field,
    created_field,
    enum_field,
    foreign,
    id_field,
    text_field,
)


class UsageLog(SQLModel, table=True):
    """The tokens and cost of one answer. Names are copied, so that they remain when the rows they
    come from are deleted.

    `cost_micro` is exact; `cost` is the same in units of the currency. `duration` is in
    milliseconds.
    """

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
    status: RunState = enum_field(RunState, RunState.DONE)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = computed_field(
        sa.BigInteger, "CAST(input_tokens AS BIGINT) + output_tokens"
    )
    is_estimated: bool = False
    cost_micro: int = Field(default=0, sa_type=sa.BigInteger)
    cost: float = computed_field(sa.Numeric(20, 6, asdecimal=False), "cost_micro / 1000000.0")
    currency: str = Field(default="USD", max_length=3)
    duration: int | None = None
    created_at: datetime = created_field(index=True)


class DailyUsage(SQLModel, table=True):
    """Totals of UsageLog by UTC day, which can be rebuilt (services/insights/daily_usage.py).

    `grain` says what a row totals. "each": one user's answers by one model; "person": one user's
    answers by any model; "model": all users' answers by one model. Columns that a grain doesn't
    distinguish are ""; so is the user if the account no longer exists.
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
    # Answers with estimated tokens, because the provider reported none.
    estimated: int = Field(sa_type=sa.BigInteger)
    input_tokens: int = Field(sa_type=sa.BigInteger)
    cached_tokens: int = Field(sa_type=sa.BigInteger)
    output_tokens: int = Field(sa_type=sa.BigInteger)
    reasoning_tokens: int = Field(sa_type=sa.BigInteger)
    cost_micro: int = Field(sa_type=sa.BigInteger)


class PerformanceMetric(SQLModel, table=True):
    """One measurement: time_to_first_token (ms), tokens_per_second, duration (ms)."""

    __tablename__ = "performancemetric"
    __table_args__ = (
        sa.Index("ix_performancemetric_metric_name_time", "metric_name", "created_at"),
    )

    id: str = id_field()
    metric_name: str = Field(max_length=40)
    metric_value: float
    unit: str = Field(default="", max_length=16)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    model_name: str = Field(default="", max_length=200)
    provider_name: str = Field(default="", max_length=100)
    endpoint: str = Field(default="chat", max_length=32)
    # Which of the provider's addresses was used; "" if there is only one.
    address: str = text_field(500)
    run_id: str | None = Field(default=None, max_length=36)
    created_at: datetime = created_field()
