"""Register, sign in, sign out, and who am I."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from llm_ui import auth
from llm_ui.api.deps import Caller, OwnChanger, OwnReader, own_page
from llm_ui.api.errors import problems
from llm_ui.api.strict import Body
from llm_ui.auth import csrf_token
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.i18n import COOKIE as LANGUAGE_COOKIE
from llm_ui.schemas.accounts import DoorView, LinkView, SignedIn, UserView
from llm_ui.services import accounts, invitations, profile

router = APIRouter(prefix="/auth", tags=["auth"])
SECONDS_PER_DAY = 86_400
YEAR_S = 365 * SECONDS_PER_DAY


class Registration(Body):
    """A new account. The very first one, if it is not made at the server's own machine, takes the
    `setup_token` that stands behind the "#" of the link that the start shows."""

    email: Annotated[str, Field(max_length=320, examples=["alice@example.org"])]
    username: Annotated[str, Field(max_length=200, examples=["Alice"])]
    password: Annotated[str, Field(max_length=1000)]
    setup_token: Annotated[str, Field(max_length=200)] = ""


class Credentials(Body):
    """A sign-in."""

    email: Annotated[str, Field(max_length=320, examples=["alice@example.org"])]
    password: Annotated[str, Field(max_length=1000)]


class Confirmation(Body):
    """Your password, once more."""

    password: Annotated[str, Field(max_length=1000)]


class Confirmed(BaseModel):
    """Until when this session may do what asks for the password."""

    confirmed_until: datetime


class Token(Body):
    """What stands behind the "#" of a link that an administrator handed over."""

    token: Annotated[str, Field(max_length=200)]


class Joining(Token):
    """A new account by an invitation; one for a certain address needs no `email`."""

    email: Annotated[str, Field(max_length=320)] = ""
    username: Annotated[str, Field(max_length=200, examples=["Bob"])]
    password: Annotated[str, Field(max_length=1000)]


class Resetting(Token):
    """A new password by a link. The account's API keys end, unless `keep_keys` says otherwise."""

    password: Annotated[str, Field(max_length=1000)]
    keep_keys: bool = False


class Me(BaseModel):
    """The person signed in, and the token for calls that change something. After signing
    in, `theme` is what they chose in another browser."""

    user: UserView
    csrf_token: str
    theme: str = ""


def _enter(response: Response, signed_in: SignedIn) -> Me:
    response.set_cookie(
        value=signed_in.token,
        max_age=get_settings().session_days * SECONDS_PER_DAY,
        **auth.cookie_options(),
    )
    if signed_in.browser:
        response.set_cookie(
            auth.BROWSER_COOKIE, signed_in.browser, max_age=YEAR_S, httponly=True, samesite="lax",
            secure=get_settings().secure_cookies, path="/",
        )  # fmt: skip
    if signed_in.language:
        # What the page's own script sets when a language is chosen there.
        response.set_cookie(LANGUAGE_COOKIE, signed_in.language, max_age=YEAR_S, samesite="lax")
    response.headers["Cache-Control"] = "no-store"
    return Me(user=signed_in.user, csrf_token=signed_in.csrf_token, theme=signed_in.theme)


@router.post(
    "/register", status_code=201, dependencies=[Depends(own_page)],
    responses=problems(403, 409, 422, 429),
)  # fmt: skip
async def register(body: Registration, response: Response, client: Caller) -> Me:
    """Make an account and sign in; the first account becomes the admin."""
    return _enter(
        response,
        await accounts.register(body.email, body.username, body.password, client, body.setup_token),
    )


@router.get("/door")
async def door(response: Response, client: Caller) -> DoorView:
    """Who may make an account here."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(writes=False) as session:
        return await accounts.door(session, client)


@router.post("/invitation", dependencies=[Depends(own_page)], responses=problems(403, 404, 422))
async def look_at_invitation(body: Token) -> LinkView:
    """What an invitation's link is for, by the token behind its "#"."""
    async with unit_of_work(writes=False) as session:
        return await invitations.look(session, body.token, "invite")


@router.post(
    "/invitation/accept", status_code=201, dependencies=[Depends(own_page)],
    responses=problems(403, 404, 409, 422, 429),
)  # fmt: skip
async def accept_invitation(body: Joining, response: Response, client: Caller) -> Me:
    """Make an account by an invitation, and sign in."""
    return _enter(
        response,
        await invitations.accept(body.token, body.email, body.username, body.password, client),
    )


@router.post("/reset", dependencies=[Depends(own_page)], responses=problems(403, 404, 422))
async def look_at_reset(body: Token) -> LinkView:
    """Whose password a link sets, by the token behind its "#"."""
    async with unit_of_work(writes=False) as session:
        return await invitations.look(session, body.token, "reset")


@router.post("/reset/accept", dependencies=[Depends(own_page)], responses=problems(403, 404, 422))
async def accept_reset(body: Resetting, response: Response, client: Caller) -> Me:
    """Set a new password and sign in; every other browser is signed out."""
    signed_in = await invitations.reset(body.token, body.password, client, keep_keys=body.keep_keys)
    return _enter(response, signed_in)


@router.post("/login", dependencies=[Depends(own_page)], responses=problems(401, 403, 422, 429))
async def login(body: Credentials, response: Response, client: Caller) -> Me:
    """Sign in; the answer sets the session's cookie."""
    return _enter(response, await accounts.log_in(body.email, body.password, client))


@router.post("/confirm", responses=problems(401, 403, 422, 429))
async def confirm(body: Confirmation, actor: OwnChanger, client: Caller) -> Confirmed:
    """Type your password once more. What makes administrators, takes backups away or deletes
    people answers 403 `password_needed` until this was done, for ten minutes in this session."""
    until = await profile.confirm(actor, body.password, client)
    return Confirmed(confirmed_until=until)


@router.post("/logout", status_code=204, responses=problems(401, 403))
async def logout(response: Response, actor: OwnChanger) -> None:
    """Sign out; the session's open tabs end at once."""
    await accounts.log_out(actor)
    response.delete_cookie(**auth.cookie_options())


@router.get("/me", responses=problems(401))
async def me(response: Response, actor: OwnReader) -> Me:
    """Who is signed in."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(writes=False) as session:
        user = await accounts.own_view(session, actor)
    return Me(user=user, csrf_token=csrf_token(actor.session_id))
