"""Where chats are kept: pinned, archived, in a project, tagged, one or many at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.finding import TagView
from llm_ui.services import shelf

router = APIRouter(tags=["chats"])
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=200)]


class Placing(Body):
    """What is to be done with chats; what is left out stays as it is.

    `project` is a project's id, or "" to take them out of theirs. `deleted` false brings
    back what was deleted in the last ten minutes.
    """

    ids: Ids
    pinned: bool | None = None
    archived: bool | None = None
    project: Annotated[str | None, Field(max_length=64)] = None
    add_tag: Annotated[str | None, Field(max_length=200)] = None
    remove_tag: Annotated[str | None, Field(max_length=200)] = None
    deleted: bool | None = None


class Tags(Body):
    """All tags of a chat."""

    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]


class TagList(Paged):
    """Tags, all on one page."""

    items: list[TagView]


@router.post("/chats/place", status_code=204, responses=problems(401, 403, 404, 409, 422))
async def place_chats(body: Placing, actor: Changer) -> None:
    """Pin, archive, move, tag or delete chats: all that is asked for, or nothing of it."""
    async with unit_of_work() as session:
        if body.deleted is False:
            await shelf.restore(session, actor, body.ids)
        if body.archived is not None:
            await shelf.archive(session, actor, body.ids, body.archived)
        if body.pinned is not None:
            await shelf.pin(session, actor, body.ids, body.pinned)
        if body.project is not None:
            await shelf.move(session, actor, body.ids, body.project)
        if body.remove_tag is not None:
            await shelf.tag(session, actor, body.ids, body.remove_tag, False)
        if body.add_tag is not None:
            await shelf.tag(session, actor, body.ids, body.add_tag, True)
        if body.deleted:
            await shelf.delete(session, actor, body.ids)


class ChosenChats(Body):
    """Chats by id."""

    ids: Ids


@router.post("/chats/delete", status_code=204, responses=problems(401, 403, 404, 422))
async def delete_chats(body: ChosenChats, actor: Changer) -> None:
    """Delete chats, all or none; for ten minutes `deleted` false at /chats/place brings them
    back."""
    async with unit_of_work() as session:
        await shelf.delete(session, actor, body.ids)


@router.put("/chats/{chat_id}/tags", responses=problems(401, 403, 404, 409, 422))
async def set_tags(chat_id: str, body: Tags, actor: Changer) -> Tags:
    """Give a chat these tags and no others; they come back as they are kept."""
    async with unit_of_work() as session:
        return Tags(tags=await shelf.set_tags(session, actor, chat_id, body.tags))


@router.get("/tags", responses=problems(401))
async def list_tags(actor: Reader) -> TagList:
    """Your tags, with how many chats bear each; their chats are at /chats?tag=…"""
    async with unit_of_work(writes=False) as session:
        return TagList(items=await shelf.list_tags(session, actor))
