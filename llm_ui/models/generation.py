"""Runs: one attempt of a model at an answer, and the log of what it said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import choices, created_field, foreign, id_field, json_field, time_field

ACTIVE = ("queued", "running")


class Generation(SQLModel, table=True):
    """A run. `owner` names the worker that streams it; `heartbeat_at` shows it alive.

    Each transition is one conditional UPDATE, so two workers cannot both make it.
    """

    __table_args__ = (
        choices("state", "queued", "running", "done", "stopped", "failed", "interrupted"),
        sa.UniqueConstraint("user_id", "idempotency_key"),
        sa.Index("ix_generation_reaper", "state", "heartbeat_at"),
    )

    id: str = id_field()
    message_id: str = foreign("chatmessage.id", "CASCADE")
    chat_id: str = foreign("chathistory.id", "CASCADE")
    user_id: str = foreign("user.id", "CASCADE", index=False)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    # In place of a model that writes: one that makes images.
    media_model_id: str | None = foreign("mediamodel.id", "SET NULL", nullable=True, index=False)
    state: str = Field(default="queued", max_length=16)
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
    """A piece of a run's log, kept until the run ends and its message holds the whole.

    `seq` is the position where the piece begins: every character of text and reasoning
    counts one, every other event one. So a reader may resume in the middle of a piece.
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
