"""Who may register: rate limits, and who may create the first account."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Client
from llm_ui.config import get_settings
from llm_ui.errors import NotAllowed, TooManyRequests
from llm_ui.models import Setting, User
from llm_ui.security.client_addresses import network_of
from llm_ui.security.limits import Allowance, whole
from llm_ui.security.tokens import candidate_hashes, keyed_hash, same

WINDOW_S = 600
# The limit for all addresses together, as a multiple of that for one address.
TOGETHER = 10
EVERYBODY = "everybody"
SETUP_PURPOSE = "setup"
INSTALLATION_KEY = "installation_id"

_allowances: dict[tuple[str, int], Allowance] = {}


def _take(kind: str, key: str, times: int) -> None:
    """Each kind has its own counters, so that visitors cannot use up anyone else's allowance."""
    allowance = _allowances.setdefault((kind, times), Allowance(times=times, seconds=WINDOW_S))
    standing = allowance.draw(key)
    if not standing.taken:
        raise TooManyRequests(whole(standing.wait), "error.too_many_accounts")


def count(client: Client, shown: str = "") -> None:
    """Count an attempt to register, before any work is done for it.

    Counted per worker, like REST calls.

    Args:
        shown: the kind of credential presented: an account or an invitation; "" for none.

    Raises:
        TooManyRequests: this address has asked too often.
    """
    if times := get_settings().registration_limit:
        _take(shown, network_of(client.address), times)


def count_stranger() -> None:
    """Count an attempt, after `count`, that presents no account, invitation or setup link.

    Those who present one are not counted here, so that visitors without one cannot lock them out.

    Raises:
        TooManyRequests: all such visitors together have made too many requests.
    """
    if times := get_settings().registration_limit:
        _take(EVERYBODY, "", times * TOGETHER)


async def exist(session: AsyncSession) -> bool:
    """Whether any account exists yet."""
    return await session.scalar(sa.select(col(User.id)).limit(1)) is not None


# --- the first account ------------------------------------------------------------------


async def _installation(session: AsyncSession) -> str:
    """An identifier that distinguishes this database from others with the same SECRET_KEY."""
    mark = sa.select(col(Setting.value)).where(col(Setting.key) == INSTALLATION_KEY)
    return str(await session.scalar(mark) or "")


def setup_token(secret: bytes, installation: str) -> str:
    """The token of the setup link, with which another machine can create the first account.

    It is useless once there is an account.
    """
    return keyed_hash(secret, SETUP_PURPOSE, installation)


async def may_set_up(session: AsyncSession, client: Client, token: str) -> bool:
    """Whether this client may create the first account: it is on this machine or has the link."""
    if client.is_here:
        return True
    known = candidate_hashes(
        get_settings().secret_keys, SETUP_PURPOSE, await _installation(session)
    )
    return bool(token) and any(same(each, token) for each in known)


async def is_stranger(session: AsyncSession, client: Client, token: str) -> bool:
    """Whether the client is neither on the server's machine nor has a valid setup link."""
    if client.is_here:
        return False
    return not token or await exist(session) or not await may_set_up(session, client, token)


async def check_set_up(session: AsyncSession, client: Client, token: str) -> None:
    """Raise NotAllowed unless `may_set_up`."""
    if not await may_set_up(session, client, token):
        raise NotAllowed("error.setup_elsewhere")
