"""Who calls: the one place where REST learns it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from llm_ui import auth
from llm_ui.api import rates
from llm_ui.api.errors import language_of
from llm_ui.api.idempotency import claim
from llm_ui.auth import Actor, Client
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import CsrfRefused, NotAuthenticated


def client_of(request: Request) -> Client:
    """The caller's address (see TrueAddress in api/callers.py) and program."""
    address = request.client.host if request.client else ""
    return auth.client_of(address, request.headers)


async def current_actor(request: Request, client: Annotated[Client, Depends(client_of)]) -> Actor:
    """Whoever calls: the owner of the API key in `Authorization: Bearer …`, else whoever the
    cookie stands for. The one place where it is decided.

    Raises:
        NotAuthenticated: neither opens anything, or more than one key was sent.
        TooManyRequests: too much from this person, this key or, with what opens nothing,
            this address.
    """
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise NotAuthenticated
    if given:
        found = await _by_key(given[0])
    else:
        found = await _by_cookie(request.cookies.get(auth.cookie_name()))
    if found is None:
        rates.refused(client.address)
        raise NotAuthenticated("error.key_invalid") if given else NotAuthenticated()
    rates.called(found.user_id, found.key_id, request.scope)
    return replace(found, language=language_of(request.headers))


async def _by_cookie(token: str | None) -> Actor | None:
    if not token:
        raise NotAuthenticated
    async with unit_of_work(writes=False) as session:
        return await auth.resolve(session, token)


async def _by_key(header: str) -> Actor | None:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    async with unit_of_work(writes=False) as session:
        found = await auth.resolve_key(session, key.strip())
    if found is not None:
        await auth.note_use(found.key_id)
    return found


async def changer(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """`current_actor` for calls that change something: with a key that may, or with the
    session's CSRF token. What a call may need beyond that, it asks before `claim`."""
    auth.require(actor, "chat")
    if not actor.key_id and not auth.csrf_fits(
        actor.session_id, request.headers.get(auth.CSRF_HEADER)
    ):
        raise CsrfRefused
    return actor


async def changing_actor(request: Request, actor: Annotated[Actor, Depends(changer)]) -> Actor:
    """`changer`, with the call taken: one with an `Idempotency-Key` is done once."""
    await claim(request, actor)
    return actor


async def own_reader(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """`current_actor` for what no key opens: one's own account."""
    auth.require(actor, "own_account")
    return actor


async def own_changer(request: Request, actor: Annotated[Actor, Depends(changer)]) -> Actor:
    """`changing_actor` for what no key opens: one's own account."""
    auth.require(actor, "own_account")
    await claim(request, actor)
    return actor


async def administering_reader(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """`current_actor` for admins. Raises NotAllowed."""
    auth.require(actor, "administer")
    return actor


async def administering_changer(
    request: Request, actor: Annotated[Actor, Depends(changer)]
) -> Actor:
    """`changing_actor` for admins. Raises NotAllowed."""
    auth.require(actor, "administer")
    await claim(request, actor)
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
OwnReader = Annotated[Actor, Depends(own_reader)]
OwnChanger = Annotated[Actor, Depends(own_changer)]
AdminReader = Annotated[Actor, Depends(administering_reader)]
AdminChanger = Annotated[Actor, Depends(administering_changer)]
Caller = Annotated[Client, Depends(client_of)]
