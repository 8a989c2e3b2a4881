"""The monitoring log: what happened, for the admin."""

from __future__ import annotations

import logging
import secrets
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import trace
from llm_ui.auth import resolve
from llm_ui.db import unit_of_work
from llm_ui.errors import one_line
from llm_ui.models import MonitoringLog

logger = logging.getLogger(__name__)

Level = Literal["info", "warning", "error"]
REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


def record(
    session: AsyncSession,
    kind: str,
    message: str = "",
    *,
    level: Level = "info",
    user_id: str | None = None,
    address: str = "",
    reference: str | None = None,
    **details: Any,
) -> None:
    """Add a row. `kind` is dotted: sign_in.ok, provider.error, error.unhandled, …

    Never pass message texts, keys or cookies.
    """
    session.add(
        MonitoringLog(
            kind=kind,
            level=level,
            message=one_line(message, 1000),
            user_id=user_id,
            address=address[:64],
            reference=reference,
            details=details
            if trace.current() == trace.NONE
            else {**details, "request": trace.current()},
        )
    )


def new_reference() -> str:
    """A number that a person can read out: 40 random bits without look-alikes."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))


async def report_unhandled(
    error: BaseException,
    *,
    where: str,
    user_id: str | None = None,
    session_token: str | None = None,
    address: str = "",
    reference: str | None = None,
) -> str:
    """Log an error nobody expected, and keep a row of it.

    Args:
        session_token: of the caller, where it is not known yet who that is.
        reference: the number to use, when it had to be shown already.

    Returns:
        the reference number to show; it is also in the process's log, which is where
        to look when the database itself is what failed.
    """
    reference = reference or new_reference()
    logger.error("unhandled error %s in %s", reference, where, exc_info=error)
    kind = type(error).__name__
    try:
        async with unit_of_work() as session:
            if user_id is None and (actor := await resolve(session, session_token)):
                user_id = actor.user_id
            record(
                session,
                "error.unhandled",
                f"{kind} in {where}",
                level="error",
                user_id=user_id,
                address=address,
                reference=reference,
                error=kind,
                where=where,
            )
    except (sa.exc.SQLAlchemyError, RuntimeError, OSError):
        logger.exception("the row for %s could not be written", reference)
    return reference
