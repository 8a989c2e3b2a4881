"""Prompts as returned by the services."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PromptItem:
    """A prompt in a list.

    `excerpt` is the beginning of its text, on one line; `variables` are the names in {{braces}} in
    it. `owner` is the name of the user who shares it, "" for the reader's own prompts.
    """

    id: str
    name: str
    excerpt: str
    tags: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    is_public: bool = False
    is_own: bool = True
    owner: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt with its full text."""

    item: PromptItem
    text: str


@dataclass(frozen=True, slots=True)
class PromptDraft:
    """The content of the prompt form."""

    name: str
    text: str
    tags: tuple[str, ...] = ()
    is_public: bool = False
