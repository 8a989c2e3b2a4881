"""The composition root: the app, its REST side, its pages, and what lives as long as it.

What lies lower and needs something higher gets it handed in here: the engine its
`prepare` and `settle`, sessions and news the listeners that end and tell tabs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import reflex as rx
from reflex import constants
from reflex.utils import prerequisites
from sqlalchemy.exc import SQLAlchemyError

from llm_ui import auth, bus, outages, pages, trace
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
from llm_ui.services import (
    browsing,
    chats,
    departures,
    exports,
    extraction,
    file_bytes,
    gguf,
    idempotency,
    invitations,
    news,
    prompting,
    providers,
    search_index,
    settlement,
    temporary,
    watching,
)
from llm_ui.services import jobs as background
from llm_ui.states import door
from llm_ui.states.feedback import handle_backend_exception, handle_frontend_exception
from llm_ui.states.guard import EventLogFilter, Guard
from llm_ui.states.news import tell_tabs
from llm_ui.states.presence import check_tabs, end_tabs, note_open_tabs
from llm_ui.states.temporary import open_chats

logger = logging.getLogger(__name__)

HOUSEKEEPING_EVERY_S = 300.0
OPEN_TABS_EVERY_S = 60.0
TAKE_UP_EVERY_S = 2.0
REFLEX_LOGGERS = (
    "reflex_base.event.processor.event_processor",
    "reflex_base.event.processor.base_state_processor",
    "reflex.app",
)


def set_up_logging(level: str) -> None:
    """One format for all; nothing of a request's headers or arguments in any line."""
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(trace.WithRequestId())
        handler.addFilter(outages.OneLine())
    # Statements without what is bound to them (see db.py).
    statements = logging.INFO if level == "DEBUG" else logging.WARNING
    logging.getLogger("sqlalchemy.engine").setLevel(statements)
    # httpx logs each URL at INFO, and some providers put keys into them.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It logs each message of its queue; what becomes of jobs stands in their rows.
    logging.getLogger("taskiq").setLevel(logging.WARNING)
    for name in REFLEX_LOGGERS:
        logging.getLogger(name).addFilter(EventLogFilter())


async def _take_up_files() -> None:
    """Go on reading files where the last process ended, as soon as the database answers."""
    while True:
        try:
            await extraction.take_up(all_of_them=True)
            return
        except SQLAlchemyError:
            logger.exception("files that wait to be read could not be looked up; trying again")
        await asyncio.sleep(TAKE_UP_EVERY_S)


async def _presence() -> None:
    while True:
        await asyncio.sleep(OPEN_TABS_EVERY_S)
        try:
            await note_open_tabs()
        except SQLAlchemyError:
            logger.exception("open tabs could not be noted; trying again later")


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
            await departures.remove_leaving()
            await check_tabs()
            await watching.check()
            await extraction.take_up()
            await file_bytes.remove_orphans()
            await gguf.remove_interrupted()
            await exports.sweep()
            await search_index.fill()
            async with unit_of_work() as session:
                await background.schedule_due(session)
        except SQLAlchemyError:
            logger.exception("housekeeping failed; trying again later")


async def _end(session_ids: list[str], why: str) -> None:
    """Sessions have ended: so does whatever is open to them on this worker."""
    await end_tabs(session_ids, why)
    await watching.end(session_ids)


def _hears(engine: Engine) -> bus.Handlers:
    """What this worker does at the word of another one."""

    async def missed() -> None:
        try:
            await engine.reap()
            await check_tabs()
            await watching.check()
        except SQLAlchemyError:
            logger.exception("what other workers may have said was not found out")

    return bus.Handlers(
        stop=engine.stop_run,
        freed=engine.look_for_places,
        ended=_end,
        changed=news.heard,
        missed=missed,
        withdrawn=engine.withdraw_run,
    )


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Everything that a process opens, in the order in which it is needed."""
    settings = get_settings()
    owner.begin(settings.data_path)
    database = start_database(settings.database, pool=settings.db_pool)
    # Installations that share a Redis have keys and channels of their own.
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
        # At the same time: the server does not wait twice as long.
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
    """The application that Reflex runs."""
    settings = get_settings()
    set_up_logging(settings.log_level)
    built = prerequisites.get_web_dir() / constants.Dirs.STATIC
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
    news.listen(tell_tabs)
    pages.register(made)
    door.install(made)
    # By now every library has the handlers that it makes for itself.
    floods.hold(Floods())
    return made


app = create_app()
