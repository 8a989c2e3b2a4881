"""Runs, each one attempt of a model at an answer, and their event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import RunState
from llm_ui.models.base import (
    choices,
    created_field,
    enum_field,
    foreign,
    id_field,
    json_field,
    time_field,
)

ACTIVE = (RunState.QUEUED, RunState.RUNNING)


class Generation(SQLModel, table=True):
    """A run. `owner` names the worker that streams it; `heartbeat_at` shows that it is alive.

    Each state transition is one conditional UPDATE, so two workers cannot both make it.
    """

    __table_args__ = (
        choices("state", *RunState),
        sa.UniqueConstraint("user_id", "idempotency_key"),
        sa.Index("ix_generation_reaper", "state", "heartbeat_at"),
    )

    id: str = id_field()
    message_id: str = foreign("chatmessage.id", "CASCADE")
    chat_id: str = foreign("chathistory.id", "CASCADE")
    user_id: str = foreign("user.id", "CASCADE", index=False)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    state: RunState = enum_field(RunState, RunState.QUEUED)
    owner: str | None = Field(default=None, max_length=64)
    stop_requested: bool = False
    idempotency_key: str | None = Field(default=None, max_length=64)
    params: dict[str, Any] = json_field()
    error_code: str = Field(default="", max_length=64)
    input_tokens: int | None = None
    output_tokens: int | None = None
    is_estimated: bool = False
    created_at: datetime = created_field()
    started_at: datetime | None = time_field()
    first_token_at: datetime | None = time_field()
    heartbeat_at: datetime | None = time_field()
    finished_at: datetime | None = time_field()


class GenerationEvent(SQLModel, table=True):
    """A piece of a run's event log, kept until the run ends and its message contains the whole
    text.

    `seq` is the position where the piece starts: each character of text and reasoning counts as
    one, and so does every other event. So a reader can resume in the middle of a piece.
    """

    __tablename__ = "generationevent"
    __table_args__ = (
        choices("kind", "text", "reasoning", "thought", "source", "tool", "usage", "error", "end"),
    )

    run_id: str = Field(
        foreign_key="generation.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    seq: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={})
    kind: str = Field(max_length=16)
    payload: str = Field(sa_type=sa.Text)
