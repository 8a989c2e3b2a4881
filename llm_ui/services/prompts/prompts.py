"""The prompt library: a user's own prompts, and those that others have made public.

Everyone signed in can read a public prompt; only its owner can change it. A prompt that is neither
public nor the actor's own can't be distinguished from one that doesn't exist. Models only ever get
a user's own prompts: choosing another user's prompt as the default creates a copy, which its author
cannot change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.errors import Conflict, InvalidInput, NotFound, Refusals, one_line
from llm_ui.models import SystemPrompt, User
from llm_ui.models.base import now
from llm_ui.schemas.chats.views import Page
from llm_ui.schemas.prompts.prompts import PromptDraft, PromptItem, PromptView
from llm_ui.security.text import storable
from llm_ui.services import text_quota
from llm_ui.services.audit.recording import record
from llm_ui.services.matching import holds
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
NAME_LIMIT = 100
TEXT_LIMIT = 20_000
TAG_LIMIT = 40
TAGS_LIMIT = 10
PROMPTS_LIMIT = 2000
QUERY_LIMIT = 200
EXCERPT = 240
# For lists to choose from; anyone with more finds the rest by searching.
CHOICES = 200
_VARIABLE = re.compile(r"\{\{\s*([^{}\s](?:[^{}\n]{0,38}[^{}\s])?)\s*\}\}")


def variables_of(text: str) -> list[str]:
    """The distinct names in {{braces}}, in order of first use."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def _item(prompt: SystemPrompt, actor: Actor, owner: str) -> PromptItem:
    is_own = prompt.user_id == actor.user_id
    return PromptItem(
        id=prompt.id,
        name=prompt.name,
        excerpt=one_line(prompt.prompt[: EXCERPT * 4], EXCERPT),
        tags=list(prompt.tags),
        variables=variables_of(prompt.prompt),
        is_public=prompt.is_public,
        is_own=is_own,
        owner="" if is_own else owner,
        updated_at=prompt.updated_at.isoformat(),
    )


def _visible(actor: Actor) -> sa.Select[SystemPrompt, str]:
    return (
        sa.select(SystemPrompt, col(User.username))
        .join(User, col(User.id) == SystemPrompt.user_id)
        .where(
            sa.or_(
                col(SystemPrompt.user_id) == actor.user_id,
                sa.and_(col(SystemPrompt.is_public).is_(True), col(User.is_active).is_(True)),
            )
        )
    )


def _holds_tag(tag: str) -> sa.ColumnElement[bool]:
    # Matches the JSON encoding of the column, including the quotes.
    return sa.cast(col(SystemPrompt.tags), sa.Text).contains(json.dumps(tag), autoescape=True)


