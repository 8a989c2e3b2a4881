"""Your own account: profile, password, sessions, and an archive of everything you own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from llm_ui import auth
from llm_ui.api.chats.chats import ModelName
from llm_ui.api.http.deps import Caller, OwnChanger, OwnReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.patches import KEPT
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.api.openapi.document import ARCHIVE, gives
from llm_ui.api.operations.jobs import Job
from llm_ui.db import unit_of_work
from llm_ui.enums import Theme
from llm_ui.i18n import LANGUAGES
from llm_ui.schemas.accounts.account import AccountChange
from llm_ui.services.accounts import account, export, export_jobs, sessions

router = APIRouter(prefix="/account", tags=["account"])
Password = Annotated[str, Field(max_length=1000)]
if TYPE_CHECKING:
    LanguageName = str
else:
    # Built at runtime, which a type checker can't follow.
    LanguageName = Literal["", *LANGUAGES]


class Changes(Body):
    """Changes to your account: omit a field to keep it, send null or an empty string to reset a
    choice. A new email address requires your `password`."""

    username: Annotated[str | None, Field(max_length=200), KEPT] = None
    email: Annotated[str | None, Field(max_length=320), KEPT] = None
    password: Password = ""
    theme: Literal["", Theme.SYSTEM, Theme.LIGHT, Theme.DARK] | None = None
    language: LanguageName | None = None
    default_model_id: ModelName | None = None
    default_prompt_id: Annotated[str | None, Field(max_length=64)] = None
    auto_titles: Annotated[bool | None, KEPT] = None


class NewPassword(Body):
    """A new password, and the current one."""

    current: Password
    new: Password


class Ended(BaseModel):
    """The number of other sessions that were ended."""

    ended: int


class Leaving(Body):
    """Confirms that you want to delete your account: your password and the word `delete`."""

    password: Password
    confirm: Annotated[str, Field(max_length=100, examples=["delete"])]


class Account(View):
    """Your account. Settings that you have not chosen are null."""

    username: str
    email: str
    theme: OrNull
    language: OrNull
    default_model_id: OrNull
    default_prompt_id: OrNull
    auto_titles: bool
    created_at: str


class Browser(View):
    """One of your sessions: a browser in which you are signed in."""

    id: str
    program: OrNull
    system: OrNull
    address: str
    created_at: str
    last_seen_at: str
    is_current: bool


class SessionList(Paged):
    """Your sessions, all on one page."""

    items: list[Browser]


@router.get("")
async def get_account(actor: OwnReader) -> Account:
    """Retrieve your account."""
    async with unit_of_work(writes=False) as session:
        return Account.of(await account.get_own(session, actor))


@router.patch("", responses=problems(404, 409))
async def update_account(body: Changes, actor: OwnChanger, client: Caller) -> Account:
    """Update your account."""
    told = body.model_dump(exclude_unset=True, exclude={"password"})
    cleared = {name: "" for name, value in told.items() if value is None}
    wanted = AccountChange(**{**told, **cleared})
    return Account.of(await account.change(actor, wanted, client, body.password))


@router.post("/password")
async def change_password(body: NewPassword, actor: OwnChanger, client: Caller) -> Ended:
    """Change your password. Every other browser is signed out."""
    ended = await account.change_password(actor, body.current, body.new, client)
    return Ended(ended=ended)


@router.get("/sessions")
async def list_sessions(actor: OwnReader) -> SessionList:
    """List your sessions: the browsers in which you are signed in."""
    async with unit_of_work(writes=False) as session:
        found = await sessions.list_own(session, actor)
    return SessionList(items=[Browser.of(each) for each in found])


@router.delete("/sessions")
async def end_other_sessions(actor: OwnChanger) -> Ended:
    """End all of your sessions except this one."""
    async with unit_of_work() as session:
        return Ended(ended=await sessions.end_others(session, actor))


@router.delete("/sessions/{session_id}", status_code=204, responses=problems(404))
async def end_session(session_id: str, actor: OwnChanger) -> None:
    """End one of your sessions."""
    async with unit_of_work() as session:
        await sessions.end_one(session, actor, session_id)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=gives(*ARCHIVE),
)
async def export_all(actor: OwnReader) -> StreamingResponse:
    """Download everything you own as a ZIP: chats, prompts, projects, files and usage."""
    headers = {
        "Content-Disposition": f'attachment; filename="{export.archive_name(datetime.now(UTC))}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(export.archive(actor), media_type="application/zip", headers=headers)


@router.post("/export", status_code=202)
async def prepare_export(actor: OwnChanger) -> Job:
    """Start a job that prepares the same ZIP archive in the background. The job's `link` is valid
    for one day."""
    async with unit_of_work() as session:
        return Job.of(await export_jobs.ask(session, actor))


@router.post("/delete", status_code=204, responses=problems(409))
async def delete_account(
    body: Leaving, response: Response, actor: OwnChanger, client: Caller
) -> None:
    """Delete your account and everything in it permanently."""
    await account.delete_own(actor, body.password, body.confirm, client)
    response.delete_cookie(**auth.cookie_options())
