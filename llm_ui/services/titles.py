"""Automatic titles: the question's own first words, at once and for nothing."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.i18n import translate
from llm_ui.models import ChatHistory, User

LENGTH = 60
TITLE_LIMIT = 200
# The class of the signs that tie two consonants of an Indian script together.
VIRAMA = 9
# A first sentence that is shorter says too little by itself.
SENTENCE = 12
# Marks at the beginning of a line that are Markdown only with a blank behind them: "#hashtag" and
# "-5 degrees" are words. A number stays, for it may be a year or a part of what is asked, and
# so does a sign in front of one ("> 100 users").
_LEAD = re.compile(r"(?:#{1,6}\s+|>(?!\s*\d)\s*|[-*]\s+(?:\[[ xX]\]\s+)?|\+\s+(?!\d))+")
_CLOSING_HASHES = re.compile(r"\s+#+$")
# What `branch_title` puts behind a title, in any language.
_BRANCH = re.compile(r" \((?:branch|Zweig)(?: \d+)?\)$")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[([^\[\]]+)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
# Pairs around words, with nothing of a word outside them: "2*3*4", "**kwargs" and "__init__" stay.
_EMPHASIS = (
    re.compile(r"(?<![\w*\\])(\*{1,3})(?=[^\s*])([^*]*[^\s*\\])\1(?![\w*])"),
    re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])([^_]*\s[^_]*[^\s_\\])\1(?!\w)"),
    re.compile(r"(?<![\w~\\])(~~)(?=[^\s~])([^~]*[^\s~])\1(?![\w~])"),
)
# What goes on in small letters or with a number goes on: "2.0 vs. 3.0", "e.g. this".
_SENTENCE_END = re.compile(r"(?<=[.!?؟।…])\s+(?![a-zа-яё\d])|(?<=[。！？])\s*")
# Where a script without blanks may be cut.
_PAUSES = "、，。！？；：,;!?"
_JOINER, _FIRST_FLAG, _LAST_FLAG = "\u200d", "\U0001f1e6", "\U0001f1ff"


async def branch_title(session: AsyncSession, actor: Actor, title: str) -> str:
    """The title of a copy: what it is a copy of, with a mark that no other chat has.

    A copy of a copy is marked once; "" stays "".
    """
    if not title:
        return ""
    bare = _BRANCH.sub("", title)
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
    """A line without the marks that Markdown would take for its own."""
    line = line.strip()
    lead = _LEAD.match(line)
    if lead:
        line = line[lead.end() :]
        if "#" in lead[0]:
            line = _CLOSING_HASHES.sub("", line)
    parts: list[str] = []
    at = 0
    # What stands in code is no markup, however it looks.
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


def _lines(question: str) -> list[str]:
    """The lines that say something, plain; those of a block of code as they are."""
    found: list[str] = []
    in_code = False
    for line in question.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
            continue
        plain = " ".join(line.split()) if in_code else _plain(line)
        if any(each.isalnum() for each in plain):
            found.append(plain)
    return found


def _breaks(text: str, at: int) -> bool:
    """Whether a cut in front of this place would tear one visible character apart."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk", "Cf"):
        return True
    if unicodedata.combining(before) == VIRAMA:
        return True
    # Skin tones follow what they colour; Hangul may come as parts of a syllable.
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
    """A title for a chat that begins with this question, at most LENGTH characters.

    The first line that says something, without Markdown's marks but with every number, sign
    and underscore of its own; its first sentence if that is enough; cut at a word's end.
    """
    line = next(iter(_lines(question)), "") or " ".join(question.split())
    first = _SENTENCE_END.split(line, maxsplit=1)[0]
    text = first if len(first) >= SENTENCE else line
    return text if len(text) <= LENGTH else _cut(text)


async def give_title(session: AsyncSession, chat: ChatHistory, question: str) -> None:
    """Name a chat after its first question, unless it has a title or the person wants none."""
    if not chat.title_is_automatic or chat.title:
        return
    query = sa.select(col(User.preferences)).where(col(User.id) == chat.user_id)
    preferences = await session.scalar(query) or {}
    if preferences.get("auto_titles", True):
        chat.title = title_of(question)
