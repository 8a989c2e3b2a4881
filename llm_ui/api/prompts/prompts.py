"""The prompt library."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from llm_ui.api.http.deps import Changer, Reader
from llm_ui.api.http.errors import problems
from llm_ui.api.http.etags import If
from llm_ui.api.http.patches import KEPT, given
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.http.strict import Body
from llm_ui.db import unit_of_work
from llm_ui.schemas.prompts.prompts import PromptDraft, PromptView
from llm_ui.services.prompts import prompts

router = APIRouter(prefix="/prompts", tags=["prompts"])
Limit = Annotated[int, Query(ge=1, le=200)]


class PromptBody(Body):
    """A prompt to save. Names in {{braces}} are variables, to be filled in when the prompt is
    used."""

    name: Annotated[str, Field(max_length=1000, examples=["Friendly email"])]
    text: Annotated[str, Field(max_length=200_000, examples=["Write an email to {{person}}."])]
    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = []
    is_public: bool = False


class PromptChange(Body):
    """Changes to a prompt: omit a field to keep it, send null to clear it. `tags` replace all
    existing tags."""

    name: Annotated[str | None, Field(max_length=1000), KEPT] = None
    text: Annotated[str | None, Field(max_length=200_000), KEPT] = None
    tags: Annotated[list[Annotated[str, Field(max_length=200)]] | None, Field(max_length=50)] = None
    is_public: Annotated[bool | None, KEPT] = None


class Prompt(BaseModel):
    """A prompt with its full text. `owner` is null for your own prompts."""

    id: str
    name: str
    text: str
    tags: list[str]
    variables: list[str]
    is_public: bool
    own: bool
    owner: str | None
    updated_at: str


class PromptSummary(View):
    """A prompt in a list, with the beginning of its text."""

    id: str
    name: str
    excerpt: str
    tags: list[str]
    variables: list[str]
    is_public: bool
    own: bool = Field(validation_alias="is_own")
    owner: OrNull
    updated_at: str


class PromptList(Paged):
    """A page of prompts."""

    items: list[PromptSummary]


def _draft(body: PromptBody) -> PromptDraft:
    return PromptDraft(body.name, body.text, tuple(body.tags), body.is_public)


def _prompt(view: PromptView) -> Prompt:
    return Prompt(**PromptSummary.of(view.item).model_dump(exclude={"excerpt"}), text=view.text)


@router.get("")
async def list_prompts(
    actor: Reader,
    q: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> PromptList:
    """List your prompts and the public prompts of others, most recently changed first."""
    async with unit_of_work(writes=False) as session:
        page = await prompts.list_prompts(
            session, actor, query=q, tag=tag, cursor=cursor, limit=limit
        )
    return PromptList.of(page)


@router.post("", status_code=201, responses=problems(409))
async def create_prompt(body: PromptBody, actor: Changer, wanted: If) -> Prompt:
    """Create a prompt."""
    async with unit_of_work() as session:
        made = _prompt(await prompts.create_prompt(session, actor, _draft(body)))
    wanted.mark(made)
    return made


@router.get("/{prompt_id}", responses=problems(404))
async def get_prompt(prompt_id: str, actor: Reader, wanted: If) -> Prompt:
    """Retrieve a prompt with its full text."""
    async with unit_of_work(writes=False) as session:
        found = _prompt(await prompts.get_prompt(session, actor, prompt_id))
    wanted.answer(found)
    return found


@router.put("/{prompt_id}", responses=problems(404))
async def replace_prompt(prompt_id: str, body: PromptBody, actor: Changer, wanted: If) -> Prompt:
    """Replace one of your prompts."""
    async with unit_of_work() as session:
        if wanted.guards:
            wanted.require(_prompt(await prompts.get_for_change(session, actor, prompt_id)))
        changed = _prompt(await prompts.update_prompt(session, actor, prompt_id, _draft(body)))
    wanted.mark(changed)
    return changed


@router.patch("/{prompt_id}", responses=problems(404))
async def update_prompt(prompt_id: str, body: PromptChange, actor: Changer, wanted: If) -> Prompt:
    """Update one of your prompts."""
    async with unit_of_work() as session:
        now = await prompts.get_for_change(session, actor, prompt_id)
        wanted.require(_prompt(now))
        draft = PromptDraft(
            now.item.name if body.name is None else body.name,
            now.text if body.text is None else body.text,
            tuple(given(body, "tags", []) if "tags" in body.model_fields_set else now.item.tags),
            now.item.is_public if body.is_public is None else body.is_public,
        )
        changed = _prompt(await prompts.update_prompt(session, actor, prompt_id, draft))
    wanted.mark(changed)
    return changed


@router.delete("/{prompt_id}", status_code=204, responses=problems(404))
async def delete_prompt(prompt_id: str, actor: Changer, wanted: If) -> None:
    """Delete one of your prompts permanently."""
    async with unit_of_work() as session:
        if wanted.guards:
            wanted.require(_prompt(await prompts.get_for_change(session, actor, prompt_id)))
        await prompts.delete_prompt(session, actor, prompt_id)


@router.post("/{prompt_id}/copy", status_code=201, responses=problems(404, 409))
async def copy_prompt(prompt_id: str, actor: Changer, wanted: If) -> Prompt:
    """Copy a prompt that you can see into your library, as a private prompt."""
    async with unit_of_work() as session:
        made = _prompt(await prompts.copy_prompt(session, actor, prompt_id))
    wanted.mark(made)
    return made
