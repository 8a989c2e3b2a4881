"""People and invitations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from llm_ui.api.http.deps import AdminChanger, AdminPerson, AdminReader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.patches import KEPT
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.enums import PersonStatus, UserRole
from llm_ui.schemas.accounts.users import (
    HandedLink,
    PersonFilters,
)
from llm_ui.services.accounts import invitations, users

router = APIRouter(tags=["admin: people"])
Email = Annotated[str, Field(max_length=320, examples=["bob@example.org"])]


class NewPerson(Body):
    """An account to create."""

    email: Email
    username: Annotated[str, Field(max_length=200, examples=["Bob"])]
    role: UserRole = UserRole.USER


class PersonChange(Body):
    """Changes to a user; omit a field to leave it unchanged."""

    username: Annotated[str | None, Field(max_length=200), KEPT] = None
    role: Annotated[UserRole | None, KEPT] = None
    is_active: Annotated[bool | None, KEPT] = None


class Deletion(Body):
    """Confirms the deletion of an account: its email address, and the user to whom its content is
    transferred.

    Without `hand_over_to` (a user's ID), the chats, projects, files and prompts are deleted too.
    """

    email: Email
    hand_over_to: Annotated[str, Field(max_length=64)] = ""


class NewInvitation(Body):
    """An invitation to create. Without `email`, anyone with the link can accept it."""

    email: Annotated[str, Field(max_length=320)] = ""
    role: UserRole = UserRole.USER
    days: Literal[1, 7, 30] = 7


class Person(View):
    """A user. `last_active_at` is null if they have never been active."""

    id: str
    email: str
    username: str
    role: UserRole
    status: PersonStatus
    created_at: str
    last_active_at: OrNull
    chats: int
    tokens: int
    is_self: bool


class PersonList(Paged):
    """A page of users, and the total on all pages."""

    items: list[Person]
    total: int


class MadePerson(View):
    """A new account, and the link with which its owner sets a password."""

    user: Person
    link: HandedLink


class Invitation(View):
    """An open invitation. `email` is null if anyone can accept it."""

    id: str
    email: OrNull
    role: UserRole
    created_by: str
    created_at: str
    expires_at: str


class MadeInvitation(View):
    """A new invitation and its link."""

    invitation: Invitation
    link: HandedLink


class InvitationList(Paged):
    """The open invitations, all on one page."""

    items: list[Invitation]


@router.get("/users")
async def list_users(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Literal["", UserRole.USER, UserRole.ADMIN] = "",
    status: Literal["", PersonStatus.ACTIVE, PersonStatus.WAITING, PersonStatus.DISABLED] = "",
    active_days: Annotated[int, Query(ge=-36_500, le=36_500)] = 0,
    sort: Literal["name", "email", "active", "created"] = "name",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=users.MOST)] = users.PAGE,
) -> PersonList:
    """List users. `q` searches names and email addresses. If `active_days` is 30, only users active
    within the last 30 days are returned; if it is -30, only those who were not."""
    filters = PersonFilters(q, role, status, active_days)
    async with unit_of_work(writes=False) as session:
        page = await users.list_people(
            session, actor, filters, sort=sort, cursor=cursor, limit=limit
        )
    return PersonList.of(page)


@router.post("/users", status_code=201, responses=problems(409))
async def create_user(body: NewPerson, actor: AdminPerson) -> MadePerson:
    """Create an account. Pass the returned link on to its owner, who sets the password with it."""
    async with unit_of_work() as session:
        made = await users.create(
            session, actor, email=body.email, username=body.username, role=body.role
        )
    return MadePerson.of(made)


@router.get("/users/{user_id}", responses=problems(404))
async def get_user(user_id: str, actor: AdminReader) -> Person:
    """Retrieve a user."""
    async with unit_of_work(writes=False) as session:
        return Person.of(await users.get_person(session, actor, user_id))


@router.patch("/users/{user_id}", responses=problems(404, 409))
async def update_user(user_id: str, body: PersonChange, actor: AdminChanger) -> Person:
    """Rename, promote, demote, disable or enable another user. Takes effect immediately."""
    async with unit_of_work() as session:
        changed = await users.change(session, actor, user_id, **body.model_dump())
    return Person.of(changed)


@router.post("/users/{user_id}/reset-link", status_code=201, responses=problems(404, 409))
async def make_reset_link(user_id: str, actor: AdminPerson) -> HandedLink:
    """Create a reset link: a link with which a user can set a new password once, within a day."""
    async with unit_of_work() as session:
        return await users.make_reset_link(session, actor, user_id)


@router.post("/users/{user_id}/delete", status_code=204, responses=problems(404, 409))
async def delete_user(user_id: str, body: Deletion, actor: AdminPerson) -> None:
    """Delete another user's account permanently. You can hand over their content to someone
    else."""
    await users.delete(actor, user_id, email=body.email, hand_over_to=body.hand_over_to)


@router.delete(
    "/users/{user_id}",
    status_code=204,
    deprecated=True,
    responses=problems(404, 409),
)
async def delete_user_with_body(user_id: str, body: Deletion, actor: AdminChanger) -> None:
    """Same as `POST …/delete`: not every client can send a body with DELETE."""
    await users.delete(actor, user_id, email=body.email, hand_over_to=body.hand_over_to)


@router.get("/invitations")
async def list_invitations(actor: AdminReader) -> InvitationList:
    """List the invitations that have not been accepted yet."""
    async with unit_of_work(writes=False) as session:
        found = await invitations.list_open(session, actor)
    return InvitationList(items=[Invitation.of(each) for each in found])


@router.post("/invitations", status_code=201, responses=problems(409))
async def create_invitation(body: NewInvitation, actor: AdminPerson) -> MadeInvitation:
    """Invite someone. The link is returned only this once."""
    async with unit_of_work() as session:
        made = await invitations.invite(
            session, actor, email=body.email, role=body.role, days=body.days
        )
    return MadeInvitation.of(made)


@router.delete("/invitations/{invitation_id}", status_code=204, responses=problems(404))
async def revoke_invitation(invitation_id: str, actor: AdminChanger) -> None:
    """Revoke an invitation."""
    async with unit_of_work() as session:
        await invitations.revoke(session, actor, invitation_id)
