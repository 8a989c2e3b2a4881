"""Which tabs of this worker show a temporary chat, so that it goes when they leave it."""

from __future__ import annotations

from llm_ui.auth import Actor
from llm_ui.db import in_unit_of_work
from llm_ui.services import temporary
from llm_ui.states.push import Socket

_open: dict[str, tuple[Socket, str]] = {}


def entered(socket: Socket, chat_id: str) -> None:
    """This tab shows a temporary chat."""
    _open[socket.token] = (socket, chat_id)


async def moved(token: str, path: str, actor: Actor) -> None:
    """This tab shows another page: what it has left, and no other tab shows, goes."""
    if token not in _open:
        return
    chat_id = _open[token][1]
    if path.rstrip("/").endswith(f"/{chat_id}"):
        return
    del _open[token]
    if chat_id in open_chats():
        return
    await in_unit_of_work(lambda session: temporary.leave(session, actor, chat_id))


def open_chats() -> list[str]:
    """The temporary chats that connected tabs show."""
    for token, (socket, _) in list(_open.items()):
        if not socket.is_open:
            del _open[token]
    return [chat_id for _, chat_id in _open.values()]
