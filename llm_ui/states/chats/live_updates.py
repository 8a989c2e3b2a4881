"""Notify this worker's tabs of changes; each tab then loads them itself."""

from __future__ import annotations

from llm_ui.services.chats.live_updates import News
from llm_ui.states.browser import then
from llm_ui.states.chats.refresh import RefreshState
from llm_ui.states.socket import presence


async def tell_tabs(news: News) -> None:
    """Notify a user's tabs that chats have changed, except the tab that changed them. Each page
    sends the event back over its own socket, so it passes the guard."""
    for socket, shows in presence.tabs_of(news.user_id):
        # A tab that follows an answer already knows that it has ended.
        is_known = socket.token == news.tab or (news.ended and shows in news.chat_ids)
        if not is_known:
            await presence.tell(socket, then(RefreshState.catch_up, ",".join(news.chat_ids)))
