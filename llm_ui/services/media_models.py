"""Media models and their types in the hands of an admin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.models import Generation, MediaModel, MediaType
from llm_ui.providers.images.openai import MOST_IMAGES
from llm_ui.schemas.media import MediaModelDraft, MediaModelItem, MediaTypeItem
from llm_ui.security.text import storable
from llm_ui.services.media_admin import differences, end_runs, flush_named, record_change
from llm_ui.services.media_views import (
    ICONS,
    IMAGE_TYPE,
    ensure_types,
    get_model,
    load,
    load_model,
    type_item,
)
from llm_ui.services.model_checks import check_alike, clean_shown
from llm_ui.services.monitoring import record

NAME_LIMIT = 200
DESCRIPTION_LIMIT = 500
PARAMS = ("size", "quality", "style", "n")
_SIZE = re.compile(r"auto|[1-9]\d{1,4}x[1-9]\d{1,4}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")


async def create_model(
    session: AsyncSession, actor: Actor, provider_id: str, draft: MediaModelDraft
) -> MediaModelItem:
    """Add a model that makes images to a provider.

    Raises:
        NotFound: there is no such provider.
        InvalidInput: names the field; also for a name that the provider has already.
    """
    require(actor, "administer")
    provider = await load(session, provider_id)
    await ensure_types(session)
    kind = await session.scalar(
        sa.select(col(MediaType.id)).where(col(MediaType.name) == IMAGE_TYPE)
    )
    name = _clean_name(draft.name or "")
    row = MediaModel(
        provider_id=provider.id,
        type_id=kind,
        name=name,
        display_name=_clean_shown(draft.display_name or name),
        default_params=clean_params(draft.params or {}),
        is_active=draft.is_active is not False,
    )
    await check_alike(session, row.display_name, row.id)
    session.add(row)
    label = f"{provider.name}: {name}"
    await flush_named(session, "error.media_model_known")
    record(
        session, "admin.media_model_created", label, user_id=actor.user_id,
        model=name, params=row.default_params,
    )  # fmt: skip
    return await get_model(session, actor, row.id)


async def update_model(
    session: AsyncSession, actor: Actor, model_id: str, draft: MediaModelDraft
) -> MediaModelItem:
    """Change a model; what the draft leaves out stays. Raises NotFound, InvalidInput."""
    require(actor, "administer")
    row = await load_model(session, model_id)
    before = _told_of(row)
    if draft.name is not None:
        row.name = _clean_name(draft.name)
    if draft.display_name is not None:
        row.display_name = _clean_shown(draft.display_name or row.name)
        if row.display_name != before["display_name"]:
            await check_alike(session, row.display_name, row.id)
    if draft.params is not None:
        row.default_params = clean_params(draft.params)
    if draft.is_active is not None:
        row.is_active = draft.is_active
    if differs := differences(before, _told_of(row)):
        name = row.display_name
        await flush_named(session, "error.media_model_known")
        record_change(session, actor, "admin.media_model_changed", name, differs)
    return await get_model(session, actor, model_id)


async def delete_model(actor: Actor, model_id: str) -> None:
    """Remove a model; images that were made stay, runs that are under way end with an error.
    Raises NotFound."""
    require(actor, "administer")
    async with unit_of_work() as session:
        row = await load_model(session, model_id)
        row.is_active = False
    await end_runs(col(Generation.media_model_id) == model_id)
    async with unit_of_work() as session:
        row = await load_model(session, model_id)
        record(session, "admin.media_model_deleted", row.display_name, user_id=actor.user_id)
        await session.execute(sa.delete(MediaModel).where(col(MediaModel.id) == model_id))


def clean_params(params: Mapping[str, Any]) -> dict[str, str | int]:
    """What is sent along with each question. Raises InvalidInput; names the one that is
    wrong. "", 0 and None leave it to the upstream."""
    cleaned: dict[str, str | int] = {}
    for name, value in params.items():
        if name not in PARAMS:
            raise InvalidInput("error.request_invalid", field=name[:40])
        if value in (None, "", 0):
            continue
        if name == "n":
            if (
                isinstance(value, bool)
                or not isinstance(value, int)
                or not 1 <= value <= MOST_IMAGES
            ):
                raise InvalidInput("error.media_count", field="n", limit=MOST_IMAGES)
            cleaned[name] = value
            continue
        fits = _SIZE if name == "size" else _WORD
        if not isinstance(value, str) or not fits.fullmatch(value.strip()):
            raise InvalidInput(f"error.media_{name}", field=name)
        cleaned[name] = value.strip()
    return cleaned


def _clean_shown(name: str) -> str:
    return clean_shown(_clean_name(name, "display_name"), "display_name", NAME_LIMIT)


def _clean_name(name: str, field: str = "name") -> str:
    cleaned = " ".join(storable(name).split())
    if not cleaned or len(cleaned) > NAME_LIMIT:
        raise InvalidInput("error.media_model_name", field=field, limit=NAME_LIMIT)
    return cleaned


def _told_of(row: MediaModel) -> dict[str, Any]:
    return {
        "name": row.name,
        "display_name": row.display_name,
        "params": dict(row.default_params),
        "is_active": row.is_active,
    }


# --- types --------------------------------------------------------------------------------


async def update_type(
    session: AsyncSession, actor: Actor, type_id: str, description: str | None, icon: str | None
) -> MediaTypeItem:
    """Change how a type is described and shown; None leaves what is there.

    Raises:
        NotFound: there is none.
        InvalidInput: too long, or an icon that is not among ICONS.
    """
    require(actor, "administer")
    row = await session.get(MediaType, type_id)
    if row is None:
        raise NotFound
    before = {"description": row.description, "icon": row.icon}
    if description is not None:
        row.description = " ".join(storable(description).split())
        if len(row.description) > DESCRIPTION_LIMIT:
            raise InvalidInput(
                "error.project_text_long", field="description", limit=DESCRIPTION_LIMIT
            )
    if icon is not None:
        if icon not in ICONS:
            raise InvalidInput("error.project_icon", field="icon")
        row.icon = icon
    if differs := differences(before, {"description": row.description, "icon": row.icon}):
        await session.flush()
        record_change(session, actor, "admin.media_type_changed", row.name, differs)
    return type_item(row)
