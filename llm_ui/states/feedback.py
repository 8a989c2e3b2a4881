"""How a handler tells the person what went wrong."""

from __future__ import annotations

import asyncio
import logging

import reflex as rx
from reflex.event import EventSpec

from llm_ui.errors import AppError, one_line
from llm_ui.i18n import translate
from llm_ui.services.monitoring import new_reference, report_unhandled
from llm_ui.states.access import current_client, visitor

logger = logging.getLogger(__name__)
_reports: set[asyncio.Task[str]] = set()


def words_of(error: AppError) -> str:
    """The error in the person's language."""
    actor = visitor()
    return translate(error.message_key, actor.language if actor else "en", **error.params)


def tell(error: AppError) -> EventSpec:
    """Show an error without leaving the page."""
    shown: EventSpec = rx.toast.error(words_of(error), id=error.code)
    return shown


def handle_backend_exception(exception: Exception) -> EventSpec:
    """What a handler let through: an AppError is told, anything else is a bug of ours.

    A bug's row in the monitoring log carries the reference number that is shown.
    """
    if isinstance(exception, AppError):
        return tell(exception)
    actor, client = visitor(), current_client()
    reference = new_reference()
    task = asyncio.create_task(
        report_unhandled(
            exception,
            where="a page",
            user_id=actor.user_id if actor else None,
            address=client.address,
            reference=reference,
        )
    )
    _reports.add(task)
    task.add_done_callback(_reports.discard)
    return tell(AppError("error.internal", reference=reference))


def handle_frontend_exception(exception: Exception) -> None:
    """An error in somebody's browser: one line in the log."""
    logger.warning("in a browser: %s", one_line(str(exception), 500))
