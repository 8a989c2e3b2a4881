"""Which tabs belong to which session, so that a session's end ends its tabs at once."""

from __future__ import annotations

from collections import defaultdict

import reflex as rx
from reflex.event import Event
from reflex.state import StateUpdate
from reflex_base.registry import RegistrationContext

from llm_ui import auth
from llm_ui.db import unit_of_work
from llm_ui.states.push import Socket

_tabs: dict[str, tuple[str, str]] = {}


def note_tab(token: str, sid: str, session_id: str) -> None:
    """A tab has just been heard of, under this socket and session ("" for a visitor)."""
    if session_id and sid:
        _tabs[token] = (sid, session_id)
    else:
        _tabs.pop(token, None)
    if len(_tabs) > 1000 and len(_tabs) % 100 == 0:
        _forget_closed()


def _forget_closed() -> None:
    for token, (sid, _) in list(_tabs.items()):
        if not Socket(token, sid).is_open:
            del _tabs[token]


async def end_tabs(session_ids: list[str]) -> None:
    """Send the open tabs of ended sessions to the sign-in page, and close their sockets."""
    by_session: dict[str, list[Socket]] = defaultdict(list)
    for token, (sid, session_id) in _tabs.items():
        by_session[session_id].append(Socket(token, sid))
    namespace = RegistrationContext.get().app.event_namespace
    for session_id in session_ids:
        for socket in by_session.get(session_id, []):
            _tabs.pop(socket.token, None)
            if not socket.is_open or namespace is None:
                continue
            leave = StateUpdate(events=Event.from_event_type(rx.redirect("/login")))
            await namespace.emit_update(leave, socket.token)
            await socket.close()


async def check_tabs() -> None:
    """End the tabs whose sessions have ended without anybody telling this worker: run
    out, or ended on another worker while the two could not hear each other."""
    _forget_closed()
    ids = {session_id for _, session_id in _tabs.values()}
    if not ids:
        return
    async with unit_of_work(writes=False) as session:
        living = await auth.living(session, ids)
    await end_tabs(sorted(ids - living))


async def note_open_tabs() -> None:
    """Tell the database which sessions have a tab open at this worker."""
    _forget_closed()
    ids = {session_id for _, session_id in _tabs.values()}
    if ids:
        async with unit_of_work() as session:
            await auth.note_open(session, ids)


def open_tabs() -> int:
    """How many tabs of signed-in people are connected to this worker."""
    _forget_closed()
    return len(_tabs)
