"""Show errors of handlers to the user."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from reflex.event import Event, EventSpec

from llm_ui import outages, reflex_internals
from llm_ui.errors import AppError, one_line
from llm_ui.i18n import DEFAULT_LANGUAGE, translate
from llm_ui.security.limits import Allowance
from llm_ui.services.audit.recording import new_reference, report_unhandled
from llm_ui.states import browser
from llm_ui.states.socket.access import visitor
from llm_ui.states.socket.handshake import language_of, session_token

logger = logging.getLogger(__name__)
_browser_errors = Allowance(times=60, seconds=60)
_reports: set[asyncio.Task[str]] = set()


def words_of(error: AppError, language: str = "") -> str:
    """The error message in the user's language."""
    actor = visitor()
    language = language or (actor.language if actor else DEFAULT_LANGUAGE)
    return translate(error.message_key, language, **error.params)


def tell(error: AppError, language: str = "") -> Event:
    """Show an error as a notification, on the same page."""
    return browser.say("error", words_of(error, language), error.code)


def handle_backend_exception(exception: Exception) -> EventSpec:
    """Handle an error from a handler: an AppError is shown, anything else is a bug of ours.

    A bug's entry in the audit log has the reference number that is shown. Reflex calls this outside
    the event's own task, so the caller is known only in the event's context. Reflex could also pass
    the event, but it requires this annotation.
    """
    return cast(EventSpec, _tell_of(exception))


def _tell_of(exception: Exception) -> Event:
    headers = reflex_internals.headers()
    language = language_of(headers)
    if isinstance(exception, AppError):
        return tell(exception, language)
    if (away := outages.words_for(exception)) is not None:
        return tell(away, language)
    reference = new_reference()
    task = asyncio.create_task(
        report_unhandled(
            exception,
            where="a page",
            session_token=session_token(headers.get("cookie", "")),
            address=reflex_internals.peer(),
            reference=reference,
        )
    )
    _reports.add(task)
    task.add_done_callback(_reports.discard)
    return tell(AppError("error.internal", reference=reference), language)


def handle_frontend_exception(exception: Exception) -> None:
    """Log an error from a browser in one line, unless there are too many."""
    if not _browser_errors.take(""):
        return
    logger.warning("in a browser: %s", one_line(str(exception), 500))
