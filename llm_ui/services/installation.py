"""What an admin sets for the whole installation, over the environment's defaults."""

from __future__ import annotations

import re
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, require, require_person
from llm_ui.config import get_settings
from llm_ui.errors import InvalidInput
from llm_ui.models import Setting
from llm_ui.models.base import now
from llm_ui.services.monitoring import record

# Who can get an account.
LETS_IN = {"registration", "allowed_domains"}
# What stands behind the sign of an e-mail address.
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


class Installation(BaseModel):
    """Everything that can be set. Days of 0 keep rows for ever; `backups_kept` of 0 keeps all
    backups, `backup_days` of 0 makes none by itself. Without `allowed_domains` an e-mail
    address may be anywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    registration: Literal["open", "invite", "closed"] = Field(
        default_factory=lambda: get_settings().registration
    )
    allowed_domains: list[str] = Field(default_factory=list, max_length=100)
    log_days: int = Field(default=365, ge=0, le=3650)
    metric_days: int = Field(default=365, ge=0, le=3650)
    backup_days: int = Field(default=0, ge=0, le=90)
    backups_kept: int = Field(default=7, ge=0, le=365)

    @field_validator("allowed_domains")
    @classmethod
    def _domains(cls, given: list[str]) -> list[str]:
        cleaned = [each.strip().lower().removeprefix("@") for each in given if each.strip()]
        if not all(len(each) <= 250 and _DOMAIN.fullmatch(each) for each in cleaned):
            raise ValueError("not a domain")
        return list(dict.fromkeys(cleaned))


async def load(session: AsyncSession) -> Installation:
    """What holds now: what was set, and the defaults for the rest."""
    rows = await session.scalars(sa.select(Setting))
    known = {row.key: row.value for row in rows if row.key in Installation.model_fields}
    return Installation(**known)


async def change(session: AsyncSession, actor: Actor, **changes: Any) -> Installation:
    """Set some of it. For admins.

    Raises:
        NotAllowed: the actor is no admin, or a program that would let people in.
        InvalidInput: there is no such setting, or not this value; names it as its field.
    """
    require(actor, "administer")
    if LETS_IN & changes.keys():
        require_person(actor)
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
