"""Conversations as they leave the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_ui.schemas.views import MessageView


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A chat without its messages. Times are ISO 8601 in UTC."""

    id: str
    title: str
    model_id: str
    created_at: str
    updated_at: str
    temporary: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    project_id: str = ""
    branched_from: str = ""
    pinned: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()
    model_name: str = ""


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat with a page of a branch of it, oldest first: the newest of its own, if no other
    page was asked for.

    `earlier` and `later` are the ids to ask for what came before and after, "" when that is
    all. `aside` when the messages are on another branch than the chat's own.
    """

    head: ChatHead
    messages: list[MessageView] = field(default_factory=list)
    earlier: str = ""
    later: str = ""
    aside: bool = False
    # Id and title of the chat that it was copied from, "" for none.
    origin: tuple[str, str] = ("", "")

    @property
    def running(self) -> list[MessageView]:
        """The answers that are being written: none, one, or two side by side."""
        return [each for each in self.messages if each.run]


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How a question is asked, beside its words.

    `image_model_id` is for the mode "image"; without it the first image model is asked.
    `temporary`, `project_id` and `settings` count for a new chat only. With `also_model_id`
    a second model answers beside the first.
    """

    modes: tuple[str, ...] = ()
    file_ids: tuple[str, ...] = ()
    also_model_id: str = ""
    image_model_id: str = ""
    temporary: bool = False
    project_id: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question has been taken: the run that answers it, and where.

    `shown` are the new messages and the rest is their chat's head, as they are now; all of it
    is empty for a question that had been taken before. `also_run_id` is the second model's
    run, if two were asked.
    """

    chat_id: str
    message_id: str
    run_id: str
    shown: tuple[MessageView, ...] = ()
    title: str = ""
    updated_at: str = ""
    also_run_id: str = ""
