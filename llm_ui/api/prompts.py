"""The prompt library."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from llm_ui.api.answers import Paged
from llm_ui.api.deps import Changer, Reader
from llm_ui.api.errors import problems
from llm_ui.api.etags import If
from llm_ui.api.patches import KEPT, given
from llm_ui.api.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.prompts import PromptDraft, PromptItem, PromptView
from llm_ui.services import prompts

router = APIRouter(prefix="/prompts", tags=["prompts"])
Limit = Annotated[int, Query(ge=1, le=200)]


class PromptBody(Body):
    """A prompt to keep. Names in {{braces}} are asked for when it is used."""

    name: Annotated[str, Field(max_length=1000, examples=["Friendly e-mail"])]
    text: Annotated[str, Field(max_length=200_000, examples=["Write an e-mail to {{person}}."])]
    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = []
    public: bool = False


class PromptChange(Body):
    """What is to be changed of a prompt; what is left out stays, null clears. `tags` are all of
    them."""

    name: Annotated[str | None, Field(max_length=1000), KEPT] = None
    text: Annotated[str | None, Field(max_length=200_000), KEPT] = None
    tags: Annotated[list[Annotated[str, Field(max_length=200)]] | None, Field(max_length=50)] = None
    public: Annotated[bool | None, KEPT] = None


class Prompt(BaseModel):
    """A prompt with its whole text. `owner` is null for your own."""

    id: str
    name: str
    text: str
    tags: list[str]
    variables: list[str]
    public: bool
    own: bool
    owner: str | None
    updated_at: str


class PromptSummary(BaseModel):
    """A prompt in a list, with the beginning of its text."""

    id: str
    name: str
    excerpt: str
    tags: list[str]
    variables: list[str]
    public: bool
    own: bool
    owner: str | None
    updated_at: str


class PromptList(Paged):
    """A page of prompts."""

    items: list[PromptSummary]


def _draft(body: PromptBody) -> PromptDraft:
    return PromptDraft(body.name, body.text, tuple(body.tags), body.public)


def _summary(item: PromptItem) -> PromptSummary:
    return PromptSummary(
        id=item.id,
        name=item.name,
        excerpt=item.excerpt,
        tags=item.tags,
        variables=item.variables,
        public=item.is_public,
        own=item.is_own,
        owner=item.owner or None,
        updated_at=item.updated_at,
    )


def _prompt(view: PromptView) -> Prompt:
    return Prompt(**_summary(view.item).model_dump(exclude={"excerpt"}), text=view.text)


@router.get("", responses=problems(401, 422))
async def list_prompts(
    actor: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> PromptList:
    """Your prompts and public ones of others, the last changed first."""
    async with unit_of_work(writes=False) as session:
        page = await prompts.list_prompts(
            session, actor, query=q, tag=tag, cursor=cursor, limit=limit
        )
    return PromptList(items=[_summary(each) for each in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, responses=problems(401, 403, 409, 422))
async def create_prompt(body: PromptBody, actor: Changer) -> Prompt:
    """Keep a new prompt."""
    async with unit_of_work() as session:
        return _prompt(await prompts.create_prompt(session, actor, _draft(body)))


@router.get("/{prompt_id}", responses=problems(401, 404))
async def get_prompt(prompt_id: str, actor: Reader, wanted: If) -> Prompt:
    """A prompt with its text."""
    async with unit_of_work(writes=False) as session:
        found = _prompt(await prompts.get_prompt(session, actor, prompt_id))
    wanted.answer(found)
    return found


@router.put("/{prompt_id}", responses=problems(401, 403, 404, 422))
async def update_prompt(prompt_id: str, body: PromptBody, actor: Changer, wanted: If) -> Prompt:
    """Write a prompt of your own anew."""
    async with unit_of_work() as session:
        if wanted.guards:
            wanted.require(_prompt(await prompts.get_for_change(session, actor, prompt_id)))
        changed = _prompt(await prompts.update_prompt(session, actor, prompt_id, _draft(body)))
    wanted.mark(changed)
    return changed


@router.patch("/{prompt_id}", responses=problems(401, 403, 404, 422))
async def change_prompt(prompt_id: str, body: PromptChange, actor: Changer, wanted: If) -> Prompt:
    """Change a prompt of your own."""
    async with unit_of_work() as session:
        now = await prompts.get_for_change(session, actor, prompt_id)
        wanted.require(_prompt(now))
        draft = PromptDraft(
            now.item.name if body.name is None else body.name,
            now.text if body.text is None else body.text,
            tuple(given(body, "tags", []) if "tags" in body.model_fields_set else now.item.tags),
            now.item.is_public if body.public is None else body.public,
        )
        changed = _prompt(await prompts.update_prompt(session, actor, prompt_id, draft))
    wanted.mark(changed)
    return changed


@router.delete("/{prompt_id}", status_code=204, responses=problems(401, 403, 404))
async def delete_prompt(prompt_id: str, actor: Changer) -> None:
    """Delete a prompt of your own for good."""
    async with unit_of_work() as session:
        await prompts.delete_prompt(session, actor, prompt_id)


@router.post("/{prompt_id}/copy", status_code=201, responses=problems(401, 403, 404, 409))
async def copy_prompt(prompt_id: str, actor: Changer) -> Prompt:
    """Make a private copy of a prompt that you see."""
    async with unit_of_work() as session:
        return _prompt(await prompts.copy_prompt(session, actor, prompt_id))
