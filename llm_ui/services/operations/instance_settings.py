"""Settings of the installation, which override the environment's defaults."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, require, require_confirmed, require_person
from llm_ui.config import get_settings
from llm_ui.enums import RegistrationPolicy
from llm_ui.errors import InvalidInput
from llm_ui.models import Setting
from llm_ui.models.base import now
from llm_ui.services.audit.recording import record

# Settings that determine who can get an account.
LETS_IN = {"registration", "allowed_domains"}
# Retention settings, as a number of days or backups; 0 keeps everything.
KEEPS = ("log_days", "metric_days", "backups_kept")
# The domain of an email address.
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


class Installation(BaseModel):
    """All settings of the installation.

    0 in `log_days` or `metric_days` keeps rows forever, 0 in `backups_kept` keeps all backups, and
    0 in `backup_days` turns scheduled backups off. Without `allowed_domains`, any email domain is
    allowed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    registration: RegistrationPolicy = Field(default_factory=lambda: get_settings().registration)
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


def _is_less(after: int, before: int) -> bool:
    return after != 0 and (before == 0 or after < before)


async def load(session: AsyncSession) -> Installation:
    """The current settings, with defaults for those that aren't set."""
    rows = await session.scalars(sa.select(Setting))
    known = {row.key: row.value for row in rows if row.key in Installation.model_fields}
    return Installation(**known)


async def change(session: AsyncSession, actor: Actor, /, **changes: Any) -> Installation:
    """Change settings, except those for `keep`. For administrators.

    Raises:
        NotAllowed: the actor is not an administrator, or is a program changing who can get an
            account.
        InvalidInput: the setting or its value is invalid; names the setting as the field.
    """
    require(actor, "administer")
    if LETS_IN & changes.keys():
        require_person(actor)
    if refused := next((name for name in changes if name in KEEPS), None):
        raise InvalidInput("error.request_invalid", field=refused)
    before = await load(session)
    return await _set(session, actor, before, _with(before, changes))


async def keep(session: AsyncSession, actor: Actor, /, **changes: int) -> Installation:
    """Change retention settings (KEEPS). For administrators.

    Raises:
        NotAllowed: the actor is not an administrator.
        InvalidInput: the setting or its value is invalid; names the setting as the field.
        PasswordNeeded: less would be kept than before, and there is no step-up confirmation.
    """
    require(actor, "administer")
    if refused := next((name for name in changes if name not in KEEPS), None):
        raise InvalidInput("error.request_invalid", field=refused)
    before = await load(session)
    after = _with(before, changes)
    if any(_is_less(getattr(after, each), getattr(before, each)) for each in KEEPS):
        # Lowering retention is deletion by another name: the next job deletes the rest.
        require_confirmed(actor)
    return await _set(session, actor, before, after)


def _with(before: Installation, changes: dict[str, Any]) -> Installation:
    try:
        return Installation(**{**before.model_dump(), **changes})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise InvalidInput("error.request_invalid", field=field) from None


async def _set(
    session: AsyncSession, actor: Actor, before: Installation, after: Installation
) -> Installation:
    values = after.model_dump(mode="json")
    differs = {
        name: [old, values[name]]
        for name, old in before.model_dump(mode="json").items()
        if old != values[name]
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
