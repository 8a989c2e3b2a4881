"""What the command palette finds on the server."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.finding import ChatFilters
from llm_ui.services import search
from llm_ui.states.access import current_actor

HITS = 12


class PaletteState(rx.State):
    """The last answer; `n` is the number of the question that it belongs to."""

    found: dict[str, Any] = {"n": 0, "query": "", "items": []}

    @rx.event
    async def find(self, number: int, query: str) -> None:
        """Look for chats by their titles and words."""
        wanted = query[:200]
        filters = ChatFilters(archived=None)
        async with unit_of_work(writes=False) as session:
            page = await search.search(session, current_actor(), wanted, filters, None, HITS)
        items = [asdict(each) for each in page.items]
        self.found = {"n": number, "query": wanted, "items": items}
