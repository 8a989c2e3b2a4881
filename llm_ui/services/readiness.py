"""Whether this process can do its work."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from llm_ui.db import database
from llm_ui.generation import current_engine

logger = logging.getLogger(__name__)


async def checks() -> dict[str, str]:
    """What the process needs, each "ok" or "down"."""
    try:
        await database().ping()
        database_state = "ok"
    except (sa.exc.SQLAlchemyError, OSError, RuntimeError):
        logger.exception("the database does not answer")
        database_state = "down"
    return {"database": database_state, "engine": "ok" if current_engine() else "down"}
