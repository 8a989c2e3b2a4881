"""Organize chats, one or many at once: pin, archive, move to a project, tag."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.patches import KEPT
from llm_ui.api.http.responses import Paged
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.errors import named_by
from llm_ui.schemas.chats.finding import TagView
from llm_ui.services.chats import organize

router = APIRouter(tags=["chats"])
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=200)]


class OrganizeBody(Body):
    """Changes to make to the chats; omit a field to leave it unchanged.

    `project_id` is a project's ID, or null to take the chats out of their projects. Setting
    `deleted` to false restores chats that were deleted within the last ten minutes.
    """

    ids: Ids
    pinned: Annotated[bool | None, KEPT] = None
    archived: Annotated[bool | None, KEPT] = None
    project_id: Annotated[str | None, Field(max_length=64)] = None
    add_tag: Annotated[str | None, Field(max_length=200), KEPT] = None
    remove_tag: Annotated[str | None, Field(max_length=200), KEPT] = None
    deleted: Annotated[bool | None, KEPT] = None


class Tags(Body):
    """All tags of a chat."""

    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]


class TagList(Paged):
    """All tags, on one page."""

    items: list[TagView]


@router.post("/chats/organize", status_code=204, responses=problems(404, 409))
async def organize_chats(body: OrganizeBody, actor: Changer) -> None:
    """Pin, archive, move, tag or delete several chats. Either every change is made, or none is."""
    async with unit_of_work() as session:
        with named_by("ids"):
            if body.deleted is False:
                await organize.restore(session, actor, body.ids)
            if body.archived is not None:
                await organize.archive(session, actor, body.ids, body.archived)
            if body.pinned is not None:
                await organize.pin(session, actor, body.ids, body.pinned)
            if "project_id" in body.model_fields_set:
                await organize.move(session, actor, body.ids, body.project_id)
            if body.remove_tag is not None:
                await organize.tag(session, actor, body.ids, body.remove_tag, False)
            if body.add_tag is not None:
                await organize.tag(session, actor, body.ids, body.add_tag, True)
            if body.deleted:
                await organize.delete(session, actor, body.ids)


class ChatIds(Body):
    """Chats, by their IDs."""

    ids: Ids


@router.post("/chats/delete", status_code=204, responses=problems(404))
async def delete_chats(body: ChatIds, actor: Changer) -> None:
    """Delete several chats, all or none. For ten minutes, you can restore them by sending `deleted`
    as false to /chats/organize."""
    async with unit_of_work() as session:
        with named_by("ids"):
            await organize.delete(session, actor, body.ids)


@router.put("/chats/{chat_id}/tags", responses=problems(404, 409))
async def set_tags(chat_id: str, body: Tags, actor: Changer) -> Tags:
    """Replace all tags of a chat. Returns the tags as they were stored."""
    async with unit_of_work() as session:
        return Tags(tags=await organize.set_tags(session, actor, chat_id, body.tags))


@router.get("/tags")
async def list_tags(actor: Reader) -> TagList:
    """List your tags, with the number of chats that have each tag. List the chats of a tag at
    /chats?tag=…"""
    async with unit_of_work(writes=False) as session:
        return TagList(items=await organize.list_tags(session, actor))
