"""Which of this worker's tabs show a temporary chat, so that it is deleted when they leave it."""

from __future__ import annotations

from llm_ui.auth import Actor
from llm_ui.db import in_unit_of_work
from llm_ui.services.chats import temporary
from llm_ui.states.socket.push import Socket

_open: dict[str, tuple[Socket, str]] = {}


def entered(socket: Socket, chat_id: str) -> None:
    """Record that this tab shows a temporary chat."""
    _open[socket.token] = (socket, chat_id)


async def moved(token: str, path: str, actor: Actor) -> None:
    """Delete the temporary chat that this tab has left for another page, unless another tab shows
    it."""
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
    """The temporary chats shown by connected tabs."""
    for token, (socket, _) in list(_open.items()):
        if not socket.is_open:
            del _open[token]
    return [chat_id for _, chat_id in _open.values()]
