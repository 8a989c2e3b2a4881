"""Who calls: the one place where REST learns it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from llm_ui import auth
from llm_ui.api.errors import language_of
from llm_ui.auth import Actor, Client
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import CsrfRefused, NotAuthenticated


def client_of(request: Request) -> Client:
    """The caller's address (through as many proxies as are trusted) and program."""
    address = request.client.host if request.client else ""
    hops = get_settings().trusted_proxies
    if hops:
        forwarded = [
            part.strip()
            for part in request.headers.get("x-forwarded-for", "").split(",")
            if part.strip()
        ]
        if len(forwarded) >= hops:
            address = forwarded[-hops]
    return Client(address, request.headers.get("user-agent", ""))


async def current_actor(request: Request) -> Actor:
    """Whoever the cookie stands for. Raises NotAuthenticated."""
    token = request.cookies.get(auth.COOKIE)
    if not token:
        raise NotAuthenticated
    async with unit_of_work(writes=False) as session:
        actor = await auth.resolve(session, token)
    if actor is None:
        raise NotAuthenticated
    return Actor(
        actor.user_id,
        actor.username,
        actor.email,
        actor.role,
        actor.session_id,
        language_of(request.headers),
    )


async def changing_actor(
    request: Request, actor: Annotated[Actor, Depends(current_actor)]
) -> Actor:
    """`current_actor` for calls that change something: with the session's CSRF token."""
    if not auth.csrf_fits(actor.session_id, request.headers.get(auth.CSRF_HEADER)):
        raise CsrfRefused
    return actor


async def administering_reader(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """`current_actor` for admins. Raises NotAllowed."""
    auth.require(actor, "administer")
    return actor


async def administering_changer(actor: Annotated[Actor, Depends(changing_actor)]) -> Actor:
    """`changing_actor` for admins. Raises NotAllowed."""
    auth.require(actor, "administer")
    return actor


def own_page(request: Request) -> None:
    """Refuse a sign-in that another site's page sends (it has no CSRF token yet)."""
    origin = request.headers.get("origin")
    if origin is None or origin in get_settings().origins:
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise CsrfRefused


Reader = Annotated[Actor, Depends(current_actor)]
Changer = Annotated[Actor, Depends(changing_actor)]
AdminReader = Annotated[Actor, Depends(administering_reader)]
AdminChanger = Annotated[Actor, Depends(administering_changer)]
Caller = Annotated[Client, Depends(client_of)]
