"""Chats, and their messages as a tree."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import column_property, deferred
from sqlmodel import Field, SQLModel

from llm_ui.enums import MessageRole, RunState
from llm_ui.models.base import (
    choices,
    created_field,
    enum_field,
    flag_field,
    foreign,
    id_field,
    json_field,
    text_field,
    time_field,
)
from llm_ui.models.catalogue import AIModel
from llm_ui.models.conversation import Conversation


class Project(SQLModel, table=True):
    """A project: a group of chats."""

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE")
    name: str = Field(max_length=100)
    description: str = Field(default="", max_length=1000)
    icon: str = Field(default="", max_length=64)
    system_prompt: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = created_field()
    updated_at: datetime = created_field()


class SystemPrompt(SQLModel, table=True):
    """A prompt in a user's library."""

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
    """A chat, without its messages. `active_leaf_id` is the last message of the shown branch.

    `deleted_at` is set while a deletion can still be undone; until then, the chat is hidden. A
    temporary chat is not listed, and is deleted when its last tab is closed. `settings` holds the
    chat's system prompt and sampling parameters. `model_name` is the model's name when it was
    chosen; it outlives the model.

    `messages` is the shown branch, loaded only by queries that ask for it (`undefer`).
    """

    __tablename__ = "chathistory"
    __table_args__ = (
        # Every list of chats filters by the first columns and sorts by the last two.
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
    model_name: str = text_field(200)
    title: str = Field(max_length=200)
    title_is_automatic: bool = True
    settings: dict[str, Any] = json_field()
    active_leaf_id: str | None = Field(default=None, max_length=36)
    # The original of a forked chat; it may have been deleted, so this is no foreign key.
    branched_from: str | None = Field(default=None, max_length=36)
    is_temporary: bool = flag_field()
    created_at: datetime = created_field()
    updated_at: datetime = created_field()
    pinned_at: datetime | None = time_field()
    archived_at: datetime | None = time_field()
    deleted_at: datetime | None = time_field(index=True)
    messages: ClassVar[Any]


ChatHistory.messages = deferred(
    column_property(Conversation(ChatHistory.id, ChatHistory.active_leaf_id)), raiseload=True
)


@sa.event.listens_for(ChatHistory, "before_insert")
@sa.event.listens_for(ChatHistory, "before_update")
def _keep_model_name(_mapper: object, connection: sa.Connection, chat: ChatHistory) -> None:
    """Set `model_name` whenever `model_id` is set."""
    written = sa.inspect(chat).attrs
    if not chat.model_id or not written.model_id.history.added:
        return
    # Every new row sets a name, which may be empty.
    if not any(written.model_name.history.added or ()):
        query = sa.select(AIModel.display_name).where(AIModel.id == chat.model_id)  # type: ignore[call-overload]
        chat.model_name = connection.scalar(query) or ""


class ChatTag(SQLModel, table=True):
    """A tag on a chat."""

    __tablename__ = "chattag"

    chat_id: str = Field(
        foreign_key="chathistory.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    name: str = Field(primary_key=True, max_length=40)


class ChatMessage(SQLModel, table=True):
    """A message. The database ensures that its parent is in the same chat.

    `modes` says how a question was asked (browsing, …), `sources` what an answer is based on:
    objects with number, title and url. The answers of a comparison share `pair_id` until one is
    kept. `feedback` is 1 or -1. `thinking_ms` is how long the model reasoned before answering.
    `finish_reason` is why it stopped: "stop" if the answer is complete, one of wire.finish.CUT if
    it isn't, "" if it didn't stop by itself.
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
        choices("role", *MessageRole),
        choices("status", *RunState),
    )

    id: str = id_field()
    chat_id: str = foreign("chathistory.id", "CASCADE", index=False)
    parent_id: str | None = Field(default=None, max_length=36)
    role: MessageRole = enum_field(MessageRole)
    content: str = Field(default="", sa_type=sa.Text)
    reasoning: str = Field(default="", sa_type=sa.Text)
    status: RunState = enum_field(RunState, RunState.DONE)
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
