"""How a handler tells the person what went wrong."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from reflex.event import Event, EventSpec
from reflex_base.constants import RouteVar
from reflex_base.event.context import EventContext

from llm_ui import outages
from llm_ui.errors import AppError, one_line
from llm_ui.i18n import translate
from llm_ui.security.limits import Allowance
from llm_ui.services.monitoring import new_reference, report_unhandled
from llm_ui.states import browser
from llm_ui.states.access import visitor
from llm_ui.states.handshake import language_of, session_token

logger = logging.getLogger(__name__)
_browser_errors = Allowance(times=60, seconds=60)
_reports: set[asyncio.Task[str]] = set()


def words_of(error: AppError, language: str = "") -> str:
    """The error in the person's language."""
    actor = visitor()
    language = language or (actor.language if actor else "en")
    return translate(error.message_key, language, **error.params)


def tell(error: AppError, language: str = "") -> Event:
    """Show an error without leaving the page."""
    return browser.say("error", words_of(error, language), error.code)


def handle_backend_exception(exception: Exception) -> EventSpec:
    """What a handler let through: an AppError is told, anything else is a bug of ours.

    A bug's row in the monitoring log carries the reference number that is shown. Reflex
    calls this outside the event's own task: who it was stands in the event's context only. It
    takes an event as well, but insists on this annotation.
    """
    return cast(EventSpec, _tell_of(exception))


def _tell_of(exception: Exception) -> Event:
    route = EventContext.get().router_data
    headers = route.get(RouteVar.HEADERS, {})
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
            address=str(route.get(RouteVar.CLIENT_IP, "")),
            reference=reference,
        )
    )
    _reports.add(task)
    task.add_done_callback(_reports.discard)
    return tell(AppError("error.internal", reference=reference), language)


def handle_frontend_exception(exception: Exception) -> None:
    """An error in somebody's browser: one line in the log, unless there are too many."""
    if not _browser_errors.take(""):
        return
    logger.warning("in a browser: %s", one_line(str(exception), 500))
