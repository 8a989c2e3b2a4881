"""Writing the monitoring log, which administrators read."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui import trace
from llm_ui.auth import resolve
from llm_ui.db import unit_of_work
from llm_ui.enums import LogLevel
from llm_ui.errors import one_line
from llm_ui.models import MonitoringLog

logger = logging.getLogger(__name__)

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


def record(
    session: AsyncSession,
    kind: str,
    message: str = "",
    *,
    level: LogLevel = LogLevel.INFO,
    user_id: str | None = None,
    address: str = "",
    reference: str | None = None,
    **details: Any,
) -> None:
    """Add a row. `kind` is dotted: sign_in.ok, provider.error, error.unhandled, …

    Never pass the text of messages, keys or cookies.
    """
    session.add(
        MonitoringLog(
            log_type=kind,
            log_level=level,
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
    """A reference number that can be read aloud: 40 random bits without look-alike characters."""
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
    """Log an unexpected error and add a row for it.

    Args:
        session_token: the caller's token, if the caller isn't known yet.
        reference: the reference number, if one has been shown already.

    Returns:
        the reference number to show. It is also in the process's log, the only record if the
        database itself has failed.
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
                level=LogLevel.ERROR,
                user_id=user_id,
                address=address,
                reference=reference,
                error=kind,
                where=where,
            )
    except (sa.exc.SQLAlchemyError, RuntimeError, OSError):
        logger.exception("could not write the log entry for %s", reference)
    return reference
