"""Changes of one chat, as many at once as somebody wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.services import chats, shelf


async def change(
    session: AsyncSession, actor: Actor, chat_id: str, wanted: Mapping[str, Any]
) -> None:
    """Change what is named, all of it or (should any of it be refused) nothing.

    Args:
        wanted: of title, settings (merged), model, project_id, archived, pinned and tags (all of
            them). None clears the first two, the project and the tags.

    Raises:
        NotFound: not the actor's chat or project.
        InvalidInput, ModelUnavailable, Conflict: as the single verbs do.
    """
    await chats.get_chat_for(session, actor, chat_id, lock=True)
    if "title" in wanted:
        await chats.rename_chat(session, actor, chat_id, wanted["title"])
    if "settings" in wanted:
        await chats.merge_settings(session, actor, chat_id, wanted["settings"])
    if "model" in wanted:
        await chats.choose_model(session, actor, chat_id, wanted["model"])
    if "project_id" in wanted:
        await shelf.move(session, actor, [chat_id], wanted["project_id"])
    # What is put away is not pinned; whoever wants both says so with the second.
    if "archived" in wanted:
        await shelf.archive(session, actor, [chat_id], wanted["archived"])
    if "pinned" in wanted:
        await shelf.pin(session, actor, [chat_id], wanted["pinned"])
    if "tags" in wanted:
        await shelf.set_tags(session, actor, chat_id, wanted["tags"] or [])
