"""Search over chats and their messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Reader
from llm_ui.api.errors import problems
from llm_ui.api.filters import Filters
from llm_ui.db import unit_of_work
from llm_ui.schemas.finding import Hit
from llm_ui.services import search as searching

router = APIRouter(prefix="/search", tags=["search"])


class HitList(Paged):
    """A page of what was found, the best first. Texts come in parts: `hit` ones are marked."""

    items: list[Hit]


@router.get("", responses=problems(401, 422))
async def search(
    actor: Reader,
    filters: Filters,
    q: Annotated[str, Query(max_length=1000, examples=["heat pump -gas"])],
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = searching.PAGE,
) -> HitList:
    """Your chats in whose title or messages it stands: words, "phrases", -without.

    The last word may be a beginning. `since` and `until` are about the place that is found.
    """
    async with unit_of_work(writes=False) as session:
        page = await searching.search(session, actor, q, filters, cursor, limit)
    return HitList(items=page.items, next_cursor=page.next_cursor)
