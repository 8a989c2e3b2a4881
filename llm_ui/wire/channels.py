"""The channels of gpt-oss, for servers that pass them through as text.

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>

Text in `final` is the answer, text in any other channel is thinking; tool calls are neither.
Source: OpenAI, "Harmony response format".
"""

from __future__ import annotations

import re

from llm_ui.wire.events import Reasoning, Token

_TOKEN = re.compile(r"<\|(start|channel|message|constrain|end|return|call)\|>")
_TOKEN_SO_FAR = re.compile(r"<(?:\|[a-z]{0,9}\|?)?")
# A header is a few words; anything longer is a body whose token was lost.
LONGEST_HEADER = 200


class Channels:
    """Takes text in chunks, split anywhere, and emits thinking and answer.

    Args:
        answering: the answer's channel is already open.
    """

    __slots__ = ("_header", "_held", "_kind", "_place")

    def __init__(self, *, answering: bool = False) -> None:
        self._place = "body" if answering else "between"
        self._kind: type[Token | Reasoning] | None = Token
        self._header = ""
        self._held = ""

    def feed(self, text: str) -> list[Token | Reasoning]:
        """The pieces that are certain by now."""
        found: list[Token | Reasoning] = []
        self._held += text
        at = 0
        for token in _TOKEN.finditer(self._held):
            self._take(self._held[at : token.start()], found)
            self._turn(token[1])
            at = token.end()
        rest = self._held[at:]
        tail = rest.rfind("<")
        if tail < 0 or not _TOKEN_SO_FAR.fullmatch(rest, tail):
            tail = len(rest)
        self._take(rest[:tail], found)
        self._held = rest[tail:]
        return found

    def end(self) -> list[Token | Reasoning]:
        """The held-back rest, at the end of the answer."""
        found: list[Token | Reasoning] = []
        held, self._held = self._held, ""
        if self._place == "body":
            self._take(held, found)
        return found

    def _take(self, text: str, found: list[Token | Reasoning]) -> None:
        if self._place == "header":
            self._header += text
            if len(self._header) > LONGEST_HEADER:
                text, self._place, self._kind = self._header, "body", Token
        elif self._place == "between" and text.strip():
            # Nothing says what it is, so treat it as the answer.
            self._place, self._kind = "body", Token
            text = text.lstrip()
        if self._place == "body" and text and self._kind is not None:
            found.append(self._kind(text))

    def _turn(self, name: str) -> None:
        if name in ("start", "channel"):
            self._place, self._header = "header", ""
        elif name == "message" and self._place == "header":
            words = self._header.split()
            is_call = any(word.startswith("to=") for word in words)
            answers = not words or words[0] in ("final", "assistant")
            self._kind = None if is_call else Token if answers else Reasoning
            self._place = "body"
        elif name in ("end", "return", "call"):
            self._place = "between"
