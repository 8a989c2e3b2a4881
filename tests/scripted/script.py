"""What a scripted answer does: a `Script`, and the words that describe one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from tests.scripted.text import article_pieces, markdown_pieces, unicode_pieces, word_pieces

MAX_TOKENS = 1_000_000


@dataclass(frozen=True)
class Script:
    """One answer's behaviour. Field names are the words of the script language,
    with `-` for `_`; see the package's docstring."""

    tokens: int = 20
    rate: float = 0.0  # tokens per second; 0: as fast as the socket takes them
    delay: float = 0.0  # seconds of nothing (headers sent) before the first token
    reasoning: int = 0  # pieces of thinking before the answer
    say: str | None = None
    markdown: bool = False
    article: bool = False
    finish: str = "stop"

    error: int = 0  # HTTP status to refuse with
    error_message: str = "scripted failure"
    retry_after: str | None = None
    error_after: int | None = None
    stall_headers: bool = False
    stall_after: int | None = None
    cut_after: int | None = None
    garbage_after: int | None = None
    bad_utf8_after: int | None = None
    long_line_after: int | None = None
    wrong_types_after: int | None = None

    split_utf8: bool = False
    never_done: bool = False
    unknown_events: bool = False
    comments: bool = False  # keep-alive comments (SSE) every 20 ms while nothing else is sent
    no_usage: bool = False
    no_keep_alive: bool = False
    reject_stream_options: bool = False

    image: str = "ok"  # what an image is like: see tests/scripted/images.py
    reject_response_format: bool = False

    def pieces(self) -> list[str]:
        """The answer's text as the pieces it is sent in."""
        if self.say is not None:
            return re.findall(r"\s*\S+|\s+", self.say)
        if self.markdown:
            return markdown_pieces(self.tokens)
        if self.article:
            return list(article_pieces(self.tokens))
        if self.split_utf8:
            return unicode_pieces(self.tokens)
        return word_pieces(self.tokens)

    def reasoning_pieces(self) -> list[str]:
        """The thinking, as the pieces it is sent in."""
        return word_pieces(self.reasoning, seed=7)

    def fault(self) -> tuple[str, int] | None:
        """The fault in mid-stream: its name, and after how many pieces it comes."""
        for name in ("error", "stall", "cut", "garbage", "bad_utf8", "long_line", "wrong_types"):
            after = getattr(self, f"{name}_after")
            if after is not None:
                return name, after
        return None


def expected_text(script: Script | str) -> str:
    """Exactly the text that a client has received when the answer ended (for a
    faulty script: what came before the fault)."""
    if isinstance(script, str):
        script = parse_script(script) or Script()
    pieces = script.pieces()
    fault = script.fault()
    return "".join(pieces if fault is None else pieces[: fault[1]])


def expected_reasoning(script: Script | str) -> str:
    """Exactly the thinking that a client has received."""
    if isinstance(script, str):
        script = parse_script(script) or Script()
    return "".join(script.reasoning_pieces())


_INTEGERS = {f.name for f in fields(Script) if f.type in ("int", "int | None")}
_FLOATS = {f.name for f in fields(Script) if f.type == "float"}
_FLAGS = {f.name for f in fields(Script) if f.type == "bool"}
_TEXTS = {"finish", "image", "retry_after", "error_message"}
# A fault without a number comes at once.
_AT_ONCE = {"stall", "cut", "garbage", "bad_utf8", "long_line", "wrong_types"}


def _converter(name: str) -> Callable[[str], object] | None:
    if name in _INTEGERS:
        return lambda value: min(int(value), MAX_TOKENS)
    if name in _FLOATS:
        return float
    return str if name in _TEXTS else None


def _word(script: Script, word: str) -> Script | None:
    """The script with one word of the language applied; None if it is not one."""
    name, equals, value = word.partition("=")
    name = name.replace("-", "_")
    if not equals:
        if match := re.fullmatch(r"error_(\d{3})", name):
            return replace(script, error=int(match[1]))
        if name in _AT_ONCE:
            return replace(script, **{f"{name}_after": 0})
        if name == "reasoning":
            return replace(script, reasoning=10)
        return replace(script, **{name: True}) if name in _FLAGS else None
    convert = _converter(name)
    if convert is None:
        return None
    try:
        return replace(script, **{name: convert(value)})
    except ValueError:
        return None


def parse_script(text: str) -> Script | None:
    """The script that `text` describes, or None if any of its words is unknown."""
    text = text.strip()
    head, say, rest = text.partition("say:")
    script = replace(Script(), say=rest) if say else Script()
    words = [w for w in re.split(r"[\s+,]+", head) if w]
    if not words and not say:
        return None
    for word in words:
        changed = _word(script, word)
        if changed is None:
            return None
        script = changed
    return script
