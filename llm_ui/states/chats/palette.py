"""Server-side search of the command palette."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.finding import ChatFilters
from llm_ui.services.chats import search
from llm_ui.states.socket.access import current_actor

HITS = 12


class PaletteState(rx.State):
    """The latest result; `n` is the number of the query it belongs to."""

    found: dict[str, Any] = {"n": 0, "query": "", "items": []}

    @rx.event
    async def find(self, number: int, query: str) -> None:
        """Search chats by their titles and messages."""
        wanted = query[:200]
        filters = ChatFilters(archived=None)
        async with unit_of_work(writes=False) as session:
            page = await search.search(session, current_actor(), wanted, filters, None, HITS)
        items = [asdict(each) for each in page.items]
        self.found = {"n": number, "query": wanted, "items": items}
