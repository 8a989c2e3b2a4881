"""Separating thinking from the answer when a model writes it inline, between <think> and </think>.

Servers that do not separate it send it as text. It only counts at the beginning of an answer: a tag
further down is something the model writes about. The exception is a template that puts the opening
tag into the prompt: the answer then has only the closing tag, and everything before it was
thinking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_ui.wire.channels import Channels
from llm_ui.wire.events import Reasoning, Token
from llm_ui.wire.tags import (
    CLOSING_SO_FAR,
    FINAL,
    LONGEST_TAG,
    OPENERS,
    OPENING,
    ORPHAN,
    closing_of,
    half_orphan,
    is_quoted,
    may_open,
    opens_channels,
)

# How many characters of an answer are searched for a closing tag, and how many tags are considered.
MOST_WATCHED = 400_000
MOST_LOOKS = 12


@dataclass(frozen=True, slots=True)
class WasThinking:
    """Everything emitted as the answer so far was thinking."""


Piece = Token | Reasoning | WasThinking


class ThinkSplitter:
    """Takes an answer's text in chunks, split anywhere, and emits thinking and answer.

    Whitespace around the thinking is dropped. Each step takes linear time in the length of its
    input.
    """

    __slots__ = ("_channels", "_closing", "_held", "_looks", "_said", "_size", "_step")

    def __init__(self, *, begun: bool = False) -> None:
        """`begun`: the answer has already started, so no thinking can follow."""
        # start, open, thinking, closed; text (watched for a closing tag); channels; plain
        self._step = "plain" if begun else "start"
        self._held = ""
        self._closing: re.Pattern[str] | None = None
        self._channels = Channels()
        # The answer so far, as long as it may still turn out to have been thinking.
        self._said: list[str] = []
        self._size = 0
        self._looks = 0

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain by now; what may be part of a tag is held back."""
        if self._step == "plain":
            return [Token(text)]
        if self._step == "channels":
            return [*self._channels.feed(text)]
        found: list[Piece] = []
        if self._step == "text" and not self._held and not OPENERS.search(text):
            self._say(text, found)
            return found
        self._held += text
        self._go_on(found)
        return found

    def _go_on(self, found: list[Piece]) -> None:
        if self._step == "start":
            self._start(found)
        if self._step in ("open", "thinking"):
            self._think(found)
        if self._step == "closed":
            self._held = self._held.lstrip()
            if self._held:
                self._step = "plain"
                self._give_held(found)
        elif self._step == "text":
            self._watch(found)

    def end(self) -> list[Piece]:
        """The held-back rest, at the end of the answer. Unclosed thinking stays thinking, and a
        closing tag with nothing after it is dropped."""
        held, self._held = self._held, ""
        step, self._step = self._step, "plain"
        if step == "channels":
            return [*self._channels.end()]
        if step == "text" and ORPHAN.match(held):
            return [Token(held)] if is_quoted("".join(self._said), "") else []
        if not held:
            return []
        if step in ("start", "text"):
            return [Token(held)]
        return [Reasoning(held)] if held.strip() else []

    def _give_held(self, found: list[Piece]) -> None:
        held, self._held = self._held, ""
        if held:
            found.append(Token(held))

    def _start(self, found: list[Piece]) -> None:
        if tag := OPENING.match(self._held):
            self._closing = closing_of(tag)
            self._held, self._step = self._held[tag.end() :], "open"
        elif channels := opens_channels(self._held):
            self._channels, self._step = channels, "channels"
            found.extend(channels.feed(self._held))
            self._held = ""
        elif not may_open(self._held):
            self._step = "text"

    def _think(self, found: list[Piece]) -> None:
        if self._step == "open":
            self._held = self._held.lstrip()
            self._step = "thinking" if self._held else "open"
        assert self._closing is not None
        tag = self._closing.search(self._held)
        sure = self._held[: tag.start()].rstrip() if tag else self._certain()
        if sure:
            found.append(Reasoning(sure))
        if tag:
            self._held, self._step = self._held[tag.end() :], "closed"
        else:
            self._held = self._held[len(sure) :]

    def _certain(self) -> str:
        held = self._held
        from_ = max(0, len(held) - LONGEST_TAG)
        at = max(held.rfind("<", from_), held.rfind("[", from_), held.rfind("◁", from_))
        if at >= 0 and CLOSING_SO_FAR.fullmatch(held, at):
            held = held[:at]
        sure = held.rstrip()
        # Whitespace may end the thinking or be part of it: it is held back, but not indefinitely.
        return sure if len(self._held) - len(sure) <= LONGEST_TAG else held

    # --- a closing tag without an opening one ---------------------------------------

    def _say(self, text: str, found: list[Piece]) -> None:
        if not text:
            return
        found.append(Token(text))
        self._said.append(text)
        self._size += len(text)
        if self._size > MOST_WATCHED or self._looks >= MOST_LOOKS:
            self._step, self._said = "plain", []

    def _watch(self, found: list[Piece]) -> None:
        while self._step == "text":
            tag = ORPHAN.search(self._held)
            if tag is None:
                sure = half_orphan(self._held)
                text, self._held = self._held[:sure], self._held[sure:]
                self._say(text, found)
                break
            behind = self._held[tag.end() :]
            if not behind.strip() and len(behind) <= LONGEST_TAG:
                # Whether it counts depends on what follows.
                text, self._held = self._held[: tag.start()], self._held[tag.start() :]
                self._say(text, found)
                if self._step == "text":
                    return
                break
            self._decide(tag, found)
        if self._step == "plain":
            self._give_held(found)
        elif self._step != "text":
            self._go_on(found)

    def _decide(self, tag: re.Match[str], found: list[Piece]) -> None:
        self._looks += 1
        rest = self._held[: tag.start()]
        behind = self._held[tag.end() :]
        before = "".join([*self._said, rest])
        if is_quoted(before, behind):
            self._held = behind
            self._say(rest + tag[0], found)
            return
        if self._said:
            found.append(WasThinking())
        if rest.strip():
            found.append(Reasoning(rest.rstrip()))
        self._said = []
        self._held = behind
        if tag[0].lower().endswith(FINAL):
            self._channels, self._step = Channels(answering=True), "channels"
            found.extend(self._channels.feed(behind))
            self._held = ""
        else:
            self._step = "closed"
