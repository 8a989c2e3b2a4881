"""Everybody's API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.keys import Key, key_of
from llm_ui.db import unit_of_work
from llm_ui.services import api_keys

router = APIRouter(prefix="/keys", tags=["admin: keys"])


class KeyPage(Paged):
    """A page of keys, the newest first."""

    items: list[Key]


@router.get("", responses=problems(401, 403, 422))
async def list_all_keys(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> KeyPage:
    """Everybody's keys; never the keys themselves."""
    async with unit_of_work(writes=False) as session:
        page = await api_keys.list_all(session, actor, query=q, cursor=cursor, limit=limit)
    return KeyPage(items=[key_of(each) for each in page.items], next_cursor=page.next_cursor)


@router.delete("/{key_id}", responses=problems(401, 403, 404))
async def revoke_any_key(key_id: str, actor: AdminChanger) -> Key:
    """End anybody's key for good."""
    async with unit_of_work() as session:
        return key_of(await api_keys.revoke_any(session, actor, key_id))
