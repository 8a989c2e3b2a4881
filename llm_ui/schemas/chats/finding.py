"""Search results, projects and lists of chats."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from llm_ui.enums import MessageRole
from llm_ui.schemas.chats.views import ChatItem


@dataclass(frozen=True, slots=True)
class ChatFilters:
    """Which chats to list; empty texts don't filter. Temporary chats are never listed.

    `archived` selects only archived chats, only other chats or, if None, both.
    """

    archived: bool | None = False
    project_id: str = ""
    tag: str = ""
    model_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a found text; `hit` is set if it is one of the words searched for."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A chat that was found: its title and its best match, split into parts.

    `message_id` and `role` are empty if only the title matches. `at` is ISO 8601 in UTC.
    """

    chat_id: str
    title: list[Part] = field(default_factory=list)
    snippet: list[Part] = field(default_factory=list)
    message_id: str = ""
    role: MessageRole | Literal[""] = ""
    at: str = ""
    archived: bool = False
    project_id: str = ""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project. `chats` is its number of unarchived chats, `files` its number of files."""

    id: str
    name: str
    icon: str = ""
    description: str = ""
    system_prompt: str = ""
    chats: int = 0
    updated_at: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """A project to choose from."""

    id: str
    name: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag, and how many chats have it."""

    name: str
    chats: int = 0


@dataclass(frozen=True, slots=True)
class ChatWindow:
    """Part of a long list: the chats from offset `start` on, of `total`."""

    items: list[ChatItem]
    start: int
    total: int


@dataclass(frozen=True, slots=True)
class Reindexed:
    """The result of rebuilding the full-text index: its number of entries, and the corrections."""

    entries: int
    added: int
    changed: int
    removed: int
