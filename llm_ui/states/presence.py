"""Which tabs are open: whose they are, so that a session's end ends them at once, and which
chat they show, so that news reach those that do not know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx
from reflex.event import Event
from reflex.state import StateUpdate
from reflex_base.registry import RegistrationContext

from llm_ui import auth
from llm_ui.db import unit_of_work
from llm_ui.states.push import Socket


@dataclass(frozen=True, slots=True)
class Tab:
    """A signed-in person's tab; `chat_id` is the chat that it shows, or ""."""

    sid: str
    session_id: str
    user_id: str
    chat_id: str = ""


_tabs: dict[str, Tab] = {}


def note_tab(token: str, sid: str, session_id: str, user_id: str) -> None:
    """A tab has just been heard of, under this socket and session ("" for a visitor)."""
    known = _tabs.get(token)
    if session_id and sid:
        if known is None or (known.sid, known.session_id) != (sid, session_id):
            _tabs[token] = Tab(sid, session_id, user_id)
    else:
        _tabs.pop(token, None)
    if len(_tabs) > 1000 and len(_tabs) % 100 == 0:
        _forget_closed()


def _forget_closed() -> None:
    for token, tab in list(_tabs.items()):
        if not Socket(token, tab.sid).is_open:
            del _tabs[token]


def user_of(token: str) -> str:
    """Whose tab it is; "" for a visitor's, and for one of which nothing has been heard."""
    return _tabs[token].user_id if token in _tabs else ""


def note_chat(token: str, chat_id: str) -> None:
    """A tab shows this chat now, "" for none."""
    if token in _tabs and _tabs[token].chat_id != chat_id:
        _tabs[token] = replace(_tabs[token], chat_id=chat_id)


def tabs_of(user_id: str) -> list[tuple[Socket, str]]:
    """The open tabs of a person on this worker, each with the chat that it shows."""
    found = [
        (Socket(token, tab.sid), tab.chat_id)
        for token, tab in _tabs.items()
        if tab.user_id == user_id
    ]
    return [(socket, chat_id) for socket, chat_id in found if socket.is_open]


async def tell(socket: Socket, event: Any) -> None:
    """Send an event to a tab, which does it as if its page had thought of it."""
    namespace = RegistrationContext.get().app.event_namespace
    if namespace is not None and socket.is_open:
        update = StateUpdate(events=Event.from_event_type(event))
        await namespace.emit_update(update, socket.token)


async def end_tabs(session_ids: list[str], why: str = "") -> None:
    """Send the open tabs of ended sessions to the sign-in page, which tells their person why
    (one of auth.ENDED, or nothing), and close their sockets."""
    door = f"/login?ended={why}" if why in auth.ENDED else "/login"
    by_session: dict[str, list[Socket]] = defaultdict(list)
    for token, tab in _tabs.items():
        by_session[tab.session_id].append(Socket(token, tab.sid))
    for session_id in session_ids:
        for socket in by_session.get(session_id, []):
            _tabs.pop(socket.token, None)
            await tell(socket, rx.redirect(door))
            await socket.close()


async def check_tabs() -> None:
    """End the tabs whose sessions have ended without anybody telling this worker: run
    out, or ended on another worker while the two could not hear each other."""
    _forget_closed()
    people = {tab.session_id: tab.user_id for tab in _tabs.values()}
    if not people:
        return
    by_reason: dict[str, list[str]] = defaultdict(list)
    async with unit_of_work(writes=False) as session:
        for ended in sorted(set(people) - await auth.living(session, people)):
            by_reason[await auth.why_out(session, people[ended])].append(ended)
    for why, ids in by_reason.items():
        await end_tabs(ids, why)


async def note_open_tabs() -> None:
    """Tell the database which sessions have a tab open at this worker."""
    _forget_closed()
    ids = {each.session_id for each in _tabs.values()}
    if ids:
        async with unit_of_work() as session:
            await auth.note_open(session, ids)


def open_tabs() -> int:
    """How many tabs of signed-in people are connected to this worker."""
    _forget_closed()
    return len(_tabs)
