"""Register, sign in, sign out, and retrieve the current session."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from llm_ui import auth
from llm_ui.api.http.deps import Caller, OwnChanger, OwnReader, own_page
from llm_ui.api.http.errors import problems
from llm_ui.api.http.strict import Body
from llm_ui.auth import csrf_token
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import LinkKind
from llm_ui.i18n import COOKIE as LANGUAGE_COOKIE
from llm_ui.schemas.accounts.accounts import LinkView, RegistrationView, SignedIn, UserView
from llm_ui.services.accounts import account, authentication, invitations

router = APIRouter(prefix="/auth", tags=["auth"])
SECONDS_PER_DAY = 86_400
YEAR_S = 365 * SECONDS_PER_DAY


class Registration(Body):
    """A new account. Unless it is created on the server's own machine, the very first account
    requires the `setup_token`: the part after "#" of the setup link printed at startup."""

    email: Annotated[str, Field(max_length=320, examples=["alice@example.org"])]
    username: Annotated[str, Field(max_length=200, examples=["Alice"])]
    password: Annotated[str, Field(max_length=1000)]
    setup_token: Annotated[str, Field(max_length=200)] = ""


class Credentials(Body):
    """Credentials to sign in with."""

    email: Annotated[str, Field(max_length=320, examples=["alice@example.org"])]
    password: Annotated[str, Field(max_length=1000)]


class Confirmation(Body):
    """Your password, for a step-up confirmation."""

    password: Annotated[str, Field(max_length=1000)]


class Confirmed(BaseModel):
    """Until when this session may perform actions that require a step-up confirmation."""

    confirmed_until: datetime


class Token(Body):
    """The token of a link from an administrator: the part after "#"."""

    token: Annotated[str, Field(max_length=200)]


class Joining(Token):
    """A new account created from an invitation. If the invitation is for a certain address, `email`
    can be omitted."""

    email: Annotated[str, Field(max_length=320)] = ""
    username: Annotated[str, Field(max_length=200, examples=["Bob"])]
    password: Annotated[str, Field(max_length=1000)]


class Resetting(Token):
    """A new password set with a reset link. The account's API keys are revoked unless `keep_keys`
    is set."""

    password: Annotated[str, Field(max_length=1000)]
    keep_keys: bool = False


class Me(BaseModel):
    """The signed-in user, and the CSRF token to send with calls that change something. After
    signing in, `theme` is the theme chosen in another browser."""

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
            auth.BROWSER_COOKIE,
            signed_in.browser,
            max_age=YEAR_S,
            httponly=True,
            samesite="lax",
            secure=get_settings().secure_cookies,
            path="/",
        )
    if signed_in.language:
        # The same cookie that the page's own script sets when a language is chosen.
        response.set_cookie(LANGUAGE_COOKIE, signed_in.language, max_age=YEAR_S, samesite="lax")
    response.headers["Cache-Control"] = "no-store"
    return Me(user=signed_in.user, csrf_token=signed_in.csrf_token, theme=signed_in.theme)


@router.post(
    "/register",
    status_code=201,
    dependencies=[Depends(own_page)],
    responses=problems(409, 429),
)
async def register(body: Registration, response: Response, client: Caller) -> Me:
    """Create an account and sign in. The first account becomes an administrator."""
    return _enter(
        response,
        await authentication.register(
            body.email, body.username, body.password, client, body.setup_token
        ),
    )


@router.get("/registration")
async def get_registration(response: Response, client: Caller) -> RegistrationView:
    """Retrieve the registration policy: who may create an account here."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(writes=False) as session:
        return await authentication.registration(session, client)


@router.post("/invitation", dependencies=[Depends(own_page)], responses=problems(404))
async def get_invitation(body: Token) -> LinkView:
    """Retrieve an invitation by the token of its link (the part after "#")."""
    async with unit_of_work(writes=False) as session:
        return await invitations.look(session, body.token, LinkKind.INVITE)


@router.post(
    "/invitation/accept",
    status_code=201,
    dependencies=[Depends(own_page)],
    responses=problems(404, 409, 429),
)
async def accept_invitation(body: Joining, response: Response, client: Caller) -> Me:
    """Accept an invitation: create an account and sign in."""
    return _enter(
        response,
        await invitations.accept(body.token, body.email, body.username, body.password, client),
    )


@router.post("/reset", dependencies=[Depends(own_page)], responses=problems(404))
async def get_reset(body: Token) -> LinkView:
    """Retrieve whose password a reset link sets, by its token (the part after "#")."""
    async with unit_of_work(writes=False) as session:
        return await invitations.look(session, body.token, LinkKind.RESET)


@router.post("/reset/accept", dependencies=[Depends(own_page)], responses=problems(404))
async def accept_reset(body: Resetting, response: Response, client: Caller) -> Me:
    """Set a new password with a reset link and sign in. Every other browser is signed out."""
    signed_in = await invitations.reset(body.token, body.password, client, keep_keys=body.keep_keys)
    return _enter(response, signed_in)


@router.post("/login", dependencies=[Depends(own_page)], responses=problems(401, 429))
async def login(body: Credentials, response: Response, client: Caller) -> Me:
    """Sign in. The response sets the session cookie."""
    return _enter(response, await authentication.log_in(body.email, body.password, client))


@router.post("/confirm")
async def confirm_password(body: Confirmation, actor: OwnChanger, client: Caller) -> Confirmed:
    """Confirm your password. Creating administrators, downloading backups and deleting users
    return 403 `password_needed` unless this session confirmed its password within the last ten
    minutes."""
    until = await account.confirm(actor, body.password, client)
    return Confirmed(confirmed_until=until)


@router.post("/logout", status_code=204)
async def logout(response: Response, actor: OwnChanger) -> None:
    """Sign out. Open tabs of the session are disconnected immediately."""
    await authentication.log_out(actor)
    response.delete_cookie(**auth.cookie_options())


@router.get("/me")
async def get_session(response: Response, actor: OwnReader) -> Me:
    """Retrieve the signed-in user."""
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(writes=False) as session:
        user = await authentication.own_view(session, actor)
    return Me(user=user, csrf_token=csrf_token(actor.session_id))
