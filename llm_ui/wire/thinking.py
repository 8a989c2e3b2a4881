"""Thinking that a model writes into its answer, between <think> and </think>.

Servers that do not take it apart send it as text. Only what an answer begins with counts:
a tag further down is something that the model writes about.
"""

from __future__ import annotations

import re

from llm_ui.wire.events import Reasoning, Token

# Blanks, attributes and either case, the way models write them.
_OPENING = re.compile(r"\s*<\s*(think|thinking)(?:\s[^<>]*)?>", re.IGNORECASE)
_OPENING_SO_FAR = re.compile(
    r"\s*(?:<\s*(?:t|th|thi|thin|think|thinki|thinkin|thinking|think(?:ing)?\s[^<>]*)?)?",
    re.IGNORECASE,
)
_CLOSING = {
    name: re.compile(rf"<\s*/\s*{name}\s*>", re.IGNORECASE) for name in ("think", "thinking")
}
_CLOSING_SO_FAR = re.compile(r"<\s*(?:/\s*[a-z]*\s*)?", re.IGNORECASE)
# What is longer than this is no tag: it is never held back for one.
LONGEST_TAG = 200

Piece = Token | Reasoning


class ThinkSplitter:
    """Takes an answer's text as it comes, cut anywhere, and gives thinking and answer.

    Blanks around the thinking belong to nobody. Each step is linear in what came.
    """

    __slots__ = ("_closing", "_held", "_step")

    def __init__(self, *, begun: bool = False) -> None:
        """`begun`: the answer has a beginning already, so no thinking can follow."""
        self._step = "text" if begun else "start"
        self._held = ""
        self._closing = _CLOSING["think"]

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain now; what may be a part of a tag waits."""
        if self._step == "text":
            return [Token(text)]
        self._held += text
        found: list[Piece] = []
        if self._step == "start":
            self._start(found)
        if self._step in ("open", "thinking"):
            self._think(found)
        if self._step == "closed":
            self._held = self._held.lstrip()
            if self._held:
                self._give_text(found)
        return found

    def end(self) -> list[Piece]:
        """What still waits, when nothing more comes: thinking that was never closed stays
        thinking."""
        held, self._held = self._held, ""
        step, self._step = self._step, "text"
        if not held:
            return []
        if step == "start":
            return [Token(held)]
        return [Reasoning(held)] if held.strip() else []

    def _give_text(self, found: list[Piece]) -> None:
        found.append(Token(self._held))
        self._held, self._step = "", "text"

    def _start(self, found: list[Piece]) -> None:
        if tag := _OPENING.match(self._held):
            self._closing = _CLOSING[tag[1].lower()]
            self._held, self._step = self._held[tag.end() :], "open"
        elif len(self._held) > LONGEST_TAG or not _OPENING_SO_FAR.fullmatch(self._held):
            self._give_text(found)

    def _think(self, found: list[Piece]) -> None:
        if self._step == "open":
            self._held = self._held.lstrip()
            self._step = "thinking" if self._held else "open"
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
        at = held.rfind("<", max(0, len(held) - LONGEST_TAG))
        if at >= 0 and _CLOSING_SO_FAR.fullmatch(held, at):
            held = held[:at]
        sure = held.rstrip()
        # Blanks may end the thinking, or be a part of it: they wait, but not for ever.
        return sure if len(self._held) - len(sure) <= LONGEST_TAG else held
