"""Everybody's API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from llm_ui.api.accounts.api_keys import Key
from llm_ui.api.http.deps import AdminChanger, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.responses import Paged
from llm_ui.db import unit_of_work
from llm_ui.services.accounts import api_keys

router = APIRouter(prefix="/keys", tags=["admin: keys"])


class KeyPage(Paged):
    """A page of keys, newest first."""

    items: list[Key]


@router.get("")
async def list_all_keys(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> KeyPage:
    """List the keys of all users. Their secrets are never returned."""
    async with unit_of_work(writes=False) as session:
        page = await api_keys.list_all(session, actor, query=q, cursor=cursor, limit=limit)
    return KeyPage.of(page)


@router.delete("/{key_id}", responses=problems(404))
async def revoke_any_key(key_id: str, actor: AdminChanger) -> Key:
    """Revoke any user's key permanently."""
    async with unit_of_work() as session:
        return Key.of(await api_keys.revoke_any(session, actor, key_id))
