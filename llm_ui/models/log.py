"""What happened, for the admin; and work that goes on in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import (
    choices,
    created_field,
    flag_field,
    foreign,
    id_field,
    json_field,
    time_field,
)


class MonitoringLog(SQLModel, table=True):
    """A sign-in, an admin's action, a provider's or our own error.

    `reference` is the number a person sees with an unhandled error.
    """

    __tablename__ = "monitoringlog"
    __table_args__ = (
        choices("level", "info", "warning", "error"),
        sa.Index("ix_monitoringlog_kind_time", "kind", "created_at"),
    )

    id: str = id_field()
    level: str = Field(default="info", max_length=16)
    kind: str = Field(max_length=40)
    message: str = Field(default="", max_length=1000)
    user_id: str | None = foreign("user.id", "SET NULL", nullable=True)
    address: str = Field(default="", max_length=64)
    reference: str | None = Field(default=None, max_length=16, unique=True)
    details: dict[str, Any] = json_field()
    created_at: datetime = created_field(index=True)


class Setting(SQLModel, table=True):
    """What an admin has set for the whole installation, over the environment's default."""

    key: str = Field(primary_key=True, max_length=64)
    value: Any = Field(sa_type=sa.JSON, nullable=False)
    updated_at: datetime = created_field()


class BackgroundJob(SQLModel, table=True):
    """Work that outlives the request that asked for it.

    `owner` names the worker that does it, `heartbeat_at` shows it alive. While a job of a
    `key` waits or runs, a second one with it is not made. `note` says what it is doing.
    """

    __tablename__ = "backgroundjob"
    __table_args__ = (
        choices("status", "queued", "running", "done", "failed", "cancelled", "interrupted"),
        sa.Index("ix_backgroundjob_status_time", "status", "created_at"),
        # One at a time of each key, whoever asks, on whatever worker.
        sa.Index(
            "uq_backgroundjob_key",
            "key",
            unique=True,
            postgresql_where=sa.text("status IN ('queued', 'running')"),
            sqlite_where=sa.text("status IN ('queued', 'running')"),
        ),
    )

    id: str = id_field()
    kind: str = Field(max_length=40)
    status: str = Field(default="queued", max_length=16)
    progress: float = 0.0
    payload: dict[str, Any] = json_field()
    result: dict[str, Any] = json_field()
    error: str = Field(default="", max_length=1000)
    attempts: int = 0
    key: str | None = Field(default=None, max_length=100)
    note: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})
    cancel_requested: bool = flag_field()
    user_id: str | None = foreign("user.id", "SET NULL", nullable=True)
    owner: str | None = Field(default=None, max_length=64)
    heartbeat_at: datetime | None = time_field()
    created_at: datetime = created_field()
    started_at: datetime | None = time_field()
    finished_at: datetime | None = time_field()
