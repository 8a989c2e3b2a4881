"""Authentication of REST calls, in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request

from llm_ui import auth
from llm_ui.api.http import rate_limits
from llm_ui.api.http.errors import is_own_origin, language_of
from llm_ui.api.http.idempotency import claim
from llm_ui.auth import Actor, Client
from llm_ui.db import unit_of_work
from llm_ui.errors import CsrfRefused, NotAuthenticated


def client_of(request: Request) -> Client:
    """The caller's address (see TrueAddress in api/http/callers.py) and program."""
    address = request.client.host if request.client else ""
    return auth.client_of(address, request.headers)


async def current_actor(request: Request, client: Annotated[Client, Depends(client_of)]) -> Actor:
    """The caller: the owner of the API key in `Authorization: Bearer …`, or else the user whose
    session cookie was sent. Only this function authenticates REST calls.

    Raises:
        NotAuthenticated: neither is valid, or more than one key was sent.
        TooManyRequests: the rate limit of this user or key is exceeded or, for invalid
            credentials, that of this address.
    """
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise NotAuthenticated
    if given:
        found = await _by_key(given[0])
    else:
        found = await _by_cookie(auth.cookie(request.headers.get("cookie", ""), auth.cookie_name()))
    if found is None:
        rate_limits.refused(client.address, request.scope)
        raise NotAuthenticated("error.key_invalid") if given else NotAuthenticated()
    rate_limits.called(found.user_id, found.key_id, request.scope)
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
    """`current_actor` for calls that change something: requires a key with the `chat` scope, or the
    session's CSRF token. Routes check any further permission before `claim`."""
    auth.require(actor, "chat")
    if not actor.key_id and not auth.csrf_fits(
        actor.session_id, request.headers.get(auth.CSRF_HEADER)
    ):
        raise CsrfRefused
    return actor


async def changing_actor(request: Request, actor: Annotated[Actor, Depends(changer)]) -> Actor:
    """`changer` that also claims the call: with an `Idempotency-Key`, it is executed only once."""
    await claim(request, actor)
    return actor


async def own_reader(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """`current_actor` for one's own account, which API keys can't access."""
    auth.require(actor, "own_account")
    return actor


async def own_changer(request: Request, actor: Annotated[Actor, Depends(changer)]) -> Actor:
    """`changing_actor` for one's own account, which API keys can't access."""
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


async def administering_person(
    request: Request, actor: Annotated[Actor, Depends(changer)]
) -> Actor:
    """`administering_changer` for accounts, which API keys can't access. Raises NotAllowed."""
    auth.require(actor, "administer")
    auth.require_person(actor)
    await claim(request, actor)
    return actor


def own_page(request: Request) -> None:
    """Refuse sign-ins sent by another site's page (there is no CSRF token yet).

    These calls take no key: a request with an Authorization header doesn't come from one of our
    pages.
    """
    headers = request.headers
    if "authorization" in headers:
        raise CsrfRefused("error.key_signs_in")
    origin = headers.get("origin")
    is_foreign = origin is not None and not is_own_origin(origin, headers.get("host", ""))
    if is_foreign or headers.get("sec-fetch-site") == "cross-site":
        raise CsrfRefused("error.foreign_page")


Reader = Annotated[Actor, Depends(current_actor)]
Changer = Annotated[Actor, Depends(changing_actor)]
OwnReader = Annotated[Actor, Depends(own_reader)]
OwnChanger = Annotated[Actor, Depends(own_changer)]
AdminReader = Annotated[Actor, Depends(administering_reader)]
AdminChanger = Annotated[Actor, Depends(administering_changer)]
AdminPerson = Annotated[Actor, Depends(administering_person)]
Caller = Annotated[Client, Depends(client_of)]
