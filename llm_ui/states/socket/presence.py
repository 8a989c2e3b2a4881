"""Open tabs: which session they belong to, so that they are disconnected immediately when it ends,
and which chat they show, so that they can be notified of changes made in other tabs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import reflex as rx
from reflex.event import Event, EventSpec

from llm_ui import auth, reflex_internals
from llm_ui.db import unit_of_work
from llm_ui.enums import SessionEnd
from llm_ui.reflex_internals import StateUpdate
from llm_ui.states.socket.push import Socket


@dataclass(frozen=True, slots=True)
class Tab:
    """A signed-in user's tab; `chat_id` is the chat it shows, or ""."""

    sid: str
    session_id: str
    user_id: str
    chat_id: str = ""


_tabs: dict[str, Tab] = {}


def note_tab(token: str, sid: str, session_id: str, user_id: str) -> None:
    """Record a tab's socket and session ("" for a visitor)."""
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
    """The tab's user; "" for a visitor's or unknown tab."""
    return _tabs[token].user_id if token in _tabs else ""


def note_chat(token: str, chat_id: str) -> None:
    """Record which chat a tab shows, "" for none."""
    if token in _tabs and _tabs[token].chat_id != chat_id:
        _tabs[token] = replace(_tabs[token], chat_id=chat_id)


def tabs_of(user_id: str) -> list[tuple[Socket, str]]:
    """A user's open tabs on this worker, each with the chat that it shows."""
    found = [
        (Socket(token, tab.sid), tab.chat_id)
        for token, tab in _tabs.items()
        if tab.user_id == user_id
    ]
    return [(socket, chat_id) for socket, chat_id in found if socket.is_open]


async def tell(socket: Socket, event: EventSpec) -> None:
    """Send an event to a tab, which runs it as if its page had triggered it."""
    if socket.is_open:
        update = StateUpdate(events=Event.from_event_type(event))
        await reflex_internals.send_update(update, socket.token)


async def end_tabs(session_ids: list[str], why: str = "") -> None:
    """Redirect the open tabs of ended sessions to the sign-in page, which shows the reason (a
    SessionEnd value, or ""), and close their sockets."""
    page = f"/login?ended={why}" if why in tuple(SessionEnd) else "/login"
    by_session: dict[str, list[Socket]] = defaultdict(list)
    for token, tab in _tabs.items():
        by_session[tab.session_id].append(Socket(token, tab.sid))
    for session_id in session_ids:
        for socket in by_session.get(session_id, []):
            _tabs.pop(socket.token, None)
            await tell(socket, rx.redirect(page))
            await socket.close()


async def check_tabs() -> None:
    """End tabs whose session ended without this worker being notified: it expired, or was ended on
    another worker while the two were disconnected."""
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
    """Record in the database which sessions have a tab open on this worker."""
    _forget_closed()
    ids = {each.session_id for each in _tabs.values()}
    if ids:
        async with unit_of_work() as session:
            await auth.note_open(session, ids)


def open_tabs() -> int:
    """The number of signed-in people's tabs connected to this worker."""
    _forget_closed()
    return len(_tabs)
