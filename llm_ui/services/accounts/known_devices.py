"""The places where a user has signed in before. From there, failed attempts by others don't lock
the user out.

A known place is a browser, recognized by a cookie set at sign-in, or the network of an IP address.
Only keyed hashes are stored. A known place grants no access: the password is still required.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Client
from llm_ui.config import get_settings
from llm_ui.db import insert_missing
from llm_ui.models import KnownPlace
from llm_ui.models.base import now
from llm_ui.security.client_addresses import network_of
from llm_ui.security.tokens import keyed_hash

PURPOSE = "place"
KEPT_FOR = timedelta(days=180)


def _places(client: Client) -> list[str]:
    """The browser comes first: unlike the network, it belongs to one user."""
    found = [f"browser:{client.browser}"] if client.browser else []
    return [*found, f"network:{network_of(client.address)}"] if client.address else found


def _subjects(user_id: str, client: Client) -> dict[str, str]:
    secret = get_settings().secret_keys[-1]
    return {keyed_hash(secret, PURPOSE, f"{user_id}\n{place}"): place for place in _places(client)}


async def known(session: AsyncSession, user_id: str, client: Client) -> str:
    """The known place that this client matches, or ""."""
    subjects = _subjects(user_id, client)
    query = sa.select(col(KnownPlace.subject)).where(
        col(KnownPlace.subject).in_(subjects), col(KnownPlace.seen_at) > now() - KEPT_FOR
    )
    found = set(await session.scalars(query))
    return next((place for subject, place in subjects.items() if subject in found), "")


async def remember(session: AsyncSession, user_id: str, client: Client) -> None:
    """Remember that the user has signed in from here."""
    moment = now()
    await session.execute(sa.delete(KnownPlace).where(col(KnownPlace.seen_at) < moment - KEPT_FOR))
    # Always in the same order, to avoid deadlocks.
    subjects = sorted(_subjects(user_id, client))
    if not subjects:
        return
    fresh = [{"subject": each, "user_id": user_id, "seen_at": moment} for each in subjects]
    await insert_missing(session, KnownPlace, fresh)
    await session.execute(
        sa.update(KnownPlace).where(col(KnownPlace.subject).in_(subjects)).values(seen_at=moment)
    )
