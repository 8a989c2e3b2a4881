"""Chats as returned by the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_ui.schemas.chats.views import MessageView


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
    """A chat with a page of a branch, oldest first; by default the newest page of its own branch.

    `earlier` and `later` are the IDs to request the previous and next page with, "" if there is
    none. `aside` is set if the messages are on another branch than the chat's active one.
    """

    head: ChatHead
    messages: list[MessageView] = field(default_factory=list)
    earlier: str = ""
    later: str = ""
    aside: bool = False
    # The ID and title of the chat it was forked from, or "".
    origin: tuple[str, str] = ("", "")

    @property
    def running(self) -> list[MessageView]:
        """The running answers: none, one, or the two of a comparison."""
        return [each for each in self.messages if each.run]


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How a question is asked, in addition to its text.

    `image_model_id` is for the mode "image"; without it the first image model is used. `temporary`,
    `project_id` and `settings` apply to new chats only. With `also_model_id`, a second model
    answers too (a comparison).
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
    """A question was accepted: the run that answers it, and where.

    `shown` are the new messages, and the other fields describe their chat as it is now. All of
    these are empty if the question had already been accepted before. `also_run_id` is the second
    model's run in a comparison.
    """

    chat_id: str
    message_id: str
    run_id: str
    shown: tuple[MessageView, ...] = ()
    title: str = ""
    updated_at: str = ""
    also_run_id: str = ""
