"""Who may ask for an account: how often, and who makes the first one."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Client
from llm_ui.config import get_settings
from llm_ui.errors import NotAllowed, TooManyRequests
from llm_ui.models import Setting, User
from llm_ui.security.addresses import network_of
from llm_ui.security.limits import Allowance, whole
from llm_ui.security.tokens import candidate_hashes, keyed_hash, same

WINDOW_S = 600
# All addresses together, as many times what one of them may.
TOGETHER = 10
EVERYBODY = ""
SETUP_PURPOSE = "setup"
INSTALLATION_KEY = "installation_id"

_allowances: dict[int, Allowance] = {}


def _take(key: str, times: int) -> None:
    allowance = _allowances.setdefault(times, Allowance(times=times, seconds=WINDOW_S))
    standing = allowance.draw(key)
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait), "error.too_many_accounts")


def count(client: Client) -> None:
    """Count somebody who asks for an account, before anything is done for them.

    Counted in each worker by itself, like the calls of REST.

    Raises:
        TooManyRequests: this address, or all together, have asked too often.
    """
    if times := get_settings().registration_limit:
        _take(network_of(client.address), times)
        _take(EVERYBODY, times * TOGETHER)


async def exist(session: AsyncSession) -> bool:
    """Whether anybody has an account yet."""
    return await session.scalar(sa.select(col(User.id)).limit(1)) is not None


# --- the first account ------------------------------------------------------------------


async def _installation(session: AsyncSession) -> str:
    """What tells this database from another one with the same secret."""
    mark = sa.select(col(Setting.value)).where(col(Setting.key) == INSTALLATION_KEY)
    return str(await session.scalar(mark) or "")


def setup_token(secret: bytes, installation: str) -> str:
    """What stands behind the "#" of the link by which the first account can be made from
    elsewhere. It opens nothing once there is an account."""
    return keyed_hash(secret, SETUP_PURPOSE, installation)


async def may_set_up(session: AsyncSession, client: Client, token: str) -> bool:
    """Whether somebody may make the first account: at this machine, or with the link."""
    if client.is_here:
        return True
    known = candidate_hashes(
        get_settings().secret_keys, SETUP_PURPOSE, await _installation(session)
    )
    return bool(token) and any(same(each, token) for each in known)


async def check_set_up(session: AsyncSession, client: Client, token: str) -> None:
    """Raise NotAllowed unless `may_set_up`."""
    if not await may_set_up(session, client, token):
        raise NotAllowed("error.setup_elsewhere")
