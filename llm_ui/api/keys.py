"""Your API keys. Made and ended in the browser: a key opens none of these routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import OwnChanger, OwnReader
from llm_ui.api.errors import problems
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.keys import KeyItem, NewKey
from llm_ui.services import api_keys

router = APIRouter(prefix="/keys", tags=["keys"])


class NewKeyBody(Body):
    """A key to make. One without an end is made by `never_expires` alone."""

    name: Annotated[str, Field(max_length=1000, examples=["Nightly report"])]
    scopes: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=3)] = ["chat"]
    days: Annotated[int | None, Field(description="Until it expires")] = 90
    never_expires: bool = False


class Key(BaseModel):
    """A key, without the key itself. Without `expires_at` it works for good; `owner` is empty
    among one's own."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    state: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    owner: str


class MadeKey(BaseModel):
    """A key that has just been made: `key` is told this once."""

    item: Key
    key: str


class KeyList(Paged):
    """All of them."""

    items: list[Key]


def key_of(item: KeyItem) -> Key:
    """A key as it is told."""
    return Key(
        id=item.id,
        name=item.name,
        prefix=item.prefix,
        scopes=item.scopes,
        state=item.state,
        created_at=item.created_at,
        expires_at=item.expires_at or None,
        last_used_at=item.last_used_at or None,
        owner=item.owner,
    )


def made(fresh: NewKey) -> MadeKey:
    """What is answered of a fresh key."""
    return MadeKey(item=key_of(fresh.item), key=fresh.key)


@router.get("", responses=problems(401, 403))
async def list_keys(actor: OwnReader) -> KeyList:
    """Your keys, the newest first; never the keys themselves."""
    async with unit_of_work(writes=False) as session:
        return KeyList(items=[key_of(each) for each in await api_keys.list_own(session, actor)])


@router.post("", status_code=201, responses=problems(401, 403, 409, 422))
async def create_key(body: NewKeyBody, actor: OwnChanger) -> MadeKey:
    """Make a key. Its scopes are read, chat (read and change) and, for admins, admin."""
    async with unit_of_work() as session:
        fresh = await api_keys.create_key(
            session, actor, body.name, body.scopes, body.days, never_expires=body.never_expires
        )
    return made(fresh)


@router.post("/{key_id}/rotate", responses=problems(401, 403, 404, 409))
async def rotate_key(key_id: str, actor: OwnChanger) -> MadeKey:
    """Give a key another secret; the one before opens nothing from now on."""
    async with unit_of_work() as session:
        return made(await api_keys.rotate_key(session, actor, key_id))


@router.delete("/{key_id}", responses=problems(401, 403, 404))
async def revoke_key(key_id: str, actor: OwnChanger) -> Key:
    """End a key for good."""
    async with unit_of_work() as session:
        return key_of(await api_keys.revoke_key(session, actor, key_id))
