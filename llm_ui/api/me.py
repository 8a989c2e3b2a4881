"""Who calls: what programs ask first, to see whether their key is right."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from llm_ui import auth
from llm_ui.api.deps import Reader
from llm_ui.api.errors import problems
from llm_ui.api.keys import Key, key_of
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.schemas.accounts import UserView
from llm_ui.services import accounts, api_keys, files

router = APIRouter(prefix="/me", tags=["me"])


class Limits(BaseModel):
    """What may be used: calls a minute (null without a limit; of this key alone, or of all
    browsers together), answers at once, and room for files in bytes."""

    requests_per_minute: int | None
    runs_at_once: int | None
    file_bytes: int
    storage_bytes: int
    storage_used_bytes: int


class Whoami(BaseModel):
    """The person behind a call, and what it may do. `key` is the API key that was sent, null for
    a session; `expires_at` is when that ends, null for never."""

    user: UserView
    scopes: list[Literal["read", "chat", "admin"]]
    key: Key | None
    expires_at: str | None
    limits: Limits


@router.get("", responses=problems(401))
async def whoami(response: Response, actor: Reader) -> Whoami:
    """Who you are, with an API key or signed in: your account, what you may do, until when, and
    your limits."""
    response.headers["Cache-Control"] = "no-store"
    settings = get_settings()
    async with unit_of_work(writes=False) as session:
        key = await api_keys.in_use(session, actor)
        room = await files.storage(session, actor)
        user = await accounts.own_view(session, actor)
        expires_at = key.expires_at if key else await auth.session_end(session, actor.session_id)
    return Whoami(
        user=user,
        scopes=auth.scopes_of(actor),
        key=key_of(key) if key else None,
        expires_at=expires_at or None,
        limits=Limits(
            requests_per_minute=settings.rate_limit or None,
            runs_at_once=settings.runs_per_user or None,
            file_bytes=room.largest,
            storage_bytes=room.quota,
            storage_used_bytes=room.used,
        ),
    )
