"""The monitoring log, the installation's settings, and background jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import JobStatus, LogLevel
from llm_ui.models.base import (
    choices,
    created_field,
    enum_field,
    flag_field,
    foreign,
    id_field,
    json_field,
    time_field,
)

ACTIVE_JOBS = (JobStatus.QUEUED, JobStatus.RUNNING)


class MonitoringLog(SQLModel, table=True):
    """A log entry: a sign-in, an administrator's action, an error of a provider or an error of our
    own.

    `reference` is the number a user sees with an unexpected error.
    """

    __tablename__ = "monitoringlog"
    __table_args__ = (
        choices("log_level", *LogLevel),
        sa.Index("ix_monitoringlog_log_type_time", "log_type", "created_at"),
    )

    id: str = id_field()
    log_level: LogLevel = enum_field(LogLevel, LogLevel.INFO)
    log_type: str = Field(max_length=40)
    message: str = Field(default="", max_length=1000)
    user_id: str | None = foreign("user.id", "SET NULL", nullable=True)
    address: str = Field(default="", max_length=64)
    reference: str | None = Field(default=None, max_length=16, unique=True)
    # The column is called `metadata`, which SQLAlchemy reserves as an attribute.
    details: dict[str, Any] = json_field(name="metadata")
    created_at: datetime = created_field(index=True)


class Setting(SQLModel, table=True):
    """An administrator's setting for the installation, overriding the environment's default."""

    key: str = Field(primary_key=True, max_length=64)
    value: Any = Field(sa_type=sa.JSON, nullable=False)
    updated_at: datetime = created_field()


class BackgroundJob(SQLModel, table=True):
    """Work that outlives the request that started it.

    `owner` names the worker that runs it, `heartbeat_at` shows that it is alive. While a job with a
    `key` is queued or running, no second one with that key is created. `note` says what it is
    doing.
    """

    __tablename__ = "backgroundjob"
    __table_args__ = (
        choices("status", *JobStatus),
        sa.Index("ix_backgroundjob_status_time", "status", "created_at"),
        # At most one active job per key, regardless of the user and the worker.
        sa.Index(
            "uq_backgroundjob_key",
            "key",
            unique=True,
            postgresql_where=sa.text("status IN ('queued', 'running')"),
            sqlite_where=sa.text("status IN ('queued', 'running')"),
        ),
    )

    job_id: str = id_field()
    job_type: str = Field(max_length=40)
    status: JobStatus = enum_field(JobStatus, JobStatus.QUEUED)
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
