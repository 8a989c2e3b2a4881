"""Live updates: notifies a user's tabs that some of their chats have changed.

Every function that changes a chat calls `changed` or `ended`; after the commit, listeners on this
worker and on all others are notified. Notifications only contain IDs: each tab loads what it shows
with the permissions of its own user.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import bus
from llm_ui.db import after_commit

# If more chats than this change at once, only "many" is reported.
MANY = 20
# Delays notifications, so that tabs reloading don't slow down a question that is being asked.
PAUSE_S = 0.05
_KEY = "news"

# The tab on whose behalf this code runs, if any: it isn't notified of its own changes.
acting_tab: ContextVar[str] = ContextVar("acting_tab", default="")


@dataclass(frozen=True, slots=True)
class News:
    """Which of a user's chats have changed; an empty `chat_ids` means many.

    `ended` means that an answer in the chat has ended, which tabs that show the chat already know.
    `tab` is the tab that made the change, "" if it is not on this worker.
    """

    user_id: str
    chat_ids: tuple[str, ...] = ()
    ended: bool = False
    tab: str = ""


Listener = Callable[[News], Awaitable[None]]
_listeners: list[Listener] = []
_telling: set[asyncio.Task[None]] = set()


def listen(listener: Listener) -> None:
    """Call `listener` with all notifications, from this worker and others."""
    _listeners.append(listener)


def changed(session: AsyncSession, user_id: str, *chat_ids: str) -> None:
    """Notify of changes to a user's chats after the commit, once per unit of work."""
    waiting: dict[str, dict[str, None]] | None = session.info.get(_KEY)
    if waiting is None:
        waiting = session.info[_KEY] = {}
        tab = acting_tab.get()
        after_commit(session, lambda: _tell_of(waiting, tab))
    waiting.setdefault(user_id, {}).update(dict.fromkeys(chat_ids))


def ended(session: AsyncSession, user_id: str, chat_id: str) -> None:
    """Notify after the commit that an answer in a user's chat has ended."""
    after_commit(session, lambda: _tell(News(user_id, (chat_id,), ended=True)))


def _tell_of(waiting: dict[str, dict[str, None]], tab: str) -> None:
    for user_id, ids in waiting.items():
        _tell(News(user_id, tuple(ids) if len(ids) <= MANY else (), tab=tab))


def _tell(news: News) -> None:
    # Fire and forget.
    task = asyncio.create_task(_pass_on(news), name="news")
    _telling.add(task)
    task.add_done_callback(_telling.discard)


async def _pass_on(news: News) -> None:
    await asyncio.sleep(PAUSE_S)
    for listener in _listeners:
        await listener(news)
    await bus.tell_changed([news.user_id, "ended" if news.ended else "", *news.chat_ids])


async def heard(told: list[str]) -> None:
    """Handle a notification that another worker's `_pass_on` sent."""
    user_id, kind, *chat_ids = told
    for listener in _listeners:
        await listener(News(user_id, tuple(chat_ids), ended=kind == "ended"))
