"""The caller: what programs request first to check their key."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from llm_ui import auth
from llm_ui.api.accounts.api_keys import Key
from llm_ui.api.http.deps import Reader
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import Scope
from llm_ui.schemas.accounts.accounts import UserView
from llm_ui.services.accounts import api_keys, authentication
from llm_ui.services.files import files

router = APIRouter(prefix="/me", tags=["me"])


class Limits(BaseModel):
    """The caller's limits: calls per minute (null if unlimited; counted for this key alone, or for
    all of the user's browsers together), simultaneous runs, and file storage in bytes."""

    requests_per_minute: int | None
    runs_at_once: int | None
    file_bytes: int
    storage_bytes: int
    storage_used_bytes: int


class Whoami(BaseModel):
    """The user behind a call and what the call may do. `key` is the API key that was sent, null
    for a session. `expires_at` is when the key or session expires, null for never."""

    user: UserView
    scopes: list[Scope]
    key: Key | None
    expires_at: str | None
    limits: Limits


@router.get("")
async def whoami(response: Response, actor: Reader) -> Whoami:
    """Retrieve information about the caller (an API key or a session): the account, the scopes, the
    expiry and the limits."""
    response.headers["Cache-Control"] = "no-store"
    settings = get_settings()
    async with unit_of_work(writes=False) as session:
        key = await api_keys.in_use(session, actor)
        room = await files.storage(session, actor)
        user = await authentication.own_view(session, actor)
        expires_at = key.expires_at if key else await auth.session_end(session, actor.session_id)
    return Whoami(
        user=user,
        scopes=auth.scopes_of(actor),
        key=Key.of(key) if key else None,
        expires_at=expires_at or None,
        limits=Limits(
            requests_per_minute=settings.rate_limit or None,
            runs_at_once=settings.runs_per_user or None,
            file_bytes=room.largest,
            storage_bytes=room.quota,
            storage_used_bytes=room.used,
        ),
    )
