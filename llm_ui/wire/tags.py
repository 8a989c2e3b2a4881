"""The tags around inline thinking, complete and partial.

DeepSeek, Qwen and most others write <think>, some <thinking>, <thought> or <reasoning>, ByteDance's
Seed <seed:think>, Mistral [THINK], Kimi ◁think▷.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llm_ui.wire.channels import Channels

NAMES = ("think", "thinking", "thought", "thoughts", "reason", "reasoning", "seed:think")
_ANY = "|".join(NAMES)
_BLANK = r"[\s\ufeff\u200b]*"


def _beginnings(words: Iterable[str]) -> str:
    """A pattern for each word and each of its prefixes, including the empty one."""
    found = {word[:length] for word in words for length in range(len(word) + 1)}
    return "|".join(re.escape(each) for each in sorted(found, key=len, reverse=True))


# With whitespace, attributes and in either case, as models write them.
OPENING = re.compile(
    rf"{_BLANK}(?:<\s*({_ANY})(?:\s[^<>]*)?>|\[\s*(THINK)\s*\]|◁\s*(think)\s*▷)", re.IGNORECASE
)
OPENING_SO_FAR = re.compile(
    rf"{_BLANK}(?:<\s*(?:{_beginnings(NAMES)}|(?:{_ANY})\s[^<>]*)"
    rf"|\[\s*(?:{_beginnings(['think'])})\s*|◁\s*(?:{_beginnings(['think'])})\s*)?",
    re.IGNORECASE,
)
CHANNELS = re.compile(rf"{_BLANK}<\|(?:start|channel)\|>")
CHANNELS_SO_FAR = re.compile(rf"{_BLANK}<(?:\|(?:{_beginnings(['start|', 'channel|'])}))?")

_CLOSING = {name: re.compile(rf"<\s*/\s*{name}\s*>", re.IGNORECASE) for name in NAMES}
_BRACKET = re.compile(r"\[\s*/\s*THINK\s*\]", re.IGNORECASE)
_TRIANGLE = re.compile(r"◁\s*/\s*think\s*▷", re.IGNORECASE)
CLOSING_SO_FAR = re.compile(r"[<\[◁]\s*(?:/\s*[a-z:]*\s*)?", re.IGNORECASE)

# The token that ends thinking whose start was never sent.
FINAL = "<|channel|>final<|message|>"
_TURN = "<|start|>assistant" + FINAL
_TURNS = ("<|end|>" + _TURN, _TURN, FINAL)
ORPHAN = re.compile(
    rf"<\s*/\s*(?:{_ANY})\s*>|{_BRACKET.pattern}|{_TRIANGLE.pattern}"
    rf"|(?:<\|end\|>)?(?:<\|start\|>assistant)?{re.escape(FINAL)}",
    re.IGNORECASE,
)
MENTION = re.compile(
    rf"<\s*(?:{_ANY})(?:\s[^<>]*)?>|\[\s*THINK\s*\]|◁\s*think\s*▷|<\|channel\|>", re.IGNORECASE
)
OPENERS = re.compile(r"[<\[◁]")
# Anything longer is not a tag and is never held back.
LONGEST_TAG = 200
_LONGEST_ORPHAN = 64


def closing_of(opening: re.Match[str]) -> re.Pattern[str]:
    """The pattern for the closing tag of an OPENING."""
    if opening[1]:
        return _CLOSING[opening[1].lower()]
    return _BRACKET if opening[2] else _TRIANGLE


def opens_channels(text: str) -> Channels | None:
    """The splitter for an answer that begins with gpt-oss's special tokens; None for any other."""
    return Channels() if CHANNELS.match(text) else None


def may_open(text: str) -> bool:
    """Whether an answer with this beginning may still turn out to start with thinking."""
    return len(text) <= LONGEST_TAG and (
        OPENING_SO_FAR.fullmatch(text) is not None or CHANNELS_SO_FAR.fullmatch(text) is not None
    )


def half_orphan(text: str) -> int:
    """The index at which an ORPHAN may start at the end of a text; the text's length if none
    does."""
    for opener in OPENERS.finditer(text, max(0, len(text) - _LONGEST_ORPHAN)):
        tail = text[opener.start() :]
        if CLOSING_SO_FAR.fullmatch(tail) or any(turn.startswith(tail) for turn in _TURNS):
            return opener.start()
    return len(text)


_FENCE = re.compile(r"^[ \t>]{0,8}(?:[-*+] {1,3})?(?:```|~~~)", re.MULTILINE)
_OPENS_QUOTE = "`“‘«‹„「『\\"
_QUOTES = ('""', "''", "()", "[]", "„“", "””", "»«")
_SENTENCE_ENDS = '.!?…。！？)”"*'
_CODE_INDENT = 4


def is_quoted(before: str, behind: str) -> bool:
    """Whether the model only writes about a closing tag instead of ending its thinking with it.
    This is the case if the tag is in code or quotes, if its opening tag was also written, or if it
    is in the middle of a sentence."""
    line = before[before.rfind("\n") + 1 :]
    if len(_FENCE.findall(before)) % 2 or line.count("`") % 2 or MENTION.search(before):
        return True
    if (before and before[-1] in _OPENS_QUOTE) or behind[:1] == "`":
        return True
    if before[-1:] + behind[:1] in _QUOTES:
        return True
    goes_on = behind[:1] in (" ", "\t") and behind.lstrip(" \t")[:1].islower()
    if not line.strip():
        return goes_on or len(line.expandtabs(_CODE_INDENT)) >= _CODE_INDENT
    if not line[-1].isspace():
        return False
    return goes_on or line.rstrip()[-1] not in _SENTENCE_ENDS
