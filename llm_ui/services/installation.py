"""What an admin sets for the whole installation, over the environment's defaults."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, require
from llm_ui.config import get_settings
from llm_ui.errors import InvalidInput
from llm_ui.models import Setting
from llm_ui.models.base import now
from llm_ui.services.monitoring import record


class Installation(BaseModel):
    """Everything that can be set. Days of 0 keep rows for ever; `backups_kept` of 0 keeps all
    backups, `backup_days` of 0 makes none by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    registration: Literal["open", "invite", "closed"] = Field(
        default_factory=lambda: get_settings().registration
    )
    log_days: int = Field(default=365, ge=0, le=3650)
    metric_days: int = Field(default=365, ge=0, le=3650)
    backup_days: int = Field(default=0, ge=0, le=90)
    backups_kept: int = Field(default=7, ge=0, le=365)


async def load(session: AsyncSession) -> Installation:
    """What holds now: what was set, and the defaults for the rest."""
    rows = await session.scalars(sa.select(Setting))
    known = {row.key: row.value for row in rows if row.key in Installation.model_fields}
    return Installation(**known)


async def change(session: AsyncSession, actor: Actor, **changes: Any) -> Installation:
    """Set some of it. For admins.

    Raises:
        NotAllowed: the actor is no admin.
        InvalidInput: there is no such setting, or not this value; names it as its field.
    """
    require(actor, "administer")
    before = await load(session)
    try:
        after = Installation(**{**before.model_dump(), **changes})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise InvalidInput("error.request_invalid", field=field) from None
    values = after.model_dump(mode="json")
    differs = {
        name: [old, values[name]]
        for name, old in before.model_dump(mode="json").items()
        if name in changes and old != values[name]
    }
    for name in differs:
        row = await session.get(Setting, name)
        if row is None:
            session.add(Setting(key=name, value=values[name]))
        else:
            row.value, row.updated_at = values[name], now()
    if differs:
        await session.flush()
        record(
            session, "admin.settings", ", ".join(differs), user_id=actor.user_id, changes=differs
        )
    return after
