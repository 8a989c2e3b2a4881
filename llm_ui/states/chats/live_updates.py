"""Notify this worker's tabs of changes; each tab then loads them itself."""

from __future__ import annotations

from llm_ui.services.chats.live_updates import News
from llm_ui.states.browser import then
from llm_ui.states.chats.refresh import RefreshState
from llm_ui.states.socket import presence


async def tell_tabs(news: News) -> None:
    """Notify a person's tabs that chats have changed, except the tab that changed them. The event
    comes back over the tab's own socket, through the guard."""
    for socket, shows in presence.tabs_of(news.user_id):
        # A tab that follows an answer already knows that it has ended.
        is_known = socket.token == news.tab or (news.ended and shows in news.chat_ids)
        if not is_known:
            await presence.tell(socket, then(RefreshState.catch_up, ",".join(news.chat_ids)))
