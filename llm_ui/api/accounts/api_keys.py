"""Your API keys. These routes require a session: API keys are not accepted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.http.deps import OwnChanger, OwnReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.enums import KeyStatus, Scope
from llm_ui.services.accounts import api_keys

router = APIRouter(prefix="/keys", tags=["keys"])


class NewKeyBody(Body):
    """A key to create. A key without an expiry date requires `never_expires`."""

    key_name: Annotated[str, Field(max_length=1000, examples=["Nightly report"])]
    scopes: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=3)] = [
        Scope.CHAT
    ]
    days: Annotated[int | None, Field(description="Number of days until it expires")] = 90
    never_expires: bool = False


class Key(View):
    """An API key, without its secret. If `expires_at` is null, it never expires. `owner` is null
    for your own keys."""

    id: str
    key_name: str
    prefix: str
    scopes: list[Scope]
    status: KeyStatus
    created_at: str
    expires_at: OrNull
    last_used: OrNull
    owner: OrNull


class MadeKey(View):
    """A new API key. `key` is its secret, returned only this once."""

    item: Key
    key: str


class KeyList(Paged):
    """A list of keys."""

    items: list[Key]


@router.get("")
async def list_keys(actor: OwnReader) -> KeyList:
    """List your keys, newest first. Their secrets are never returned."""
    async with unit_of_work(writes=False) as session:
        return KeyList(items=[Key.of(each) for each in await api_keys.list_own(session, actor)])


@router.post("", status_code=201, responses=problems(409))
async def create_key(body: NewKeyBody, actor: OwnChanger) -> MadeKey:
    """Create a key. Its scopes are `read`, `chat` (read and change) and, for administrators,
    `admin`."""
    async with unit_of_work() as session:
        fresh = await api_keys.create_key(
            session, actor, body.key_name, body.scopes, body.days, never_expires=body.never_expires
        )
    return MadeKey.of(fresh)


@router.post("/{key_id}/rotate", responses=problems(404, 409))
async def rotate_key(key_id: str, actor: OwnChanger) -> MadeKey:
    """Rotate a key: returns a new secret. The previous secret stops working immediately."""
    async with unit_of_work() as session:
        return MadeKey.of(await api_keys.rotate_key(session, actor, key_id))


@router.delete("/{key_id}", responses=problems(404))
async def revoke_key(key_id: str, actor: OwnChanger) -> Key:
    """Revoke a key permanently."""
    async with unit_of_work() as session:
        return Key.of(await api_keys.revoke_key(session, actor, key_id))
