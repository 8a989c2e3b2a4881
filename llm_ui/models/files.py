"""People's files: the row, the text in passages, and where the file is used."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import FileKind, FileStatus
from llm_ui.models.base import choices, created_field, enum_field, foreign, id_field, json_field


class StoredFile(SQLModel, table=True):
    """A user's file. Its content is in the data folder under `id`, never under `name`.

    `kind` says how it is used in a prompt: texts are read, images are shown to models with vision.
    `media_type` was detected from the content. Sizes are in bytes; `characters` is the length of
    the extracted text; `notes` say how it was read; each has the text for its placeholder
    (reading/parts.py).
    """

    __tablename__ = "storedfile"
    __table_args__ = (
        choices("kind", *FileKind),
        choices("status", *FileStatus),
        sa.Index("ix_storedfile_library", "user_id", "created_at", "id"),
    )

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE", index=False)
    name: str = Field(max_length=255)
    media_type: str = Field(max_length=100)
    kind: FileKind = enum_field(FileKind)
    size: int = Field(sa_type=sa.BigInteger)
    sha256: str = Field(max_length=64)
    characters: int = 0
    status: FileStatus = enum_field(FileStatus, FileStatus.WAITING)
    error_key: str = Field(default="", max_length=100)
    notes: list[list[str]] = json_field(list, filled=True)
    created_at: datetime = created_field()


class FilePassage(SQLModel, table=True):
    """A passage of a file's text; joined in order, they are the whole text."""

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
    """A file that all chats of a project can use."""

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
