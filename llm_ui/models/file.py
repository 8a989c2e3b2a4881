"""Files that people gave: the row, its text in passages, and where it is used."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.models.base import choices, created_field, foreign, id_field, json_field


class StoredFile(SQLModel, table=True):
    """A file of a person's. Its bytes lie in the data folder under `id`, never under `name`.

    `kind` says what becomes of it in a prompt: text is read, an image is shown to models
    that see. `media_type` was found out from the content. Sizes are in bytes, `characters`
    counts the text that was taken out of it; `notes` name what is to be said of how it was
    read, each with the words for its blank (reading/parts.py).
    """

    __tablename__ = "storedfile"
    __table_args__ = (
        choices("kind", "text", "image"),
        choices("status", "waiting", "ready", "failed"),
        sa.Index("ix_storedfile_library", "user_id", "created_at", "id"),
    )

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE", index=False)
    name: str = Field(max_length=255)
    media_type: str = Field(max_length=100)
    kind: str = Field(max_length=16)
    size: int = Field(sa_type=sa.BigInteger)
    sha256: str = Field(max_length=64)
    characters: int = 0
    status: str = Field(default="waiting", max_length=16)
    error_key: str = Field(default="", max_length=100)
    notes: list[list[str]] = json_field(list, filled=True)
    created_at: datetime = created_field()


class FilePassage(SQLModel, table=True):
    """A stretch of a file's text; all of them in order are the whole."""

    __tablename__ = "filepassage"

    file_id: str = Field(
        foreign_key="storedfile.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    number: int = Field(primary_key=True)
    text: str = Field(sa_type=sa.Text)


class MessageFile(SQLModel, table=True):
    """A file attached to a question."""

    __tablename__ = "messagefile"

    message_id: str = Field(
        foreign_key="chatmessage.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    file_id: str = Field(
        foreign_key="storedfile.id",
        ondelete="CASCADE",
        primary_key=True,
        max_length=36,
        index=True,
    )
    position: int = 0


class ProjectFile(SQLModel, table=True):
    """A file that all chats of a project may draw on."""

    __tablename__ = "projectfile"

    project_id: str = Field(
        foreign_key="project.id", ondelete="CASCADE", primary_key=True, max_length=36
    )
    file_id: str = Field(
        foreign_key="storedfile.id",
        ondelete="CASCADE",
        primary_key=True,
        max_length=36,
        index=True,
    )
