"""Files as they leave the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FileItem:
    """A file as a page or a program sees it.

    `size` is in bytes; `kind` is text or image; `status` is waiting (its text is being
    read), ready or failed, and `error` then says why in the person's language. `used_in`
    counts the chats that it was attached in; `note` says what of it could not be read, or
    how it was.
    """

    id: str
    name: str
    size: int
    kind: str
    media_type: str
    status: str
    error: str = ""
    characters: int = 0
    created_at: str = ""
    used_in: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class FileUse:
    """Where a file is used: the titles of some chats and projects, and how many there are."""

    file_id: str = ""
    name: str = ""
    chats: list[str] = field(default_factory=list)
    chat_count: int = 0
    projects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Storage:
    """How much room a person's files take, in bytes."""

    used: int = 0
    quota: int = 0
    largest: int = 0


@dataclass(frozen=True, slots=True)
class FilesAlong:
    """What the questions of a chat take along: the files of its project, if it is in one.

    `ready` and `waiting` count those that have been and are being read.
    """

    project_id: str = ""
    project: str = ""
    files: list[FileItem] = field(default_factory=list)
    ready: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class TextPart:
    """A stretch of a file's text; `next` says where the one behind it begins, if there is one."""

    text: str
    next: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a file's bytes lie, and as what they may be sent."""

    path: str
    name: str
    media_type: str
    kind: str


# What an answer rests on, as `ChatMessage.sources` keeps it: number, title, url, state
# (read), problem.
Source = dict[str, Any]
