"""Your own account: profile, password, where you are signed in, everything you own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from llm_ui import auth
from llm_ui.api.answers import Paged
from llm_ui.api.chats import ModelName
from llm_ui.api.deps import Caller, OwnChanger, OwnReader
from llm_ui.api.errors import problems
from llm_ui.api.jobs import Job, job_of
from llm_ui.api.openapi import ARCHIVE, gives
from llm_ui.api.patches import KEPT
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.account import AccountChange, AccountView, BrowserItem
from llm_ui.services import export, exports, profile, sessions

router = APIRouter(prefix="/account", tags=["account"])
Password = Annotated[str, Field(max_length=1000)]


class Changes(Body):
    """What to change; what is left out stays, null (or an empty text) takes a choice back. A new
    e-mail needs your `password`."""

    username: Annotated[str | None, Field(max_length=200), KEPT] = None
    email: Annotated[str | None, Field(max_length=320), KEPT] = None
    password: Password = ""
    theme: Literal["", "system", "light", "dark"] | None = None
    language: Literal["", "en", "de"] | None = None
    default_model_id: ModelName | None = None
    default_prompt_id: Annotated[str | None, Field(max_length=64)] = None
    auto_titles: Annotated[bool | None, KEPT] = None


class NewPassword(Body):
    """Another password."""

    current: Password
    new: Password


class Ended(BaseModel):
    """How many other browsers were signed out."""

    ended: int


class Leaving(Body):
    """To delete your account: your password, and the word `delete`."""

    password: Password
    confirm: Annotated[str, Field(max_length=100, examples=["delete"])]


class SessionList(Paged):
    """Where you are signed in, all on one page."""

    items: list[BrowserItem]


@router.get("", responses=problems(401))
async def get_account(actor: OwnReader) -> AccountView:
    """Your account."""
    async with unit_of_work(writes=False) as session:
        return await profile.get_own(session, actor)


@router.patch("", responses=problems(401, 403, 404, 409, 422, 429))
async def change_account(body: Changes, actor: OwnChanger, client: Caller) -> AccountView:
    """Change your account."""
    told = body.model_dump(exclude_unset=True, exclude={"password"})
    cleared = {name: "" for name, value in told.items() if value is None}
    wanted = AccountChange(**{**told, **cleared})
    return await profile.change(actor, wanted, client, body.password)


@router.post("/password", responses=problems(401, 403, 422, 429))
async def change_password(body: NewPassword, actor: OwnChanger, client: Caller) -> Ended:
    """Take another password; every other browser is signed out."""
    ended = await profile.change_password(actor, body.current, body.new, client)
    return Ended(ended=ended)


@router.get("/sessions", responses=problems(401))
async def list_sessions(actor: OwnReader) -> SessionList:
    """Where you are signed in."""
    async with unit_of_work(writes=False) as session:
        return SessionList(items=await sessions.list_own(session, actor))


@router.delete("/sessions", responses=problems(401, 403))
async def end_other_sessions(actor: OwnChanger) -> Ended:
    """Sign out everywhere but here."""
    async with unit_of_work() as session:
        return Ended(ended=await sessions.end_others(session, actor))


@router.delete("/sessions/{session_id}", status_code=204, responses=problems(401, 403, 404))
async def end_session(session_id: str, actor: OwnChanger) -> None:
    """Sign one browser out."""
    async with unit_of_work() as session:
        await sessions.end_one(session, actor, session_id)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={**gives(*ARCHIVE), **problems(401)},
)
async def export_all(actor: OwnReader) -> StreamingResponse:
    """Everything you own, as a ZIP: chats, prompts, projects, files, usage."""
    headers = {
        "Content-Disposition": f'attachment; filename="{export.archive_name(datetime.now(UTC))}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(export.archive(actor), media_type="application/zip", headers=headers)


@router.post("/export", status_code=202, responses=problems(401, 403))
async def prepare_export(actor: OwnChanger) -> Job:
    """Have the same ZIP prepared in the background; the job's `link` gives it for a day."""
    async with unit_of_work() as session:
        return job_of(await exports.ask(session, actor))


@router.post("/delete", status_code=204, responses=problems(401, 403, 409, 422, 429))
async def delete_account(
    body: Leaving, response: Response, actor: OwnChanger, client: Caller
) -> None:
    """Delete your account and everything in it, for good."""
    await profile.delete_own(actor, body.password, body.confirm, client)
    response.delete_cookie(**auth.cookie_options())
