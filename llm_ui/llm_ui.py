"""The composition root: the app, its REST API, its pages, and everything that lives as long as the
app.

Here, lower layers are given what they need from higher ones: the engine gets `prepare` and
`settle`, and sessions and live updates get the listeners that disconnect and notify tabs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import reflex as rx
from sqlalchemy.exc import SQLAlchemyError

from llm_ui import auth, bus, outages, pages, reflex_internals, trace
from llm_ui.api.app import create_api
from llm_ui.config import get_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.generation import Engine, owner, start_engine, stop_engine
from llm_ui.jobs import Jobs
from llm_ui.llm_api.supervisor import Supervisor
from llm_ui.security import floods
from llm_ui.security.floods import Floods
from llm_ui.security.policy import Policies
from llm_ui.security.tokens import derive_key, keyed_hash
from llm_ui.services import idempotency
from llm_ui.services.accounts import account_deletion, export_jobs, invitations, open_streams
from llm_ui.services.answers import browsing, prompting, settlement
from llm_ui.services.catalogue import model_files, providers
from llm_ui.services.chats import chats, live_updates, search_index, temporary
from llm_ui.services.files import extraction, file_storage
from llm_ui.services.operations import jobs as background
from llm_ui.states.chats.live_updates import tell_tabs
from llm_ui.states.chats.temporary import open_chats
from llm_ui.states.socket import connection
from llm_ui.states.socket.feedback import handle_backend_exception, handle_frontend_exception
from llm_ui.states.socket.guard import EventLogFilter, Guard
from llm_ui.states.socket.presence import check_tabs, end_tabs, note_open_tabs

logger = logging.getLogger(__name__)

HOUSEKEEPING_EVERY_S = 300.0
OPEN_TABS_EVERY_S = 60.0
TAKE_UP_EVERY_S = 2.0


def set_up_logging(level: str) -> None:
    """Set up one format for all loggers; request headers and arguments are never logged."""
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(trace.WithRequestId())
        handler.addFilter(outages.OneLine())
    # Statements without their parameters (see db.py).
    statements = logging.INFO if level == "DEBUG" else logging.WARNING
    logging.getLogger("sqlalchemy.engine").setLevel(statements)
    # httpx logs every URL at INFO, and some providers put keys into URLs.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Whoever sends a malformed form gets an error response; it need not be logged.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # It logs every message of its queue; what becomes of jobs is in their rows.
    logging.getLogger("taskiq").setLevel(logging.WARNING)
    for name in reflex_internals.LOGGERS:
        logging.getLogger(name).addFilter(EventLogFilter())
    for name in reflex_internals.SOCKET_LOGGERS:
        logging.getLogger(name).addFilter(connection.FewComplaints())


async def _take_up_files() -> None:
    """Resume text extraction where the last process stopped, once the database answers."""
    while True:
        try:
            await extraction.take_up(all_of_them=True)
            return
        except SQLAlchemyError:
            logger.exception("could not look up files waiting to be read; trying again")
        await asyncio.sleep(TAKE_UP_EVERY_S)


async def _presence() -> None:
    while True:
        await asyncio.sleep(OPEN_TABS_EVERY_S)
        try:
            await note_open_tabs()
        except SQLAlchemyError:
            logger.exception("could not record open tabs; trying again later")


async def _housekeeping() -> None:
    while True:
        await asyncio.sleep(HOUSEKEEPING_EVERY_S)
        try:
            async with unit_of_work() as session:
                await temporary.keep(session, open_chats())
                await temporary.purge(session)
                await chats.purge_deleted(session)
                await auth.purge_expired(session)
                await invitations.purge(session)
                await idempotency.purge(session)
            await account_deletion.remove_leaving()
            await check_tabs()
            await open_streams.check()
            await extraction.take_up()
            await file_storage.remove_orphans()
            await model_files.remove_interrupted()
            await export_jobs.sweep()
            await search_index.fill()
            async with unit_of_work() as session:
                await background.schedule_due(session)
        except SQLAlchemyError:
            logger.exception("housekeeping failed; trying again later")


async def _end(session_ids: list[str], why: str) -> None:
    """Disconnect everything on this worker that belongs to sessions that have ended."""
    await end_tabs(session_ids, why)
    await open_streams.end(session_ids)


def _hears(engine: Engine) -> bus.Handlers:
    """The handlers for messages from other workers."""

    async def missed() -> None:
        try:
            await engine.reap()
            await check_tabs()
            await open_streams.check()
        except SQLAlchemyError:
            logger.exception("could not catch up on missed messages from other workers")

    return bus.Handlers(
        stop=engine.stop_run,
        freed=engine.look_for_places,
        ended=_end,
        changed=live_updates.heard,
        missed=missed,
        withdrawn=engine.withdraw_run,
    )


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Start everything a process needs, in dependency order."""
    settings = get_settings()
    owner.begin(settings.data_path)
    database = start_database(settings.database, pool=settings.db_pool)
    # Installations that share a Redis use separate keys and channels.
    name = keyed_hash(settings.secret_keys[0], "bus", "")[:16]
    signing = derive_key(settings.secret_keys[0], "bus messages")
    crossing = bus.start_bus(settings.redis_url, f"llm_ui:{name}", signing)
    engine = start_engine(
        database,
        prompting.prepare,
        settlement.settle,
        settlement.unhandled,
        prompting.admit,
        crossing,
        settings.data_path,
    )
    crossing.start(_hears(engine))
    supervisor = None if settings.llm_api_url else Supervisor(settings)
    if supervisor is not None:
        await supervisor.start()
    jobs = Jobs(database, settings.redis_url, f"llm_ui:{name}")
    await jobs.start()
    tasks = [
        asyncio.create_task(_take_up_files(), name="files"),
        asyncio.create_task(
            providers.keep_in_sync(lambda: supervisor.url if supervisor else None),
            name="providers",
        ),
        asyncio.create_task(_housekeeping(), name="housekeeping"),
        asyncio.create_task(_presence(), name="presence"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await extraction.stop()
        # Concurrently, so that shutdown does not take twice as long.
        await asyncio.gather(
            jobs.stop(settings.shutdown_grace), stop_engine(settings.shutdown_grace)
        )
        await bus.stop_bus()
        await providers.close_adapters()
        await browsing.close_fetcher()
        if supervisor is not None:
            await supervisor.stop()
        await stop_database()


def create_app() -> rx.App:
    """Create the application that Reflex runs."""
    settings = get_settings()
    set_up_logging(settings.log_level)
    built = reflex_internals.built_pages()
    made = rx.App(
        api_transformer=create_api(Policies(built.resolve(), https=settings.secure_cookies)),
        backend_exception_handler=handle_backend_exception,
        frontend_exception_handler=handle_frontend_exception,
        **pages.app_options(),
    )
    made.add_middleware(Guard(), index=0)
    made.register_lifespan_task(lifespan)
    auth.on_sessions_ended(_end)
    auth.on_sessions_ended(bus.tell_ended)
    live_updates.listen(tell_tabs)
    pages.register(made)
    connection.install(made)
    # By now every library has installed its own log handlers.
    floods.hold(Floods())
    return made


app = create_app()
