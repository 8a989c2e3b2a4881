"""What is found, and where chats are kept: search, projects, lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from llm_ui.schemas.views import ChatItem


@dataclass(frozen=True, slots=True)
class ChatFilters:
    """Which chats a list holds; empty texts ask for nothing. Temporary ones are in no list.

    `archived`: only those that are, only those that are not, or (None) both.
    """

    archived: bool | None = False
    project_id: str = ""
    tag: str = ""
    model_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a found text; `hit` when it is one of the words that were looked for."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A chat that was found: its title and the best place in it, cut into parts.

    `message_id` and `role` are empty where only the title fits. `at` is ISO 8601 in UTC.
    """

    chat_id: str
    title: list[Part] = field(default_factory=list)
    snippet: list[Part] = field(default_factory=list)
    message_id: str = ""
    role: str = ""
    at: str = ""
    archived: bool = False
    project_id: str = ""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project. `chats` is how many chats are in it, archived ones left out; `files` how many
    files its chats draw on."""

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
    """A tag and how many chats bear it."""

    name: str
    chats: int = 0


@dataclass(frozen=True, slots=True)
class ChatWindow:
    """Part of a long list: the chats from place `start` on, of `total`."""

    items: list[ChatItem]
    start: int
    total: int


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What making the index anew came to: how many entries it has, and what was put right."""

    entries: int
    added: int
    changed: int
    removed: int
