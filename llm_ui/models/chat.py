"""Conversations: a head, and its messages as a tree."""

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
    text_field,
    time_field,
)


class Project(SQLModel, table=True):
    """A folder for chats."""

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE")
    name: str = Field(max_length=100)
    description: str = Field(default="", max_length=1000)
    icon: str = Field(default="", max_length=64)
    system_prompt: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class SystemPrompt(SQLModel, table=True):
    """A prompt kept for use again."""

    __tablename__ = "systemprompt"

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE")
    name: str = Field(max_length=100)
    prompt: str = Field(sa_type=sa.Text)
    tags: list[str] = json_field(list)
    is_public: bool = False
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class ChatHistory(SQLModel, table=True):
    """A conversation's head. `active_leaf_id` is the last message of the branch shown.

    `deleted_at` is set while a delete can still be undone; such a chat is invisible. A
    temporary chat stands in no list and goes when its last tab does. `settings` holds what
    the person set for this chat: a system prompt and sampling parameters.
    """

    __tablename__ = "chathistory"
    __table_args__ = (
        # Each list of chats asks for one value of the first columns and goes by the last two.
        sa.Index(
            "ix_chathistory_sidebar",
            "user_id",
            "deleted_at",
            "archived_at",
            "is_temporary",
            "pinned_at",
            "updated_at",
            "id",
        ),
    )

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE", index=False)
    project_id: str | None = foreign("project.id", "SET NULL", nullable=True)
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    title: str = Field(max_length=200)
    title_is_automatic: bool = True
    settings: dict[str, Any] = json_field()
    active_leaf_id: str | None = Field(default=None, max_length=36)
    # The chat that this one was copied from; it may be gone, so no foreign key.
    branched_from: str | None = Field(default=None, max_length=36)
    is_temporary: bool = flag_field()
    created_at: datetime = created_field()
    updated_at: datetime = created_field()
    pinned_at: datetime | None = time_field()
    archived_at: datetime | None = time_field()
    deleted_at: datetime | None = time_field(index=True)


class ChatTag(SQLModel, table=True):
    """A word that a person put on a chat."""

    __tablename__ = "chattag"

    chat_id: str = Field(
        foreign_key="chathistory.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    name: str = Field(primary_key=True, max_length=40)


class ChatMessage(SQLModel, table=True):
    """One message. A parent is always of the same chat: the database sees to it.

    `modes` says how a question was asked (browsing, …), `sources` what an answer rests on:
    objects with number, title and url. Answers that were asked for side by side share
    `pair_id` until one is kept. `feedback` is 1 or -1. `thinking_ms` is how long the model
    thought before it answered. `finish_reason` is why it stopped writing: "stop" when the
    answer is whole, one of wire.finish.CUT when it is not, "" where it did not stop by itself.
    """

    __tablename__ = "chatmessage"
    __table_args__ = (
        sa.UniqueConstraint("chat_id", "id"),
        sa.ForeignKeyConstraint(
            ["chat_id", "parent_id"],
            ["chatmessage.chat_id", "chatmessage.id"],
            ondelete="CASCADE",
            name="fk_chatmessage_parent",
        ),
        sa.Index("ix_chatmessage_parent", "chat_id", "parent_id"),
        choices("role", "system", "user", "assistant"),
        choices("status", "queued", "running", "done", "stopped", "failed", "interrupted"),
    )

    id: str = id_field()
    chat_id: str = foreign("chathistory.id", "CASCADE", index=False)
    parent_id: str | None = Field(default=None, max_length=36)
    role: str = Field(max_length=16)
    content: str = Field(default="", sa_type=sa.Text)
    reasoning: str = Field(default="", sa_type=sa.Text)
    status: str = Field(default="done", max_length=16)
    error_code: str = Field(default="", max_length=64)
    error_key: str = Field(default="", max_length=100)
    error_params: dict[str, Any] = json_field()
    model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    model_name: str = Field(default="", max_length=200)
    ttft_ms: int | None = None
    duration_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    is_estimated: bool = False
    modes: list[str] = json_field(list, filled=True)
    sources: list[dict[str, Any]] = json_field(list, filled=True)
    feedback: int | None = None
    pair_id: str | None = Field(default=None, max_length=36)
    thinking_ms: int | None = None
    finish_reason: str = text_field(16)
    created_at: datetime = created_field()
    finished_at: datetime | None = time_field()
