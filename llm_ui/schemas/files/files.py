"""Files as returned by the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from llm_ui.enums import FileKind, FileStatus


@dataclass(frozen=True, slots=True)
class FileItem:
    """A file as pages and programs see it.

    `size` is in bytes; `kind` is text or image; `status` is waiting (its text is being extracted),
    ready or failed, and in the last case, `error` says why in the user's language. `used_in` is the
    number of chats it is attached in; `note` says how it was read, or which parts of it could not
    be read.
    """

    id: str
    name: str
    size: int
    kind: FileKind
    media_type: str
    status: FileStatus
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
    """How much storage a user's files use, in bytes."""

    used: int = 0
    quota: int = 0
    largest: int = 0


@dataclass(frozen=True, slots=True)
class FilesAlong:
    """The files that a chat's questions include: those of its project, if it is in one.

    `ready` counts those whose text has been extracted, `waiting` those in progress.
    """

    project_id: str = ""
    project: str = ""
    files: list[FileItem] = field(default_factory=list)
    ready: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class TextPart:
    """Part of a file's text; `next` is where the following part starts, if there is one."""

    text: str
    next: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """The path of a file's content, and the type to send it as; `kind` is None for archives."""

    path: str
    name: str
    media_type: str
    kind: FileKind | None = None


# A source of an answer, as in `ChatMessage.sources`: number, title, url, state (read), problem.
Source = dict[str, Any]
