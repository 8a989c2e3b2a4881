"""People and invitations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminChanger, AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.patches import KEPT
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.people import (
    HandedLink,
    InvitationItem,
    Invited,
    PersonFilters,
    PersonItem,
)
from llm_ui.services import invitations, people

router = APIRouter(tags=["admin: people"])
Role = Literal["user", "admin"]
Email = Annotated[str, Field(max_length=320, examples=["bob@example.org"])]


class NewPerson(Body):
    """An account to make."""

    email: Email
    username: Annotated[str, Field(max_length=200, examples=["Bob"])]
    role: Role = "user"


class PersonChange(Body):
    """What changes; what is left out stays as it is."""

    username: Annotated[str | None, Field(max_length=200), KEPT] = None
    role: Annotated[Role | None, KEPT] = None
    is_active: Annotated[bool | None, KEPT] = None


class Deletion(Body):
    """To delete an account: its e-mail, and who gets what its owner made.

    Without `hand_over_to` (somebody's id) chats, projects, files and prompts go too.
    """

    email: Email
    hand_over_to: Annotated[str, Field(max_length=64)] = ""


class NewInvitation(Body):
    """An invitation; without an `email` whoever has its link may take it up."""

    email: Annotated[str, Field(max_length=320)] = ""
    role: Role = "user"
    days: Literal[1, 7, 30] = 7


class Person(BaseModel):
    """Somebody with an account; `last_active_at` is null for whoever has not been here yet."""

    id: str
    email: str
    username: str
    role: str
    state: str
    created_at: str
    last_active_at: str | None
    chats: int
    tokens: int
    is_self: bool


class PersonList(Paged):
    """A page of people, and how many there are on all pages."""

    items: list[Person]
    total: int


class MadePerson(BaseModel):
    """A new account, and the link by which its owner sets their password."""

    user: Person
    link: HandedLink


class InvitationList(Paged):
    """The open invitations, all on one page."""

    items: list[InvitationItem]


def person_of(item: PersonItem) -> Person:
    """A person as they are told."""
    told = asdict(item)
    return Person(**told | {"last_active_at": item.last_active_at or None})


@router.get("/users", responses=problems(401, 403, 422))
async def list_users(
    actor: AdminReader,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Literal["", "user", "admin"] = "",
    state: Literal["", "active", "waiting", "disabled"] = "",
    active_days: Annotated[int, Query(ge=-36_500, le=36_500)] = 0,
    sort: Literal["name", "email", "active", "created"] = "name",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=people.MOST)] = people.PAGE,
) -> PersonList:
    """People, by words of their name or e-mail. `active_days` 30 means active within 30 days,
    -30 not within them."""
    filters = PersonFilters(q, role, state, active_days)
    async with unit_of_work(writes=False) as session:
        page = await people.list_people(
            session, actor, filters, sort=sort, cursor=cursor, limit=limit
        )
    return PersonList(
        items=[person_of(each) for each in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.post("/users", status_code=201, responses=problems(401, 403, 409, 422))
async def create_user(body: NewPerson, actor: AdminChanger) -> MadePerson:
    """Make an account; hand the link over, by which its owner sets the password."""
    async with unit_of_work() as session:
        made = await people.create(
            session, actor, email=body.email, username=body.username, role=body.role
        )
    return MadePerson(user=person_of(made.user), link=made.link)


@router.get("/users/{user_id}", responses=problems(401, 403, 404))
async def get_user(user_id: str, actor: AdminReader) -> Person:
    """One person."""
    async with unit_of_work(writes=False) as session:
        return person_of(await people.get_person(session, actor, user_id))


@router.patch("/users/{user_id}", responses=problems(401, 403, 404, 409, 422))
async def change_user(user_id: str, body: PersonChange, actor: AdminChanger) -> Person:
    """Rename, promote, demote, disable or enable somebody else; it holds at once."""
    async with unit_of_work() as session:
        changed = await people.change(session, actor, user_id, **body.model_dump())
    return person_of(changed)


@router.post("/users/{user_id}/reset-link", status_code=201, responses=problems(401, 403, 404, 409))
async def make_reset_link(user_id: str, actor: AdminChanger) -> HandedLink:
    """A link by which somebody sets a new password, once, within a day."""
    async with unit_of_work() as session:
        return await people.make_reset_link(session, actor, user_id)


@router.delete("/users/{user_id}", status_code=204, responses=problems(401, 403, 404, 409, 422))
async def delete_user(user_id: str, body: Deletion, actor: AdminChanger) -> None:
    """Delete somebody else's account for good, or hand over what they made."""
    await people.delete(actor, user_id, email=body.email, hand_over_to=body.hand_over_to)


@router.get("/invitations", responses=problems(401, 403))
async def list_invitations(actor: AdminReader) -> InvitationList:
    """Invitations that nobody has taken up yet."""
    async with unit_of_work(writes=False) as session:
        return InvitationList(items=await invitations.list_open(session, actor))


@router.post("/invitations", status_code=201, responses=problems(401, 403, 409, 422))
async def invite(body: NewInvitation, actor: AdminChanger) -> Invited:
    """Invite somebody; the link is told this once."""
    async with unit_of_work() as session:
        return await invitations.invite(
            session, actor, email=body.email, role=body.role, days=body.days
        )


@router.delete("/invitations/{invitation_id}", status_code=204, responses=problems(401, 403, 404))
async def revoke_invitation(invitation_id: str, actor: AdminChanger) -> None:
    """Withdraw an invitation."""
    async with unit_of_work() as session:
        await invitations.revoke(session, actor, invitation_id)
