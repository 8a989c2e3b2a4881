"""News for a person's tabs: chats of theirs have changed.

Every verb that changes a chat says so (`changed`, `ended`); once that is committed, whoever
listens in this process hears of it, and so do the other workers. News name chats and hold
nothing of them: a tab that hears loads what it shows through its own person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import bus
from llm_ui.db import after_commit

# Who changes more chats than this at once is told that there are many.
MANY = 20
# Tabs that look at a new question do not get in the way of its being asked.
PAUSE_S = 0.05
_KEY = "news"

# The tab that acts at present, if it is one: what it does is no news to it.
acting_tab: ContextVar[str] = ContextVar("acting_tab", default="")


@dataclass(frozen=True, slots=True)
class News:
    """Which chats of a person have changed: these, or (none named) many.

    `ended`: an answer of the chat has ended, which is known where the chat is shown. `tab` is
    the one that made the change itself, "" for none of this process.
    """

    user_id: str
    chat_ids: tuple[str, ...] = ()
    ended: bool = False
    tab: str = ""


Listener = Callable[[News], Awaitable[None]]
_listeners: list[Listener] = []
_telling: set[asyncio.Task[None]] = set()


def listen(listener: Listener) -> None:
    """Have `listener` called with all news, of this worker and of others."""
    _listeners.append(listener)


def changed(session: AsyncSession, user_id: str, *chat_ids: str) -> None:
    """This unit of work changes chats of a person. However often it says so, it is told once."""
    waiting: dict[str, dict[str, None]] | None = session.info.get(_KEY)
    if waiting is None:
        waiting = session.info[_KEY] = {}
        tab = acting_tab.get()
        after_commit(session, lambda: _tell_of(waiting, tab))
    waiting.setdefault(user_id, {}).update(dict.fromkeys(chat_ids))


def ended(session: AsyncSession, user_id: str, chat_id: str) -> None:
    """This unit of work ends an answer of a person's chat."""
    after_commit(session, lambda: _tell(News(user_id, (chat_id,), ended=True)))


def _tell_of(waiting: dict[str, dict[str, None]], tab: str) -> None:
    for user_id, ids in waiting.items():
        _tell(News(user_id, tuple(ids) if len(ids) <= MANY else (), tab=tab))


def _tell(news: News) -> None:
    # Nobody waits for it.
    task = asyncio.create_task(_pass_on(news), name="news")
    _telling.add(task)
    task.add_done_callback(_telling.discard)


async def _pass_on(news: News) -> None:
    await asyncio.sleep(PAUSE_S)
    for listener in _listeners:
        await listener(news)
    await bus.tell_changed([news.user_id, "ended" if news.ended else "", *news.chat_ids])


async def heard(told: list[str]) -> None:
    """Another worker has told this, as `_pass_on` does."""
    user_id, kind, *chat_ids = told
    for listener in _listeners:
        await listener(News(user_id, tuple(chat_ids), ended=kind == "ended"))
