"""Log rows about failed sign-ins, rate-limited so that password guessing cannot fill the disk."""

from __future__ import annotations

from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.enums import LogLevel
from llm_ui.models import User
from llm_ui.security.client_addresses import network_of
from llm_ui.security.limits import Allowance
from llm_ui.services.audit.recording import record

# Per ten minutes: rows for one network, "more from this network" rows, and rows in total.
_told, _told_more, _told_of_all = Allowance(30, 600), Allowance(1, 600), Allowance(1000, 600)


def _kind(network: str) -> str:
    for allowance, kind in ((_told, "sign_in.failed"), (_told_more, "sign_in.failed_often")):
        if allowance.take(network):
            return kind if _told_of_all.take("") else ""
    return ""


async def note_failure(user_id: str | None, client: Client) -> None:
    """Log a failed sign-in, or once that a network has too many; nothing beyond the rate limit."""
    if not (kind := _kind(network_of(client.address))):
        return
    async with unit_of_work() as session:
        # The account may have been deleted since.
        user = await session.get(User, user_id or "", with_for_update={"read": True})
        record(
            session,
            kind,
            level=LogLevel.WARNING,
            user_id=user.id if user else None,
            address=client.address,
        )
