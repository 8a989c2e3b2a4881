"""Search chats and their messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.http.deps import Reader
from llm_ui.api.http.filters import Filters
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.db import unit_of_work
from llm_ui.schemas.chats.finding import Part
from llm_ui.services.chats import search as searching
from llm_ui.services.chats.chats import check_filters

router = APIRouter(prefix="/search", tags=["search"])


class Hit(View):
    """A chat that matches, and its best matching passage. There is no message if only the title
    matches."""

    chat_id: str
    title: list[Part]
    snippet: list[Part]
    message_id: OrNull
    role: OrNull
    at: str
    archived: bool
    project_id: OrNull


class HitList(Paged):
    """A page of search results, best match first. Texts are split into parts; `hit` is set for the
    parts that match."""

    items: list[Hit]


@router.get("")
async def search(
    actor: Reader,
    filters: Filters,
    q: Annotated[str, Query(max_length=1000, examples=["heat pump -gas"])],
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = searching.PAGE,
) -> HitList:
    """Search the titles and messages of your chats. Supports words, "phrases" and -exclusions.

    The last word also matches as a prefix. `since` and `until` apply to the passage that is found.
    """
    async with unit_of_work(writes=False) as session:
        await check_filters(session, actor, filters)
        page = await searching.search(session, actor, q, filters, cursor, limit)
    return HitList.of(page)