async def list_prompts(
    session: AsyncSession,
    actor: Actor,
    *,
    query: str = "",
    tag: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[PromptItem]:
    """The actor's own prompts and other users' public ones, most recently changed first.

    Args:
        query: words, each of which the name, text or tags must contain.
        tag: a tag that a prompt must have.
    """
    select = _visible(actor)
    for word in storable(query)[:QUERY_LIMIT].split():
        select = select.where(
            sa.or_(
                holds(word, col(SystemPrompt.name), col(SystemPrompt.prompt)),
                sa.cast(col(SystemPrompt.tags), sa.Text).icontains(
                    json.dumps(word)[1:-1], autoescape=True
                ),
            )
        )
    if tag:
        select = select.where(_holds_tag(storable(tag)[:TAG_LIMIT]))
    if cursor:
        at, prompt_id = position_of(cursor)
        moment = sa.literal(at, SystemPrompt.__table__.c.updated_at.type)  # type: ignore[attr-defined]
        select = select.where(
            sa.tuple_(col(SystemPrompt.updated_at), col(SystemPrompt.id))
            < sa.tuple_(moment, sa.literal(prompt_id))
        )
    ordered = select.order_by(col(SystemPrompt.updated_at).desc(), col(SystemPrompt.id).desc())
    rows = (await session.execute(ordered.limit(limit + 1))).all()
    more = len(rows) > limit
    last = rows[limit - 1][0] if more else None
    return Page(
        [_item(prompt, actor, owner) for prompt, owner in rows[:limit]],
        cursor_of(last.updated_at, last.id) if last else None,
    )


async def list_for(session: AsyncSession, actor: Actor) -> list[PromptItem]:
    """The prompts the actor can choose from, by name: own ones first, then public ones."""
    foreign = col(SystemPrompt.user_id) != actor.user_id
    ordered = _visible(actor).order_by(
        foreign, sa.func.lower(col(SystemPrompt.name)), col(SystemPrompt.id)
    )
    rows = (await session.execute(ordered.limit(CHOICES))).all()
    return [_item(prompt, actor, owner) for prompt, owner in rows]


async def tags_for(session: AsyncSession, actor: Actor) -> list[str]:
    """All tags of the prompts visible to the actor, sorted."""
    select = _visible(actor).with_only_columns(col(SystemPrompt.tags))
    found = {tag for tags in await session.scalars(select) for tag in tags}
    return sorted(found, key=str.casefold)[:CHOICES]


async def get_prompt(session: AsyncSession, actor: Actor, prompt_id: str) -> PromptView:
    """A prompt with its text. Raises NotFound."""
    select = _visible(actor).where(col(SystemPrompt.id) == prompt_id)
    row = (await session.execute(select)).first()
    if row is None:
        raise NotFound
    return PromptView(_item(row[0], actor, row[1]), row[0].prompt)


async def get_for_change(session: AsyncSession, actor: Actor, prompt_id: str) -> PromptView:
    """One of the actor's own prompts, locked until the commit. Raises NotFound."""
    prompt = await _own(session, actor, prompt_id)
    return PromptView(_item(prompt, actor, ""), prompt.prompt)


async def _own(session: AsyncSession, actor: Actor, prompt_id: str) -> SystemPrompt:
    prompt = await session.scalar(
        sa.select(SystemPrompt)
        .where(col(SystemPrompt.id) == prompt_id, col(SystemPrompt.user_id) == actor.user_id)
        .with_for_update()
    )
    if prompt is None:
        raise NotFound
    return prompt


def _clean(draft: PromptDraft) -> PromptDraft:
    refusals, name, text, tags = Refusals(), "", "", tuple[str, ...]()
    with refusals:
        name = _name(draft.name)
    with refusals:
        text = _text(draft.text)
    with refusals:
        tags = _tags(draft.tags)
    refusals.done()
    return PromptDraft(name, text, tags, draft.is_public)


def _name(given: str) -> str:
    name = " ".join(storable(given).split())
    if not name:
        raise InvalidInput("error.prompt_name_empty", field="name")
    if len(name) > NAME_LIMIT:
        raise InvalidInput("error.prompt_name_long", field="name", limit=NAME_LIMIT)
    return name


def _text(given: str) -> str:
    text = storable(given).replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput("error.prompt_empty", field="text")
    if len(text) > TEXT_LIMIT:
        raise InvalidInput("error.prompt_long", field="text", limit=TEXT_LIMIT)
    return text


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    tags: dict[str, str] = {}
    for each in given:
        tag = " ".join(storable(each).replace(",", " ").split())
        if tag:
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > TAGS_LIMIT or any(len(tag) > TAG_LIMIT for tag in tags.values()):
        raise InvalidInput("error.prompt_tags", field="tags", count=TAGS_LIMIT, limit=TAG_LIMIT)
    return tuple(tags.values())


async def create_prompt(session: AsyncSession, actor: Actor, draft: PromptDraft) -> PromptView:
    """Create a prompt. Raises InvalidInput, or Conflict if the user has too many."""
    clean = _clean(draft)
    count = await session.scalar(
        sa.select(sa.func.count()).where(col(SystemPrompt.user_id) == actor.user_id)
    )
    if (count or 0) >= PROMPTS_LIMIT:
        raise Conflict("error.prompts_many", limit=PROMPTS_LIMIT)
    text_quota.charge(actor, [clean.text])
    prompt = SystemPrompt(
        user_id=actor.user_id,
        name=clean.name,
        prompt=clean.text,
        tags=list(clean.tags),
        is_public=clean.is_public,
    )
    session.add(prompt)
    await session.flush()
    return PromptView(_item(prompt, actor, ""), prompt.prompt)


async def update_prompt(
    session: AsyncSession, actor: Actor, prompt_id: str, draft: PromptDraft
) -> PromptView:
    """Change one of the actor's own prompts. Raises InvalidInput, NotFound."""
    clean = _clean(draft)
    prompt = await _own(session, actor, prompt_id)
    text_quota.charge(actor, [clean.text])
    prompt.name, prompt.prompt = clean.name, clean.text
    prompt.tags, prompt.is_public = list(clean.tags), clean.is_public
    prompt.updated_at = now()
    return PromptView(_item(prompt, actor, ""), prompt.prompt)


async def delete_prompt(session: AsyncSession, actor: Actor, prompt_id: str) -> None:
    """Permanently delete one of the actor's own prompts. Raises NotFound."""
    await session.delete(await _own(session, actor, prompt_id))


async def copy_prompt(session: AsyncSession, actor: Actor, prompt_id: str) -> PromptView:
    """Create a private copy of a visible prompt. Raises NotFound."""
    found = await get_prompt(session, actor, prompt_id)
    draft = PromptDraft(found.item.name, found.text, tuple(found.item.tags))
    return await create_prompt(session, actor, draft)


async def own_of(session: AsyncSession, actor: Actor, prompt_id: str) -> str:
    """The ID of the prompt if it is the actor's own, else of the actor's copy of it.

    An existing copy with the same text is reused. Raises NotFound, or Conflict if the user has
    too many prompts.
    """
    found = await get_prompt(session, actor, prompt_id)
    if found.item.is_own:
        return found.item.id
    same = await session.scalar(
        sa.select(col(SystemPrompt.id)).where(
            col(SystemPrompt.user_id) == actor.user_id,
            col(SystemPrompt.name) == found.item.name,
            col(SystemPrompt.prompt) == found.text,
        )
    )
    return same or (await copy_prompt(session, actor, prompt_id)).item.id


async def unshare(session: AsyncSession, actor: Actor, prompt_id: str) -> None:
    """Make a public prompt private again; its owner keeps it. For administrators.

    Raises:
        NotFound: it doesn't exist or isn't public; private prompts are visible to their owner only.
    """
    require(actor, "administer")
    prompt = await session.scalar(
        sa.select(SystemPrompt)
        .where(col(SystemPrompt.id) == prompt_id, col(SystemPrompt.is_public).is_(True))
        .with_for_update()
    )
    if prompt is None:
        raise NotFound
    prompt.is_public = False
    record(
        session,
        "admin.prompt_unshared",
        prompt.name,
        user_id=actor.user_id,
        subject=prompt.user_id,
    )


async def default_text(session: AsyncSession, user_id: str) -> str:
    """The text of a user's default prompt; "" if there is none or it has been deleted."""
    preferences = await session.scalar(
        sa.select(col(User.preferences)).where(col(User.id) == user_id)
    )
    prompt_id = (preferences or {}).get("default_prompt_id")
    if not prompt_id:
        return ""
    found = await session.scalar(
        sa.select(col(SystemPrompt.prompt)).where(
            col(SystemPrompt.id) == prompt_id, col(SystemPrompt.user_id) == user_id
        )
    )
    return found or ""
