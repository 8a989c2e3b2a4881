"""Conversations as they leave the services."""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_ui.schemas.views import MessageView


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A chat without its messages. Times are ISO 8601 in UTC."""

    id: str
    title: str
    model_id: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class ChatView:
    """A chat with the newest messages of its active branch, oldest first.

    `earlier` is the id to ask for what came before, or "" when that is all.
    """

    head: ChatHead
    messages: list[MessageView] = field(default_factory=list)
    earlier: str = ""

    @property
    def running(self) -> MessageView | None:
        """The answer that is being written, if one is."""
        return next((each for each in reversed(self.messages) if each.run), None)


@dataclass(frozen=True, slots=True)
class AskOptions:
    """How a question is asked, beside its words.

    `temporary` and `project_id` count for a new chat only. With `also_model_id` a second
    model answers beside the first.
    """

    modes: tuple[str, ...] = ()
    file_ids: tuple[str, ...] = ()
    also_model_id: str = ""
    temporary: bool = False
    project_id: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question has been taken: the run that answers it, and where.

    `shown` are the new messages and the rest is their chat's head, as they are now; all of it
    is empty for a question that had been taken before.
    """

    chat_id: str
    message_id: str
    run_id: str
    shown: tuple[MessageView, ...] = ()
    title: str = ""
    updated_at: str = ""
