"""Several changes to one chat at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.errors import Refusals
from llm_ui.services.chats import chats, organize


async def change(
    session: AsyncSession, actor: Actor, chat_id: str, wanted: Mapping[str, Any]
) -> None:
    """Apply all the given changes, or none if any of them is invalid.

    Args:
        wanted: any of title, settings (merged), model, project_id, archived, pinned and tags (which
            replace the previous ones). None clears title, settings, project_id and tags.

    Raises:
        NotFound: not the actor's chat or project.
        InvalidInput, ModelUnavailable, Conflict: as the individual functions do.
    """
    await chats.get_chat_for(session, actor, chat_id, lock=True)
    refusals = Refusals()
    if "title" in wanted:
        with refusals:
            await chats.rename_chat(session, actor, chat_id, wanted["title"])
    if "settings" in wanted:
        with refusals:
            await chats.merge_settings(session, actor, chat_id, wanted["settings"])
    if "model" in wanted:
        with refusals:
            await chats.choose_model(session, actor, chat_id, wanted["model"])
    if "tags" in wanted:
        with refusals:
            await organize.set_tags(session, actor, chat_id, wanted["tags"] or [])
    refusals.done()
    if "project_id" in wanted:
        await organize.move(session, actor, [chat_id], wanted["project_id"])
    # Archiving unpins, so pinning comes second, for callers that ask for both.
    if "archived" in wanted:
        await organize.archive(session, actor, [chat_id], wanted["archived"])
    if "pinned" in wanted:
        await organize.pin(session, actor, [chat_id], wanted["pinned"])
