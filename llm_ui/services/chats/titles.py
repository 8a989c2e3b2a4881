"""Automatic titles, made from the question's first words: instant, and without asking a model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.models import ChatHistory, User

LENGTH = 60
TITLE_LIMIT = 200
# The combining class of signs that join two consonants in Indic scripts.
VIRAMA = 9
# A shorter first sentence says too little on its own.
SENTENCE = 12
# A question may be 400,000 characters long, so only this many characters of a line are considered,
# and only this many lines that turn out to have no content.
LOOKED_AT = 1000
LINES = 50
# Marks at the start of a line are Markdown only if a space follows: "#hashtag" and "-5 degrees" are
# words. A number stays, because it may be a year or part of the question, and so does a comparison
# with one ("> 100 users").
_LEAD = re.compile(r"(?:#{1,6}\s+|>(?!\s*\d)\s*|[-*]\s+(?:\[[ xX]\]\s+)?|\+\s+(?!\d))+")
_FENCES = ("```", "~~~")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[([^\[\]]+)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
# Paired marks around words, with no word characters outside, unlike in "2*3*4" or "**kwargs" or
# "__init__", which stay as they are.
_EMPHASIS = (
    re.compile(r"(?<![\w*\\])(\*{1,3})(?=[^\s*])([^*]*[^\s*\\])\1(?![\w*])"),
    re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_]+\s)([^_]*[^\s_\\])\1(?!\w)"),
    re.compile(r"(?<![\w~\\])(~~)(?=[^\s~])([^~]*[^\s~])\1(?![\w~])"),
)
# What continues in lower case or with a number is the same sentence: "2.0 vs. 3.0", "e.g. this".
_SENTENCE_END = re.compile(r"(?<=[.!?؟।…])\s+(?![a-zа-яё\d])|(?<=[。！？])\s*")
# Where a script without spaces may be cut.
_PAUSES = "、，。！？；：,;!?"
_JOINER, _FIRST_FLAG, _LAST_FLAG = "\u200d", "\U0001f1e6", "\U0001f1ff"


@cache
def _branch() -> re.Pattern[str]:
    """Matches the suffix that `branch_title` adds to a title, in any language."""
    marks = [
        re.escape(translate(key, code, title="", count="\0")).replace("\0", r"\d+")
        for key in ("chats.branch", "chats.branch_further")
        for code in LANGUAGES
    ]
    return re.compile(f"(?:{'|'.join(marks)})$")


async def branch_title(session: AsyncSession, actor: Actor, title: str) -> str:
    """The title of a branched chat: the original's with a suffix that makes it unique.

    A copy of a copy gets only one suffix; "" stays "".
    """
    if not title:
        return ""
    bare = _branch().sub("", title)
    first, further = (
        translate(key, actor.language, title="\0", count="\0")
        for key in ("chats.branch", "chats.branch_further")
    )
    own = col(ChatHistory.user_id) == actor.user_id
    like = col(ChatHistory.title).startswith(bare[:100], autoescape=True)
    taken = set(await session.scalars(sa.select(col(ChatHistory.title)).where(own, like)))
    number = 1
    while True:
        mark = (first if number == 1 else further).replace("\0", "", 1).replace("\0", str(number))
        made = bare[: TITLE_LIMIT - len(mark)].rstrip() + mark
        if made not in taken:
            return made
        number += 1


def _plain(line: str) -> str:
    """The line without Markdown markup."""
    lead = _LEAD.match(line)
    if lead:
        line = line[lead.end() :]
        if "#" in lead[0]:
            bare = line.rstrip("#")
            line = bare if bare[-1:].isspace() else line
    parts: list[str] = []
    at = 0
    # Markup inside inline code is literal.
    for code in _CODE.finditer(line):
        parts += [_without_pairs(line[at : code.start()]), code[2].strip()]
        at = code.end()
    parts.append(_without_pairs(line[at:]))
    return " ".join("".join(parts).split())


def _without_pairs(text: str) -> str:
    text = _LINK.sub(r"\1", text)
    for pair in _EMPHASIS:
        text = pair.sub(r"\2", text)
    return text


def _lines(question: str) -> Iterator[str]:
    """The lines that contain something, without markup; lines of a code block as they are."""
    in_code = False
    for whole in question.splitlines():
        line = whole.strip()[:LOOKED_AT]
        if line.startswith(_FENCES):
            in_code = not in_code
        elif _says_something(line):
            yield " ".join(line.split()) if in_code else _plain(line)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


def _breaks(text: str, at: int) -> bool:
    """Whether a cut at this position would split a grapheme cluster."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk", "Cf"):
        return True
    if unicodedata.combining(before) == VIRAMA:
        return True
    # Skin tones follow what they modify; Hangul may come as parts of a syllable.
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\u1160" <= after <= "\u11ff":
        return True
    if _FIRST_FLAG <= before <= _LAST_FLAG and _FIRST_FLAG <= after <= _LAST_FLAG:
        start = at
        while start and _FIRST_FLAG <= text[start - 1] <= _LAST_FLAG:
            start -= 1
        return (at - start) % 2 == 1
    return False


def _cut(text: str) -> str:
    end = LENGTH - 1
    while end > 1 and _breaks(text, end):
        end -= 1
    head, space, _ = text[:end].rpartition(" ")
    if text[end] == " ":
        head, space = text[:end], " "
    if not (space and len(head) > LENGTH // 2):
        pause = max(text.rfind(each, LENGTH // 2, end) for each in _PAUSES)
        head = text[:pause] if pause > 0 else text[:end]
    return head.rstrip(" ,;:" + _PAUSES) + "…"


def title_of(question: str) -> str:
    """A title for a chat that starts with this question, at most LENGTH characters.

    The first line that contains something, without Markdown markup but with its own numbers, signs
    and underscores; only its first sentence if that is long enough; cut at the end of a word.
    """
    lines = filter(_says_something, islice(_lines(question), LINES))
    line = next(lines, "") or " ".join(question.split())[:LOOKED_AT]
    first = _SENTENCE_END.split(line, maxsplit=1)[0]
    text = first if len(first) >= SENTENCE else line
    return text if len(text) <= LENGTH else _cut(text)


async def give_title(session: AsyncSession, chat: ChatHistory, question: str) -> None:
    """Title a chat after its first question, unless it has a title or its owner wants none."""
    if not chat.title_is_automatic or chat.title:
        return
    query = sa.select(col(User.preferences)).where(col(User.id) == chat.user_id)
    preferences = await session.scalar(query) or {}
    if preferences.get("auto_titles", True):
        chat.title = title_of(question)
