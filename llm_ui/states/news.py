"""News for the tabs of this worker: each is told to look, and asks by itself."""

from __future__ import annotations

from typing import Any

from llm_ui.services.news import News
from llm_ui.states import presence
from llm_ui.states.chat import ChatState


async def tell_tabs(news: News) -> None:
    """Have a person's tabs look at chats that have changed, but for the one that changed
    them. The event comes back over the tab's own socket, through the guard."""
    handler: Any = ChatState.catch_up
    for socket, shows in presence.tabs_of(news.user_id):
        # An answer's end is known where it is followed.
        is_known = socket.token == news.tab or (news.ended and shows in news.chat_ids)
        if not is_known:
            await presence.tell(socket, handler(",".join(news.chat_ids)))
