"""The database: engines, sessions, and the unit of work, which is the only place that commits.

Nothing is opened at import. A `Database` belongs to one process and one event loop;
`start_database` creates it in the application's lifespan, and `database()` returns it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from llm_ui import indexing, outages
from llm_ui.security.text import storable

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 15
POOL_SIZE = 20
# Notice a server that vanished silently; parameters in the URL take precedence.
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
AFTER_COMMIT = "after_commit"
# The SQLSTATE of a transaction that PostgreSQL aborted to resolve a deadlock.
DEADLOCK = "40P01"
DEADLOCK_TRIES = 3
T = TypeVar("T")
# For modules that pass a session around without touching SQL themselves.
Session = AsyncSession
AfterCommit = Callable[[], Awaitable[None] | None]


def runtime_url(url: str) -> str:
    """The URL with the async driver: aiosqlite, or psycopg 3."""
    backend = make_url(url).get_backend_name()
    return str(
        make_url(url)
        .set(drivername="sqlite+aiosqlite" if backend == "sqlite" else "postgresql+psycopg")
        .render_as_string(hide_password=False)
    )


def script_url(url: str) -> str:
    """The URL for Alembic and scripts: the standard library's sqlite3, or psycopg2."""
    backend = make_url(url).get_backend_name()
    drivername = "sqlite" if backend == "sqlite" else "postgresql+psycopg2"
    return str(make_url(url).set(drivername=drivername).render_as_string(hide_password=False))


def _prepare_sqlite(engine: sa.Engine) -> None:
    """Set up WAL, enforced foreign keys, and transactions that this module begins itself."""

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions on its own: a read transaction that later writes
        # fails immediately with BUSY_SNAPSHOT, regardless of the timeout.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _let_go_of_the_lock(engine: sa.Engine) -> None:
    """Roll back when a canceled statement invalidates its connection.

    SQLite keeps a closed connection and its lock for as long as a cursor with unread rows is
    referenced, and the cancellation's traceback references one.
    """

    @sa.event.listens_for(engine, "invalidate")
    def _invalidate(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # Cancelled again: the rollback is already in the connection's queue, before its close.
        with suppress(asyncio.CancelledError, sa.exc.SQLAlchemyError, sqlite3.Error, ValueError):
            connection.rollback()


def script_engine(url: str) -> sa.Engine:
    """A synchronous engine for scripts and threads; its transactions begin as they do at run time.

    Without `writes` in a connection's execution options, SQLite gives it a snapshot that no writer
    waits for.
    """
    engine = sa.create_engine(script_url(url), poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _store_what_can_be_stored(engine: sa.Engine) -> None:
    """Make IDs and keys that no database can store safe to bind as parameters.

    Such values may come from outside, and looking one up must find nothing rather than fail.
    """

    def clean(values: Any) -> Any:
        if isinstance(values, dict):
            return {name: clean(value) for name, value in values.items()}
        if isinstance(values, tuple):
            return tuple(clean(value) for value in values)
        return storable(values) if isinstance(values, str) else values

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def _execute(
        _connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        # Many rows come as a list, or as a single mapping if they are to be returned.
        if many and isinstance(values, list):
            return statement, [clean(each) for each in values]
        return statement, clean(values)


class Database:
    """One process's engine and its units of work."""

    def __init__(self, url: str, *, echo: bool = False, pool: int = POOL_SIZE) -> None:
        """`pool` is the maximum number of connections."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # Errors in the log quote their statement but never its parameters.
        options: dict[str, Any] = {
            "echo": echo,
            "pool_pre_ping": not self.is_sqlite,
            "hide_parameters": True,
        }
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # Half of them are kept open.
        options |= {"pool_size": pool - pool // 2, "max_overflow": pool // 2}
        if not self.is_sqlite:
            given = self.url.query
            options["connect_args"] = {n: v for n, v in PATIENCE.items() if n not in given}
        self.engine: AsyncEngine = create_async_engine(runtime_url(url), **options)
        if self.is_sqlite:
            _prepare_sqlite(self.engine.sync_engine)
            _let_go_of_the_lock(self.engine.sync_engine)
        _store_what_can_be_stored(self.engine.sync_engine)
        indexing.keep_filled(self.engine.sync_engine)
        self._writing_engine = self.engine.execution_options(writes=True)
        # SQLite allows one writer at a time, and waiting writers poll, so their order is random.
        # Our own queue is fair.
        self._turn = asyncio.Lock() if self.is_sqlite else None

    @asynccontextmanager
    async def unit_of_work(self, *, writes: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction: committed on success, rolled back on any error.

        Args:
            writes: whether it may write. On SQLite, a writing unit takes the write lock when it
                starts; a reading one never waits.

        Functions registered with `after_commit` run once the commit has succeeded.
        """
        engine = self._writing_engine if writes else self.engine
        turn = self._turn if writes and self._turn and await _has_come(self._turn) else None
        session = AsyncSession(engine, expire_on_commit=False)
        try:
            yield session
        except BaseException:
            await _to_its_end(_abandon(session, turn))
            raise
        await _to_its_end(_conclude(session, writes, turn))

    async def ping(self) -> None:
        """Raise the driver's error if the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


async def _has_come(turn: asyncio.Lock) -> bool:
    """Wait for the lock; False if that takes longer than SQLite's own busy timeout."""
    try:
        async with asyncio.timeout(BUSY_TIMEOUT_S):
            return await turn.acquire()
    except TimeoutError:
        return False


async def _abandon(session: AsyncSession, turn: asyncio.Lock | None) -> None:
    try:
        async with session:
            await session.rollback()
    finally:
        if turn:
            turn.release()


async def _conclude(session: AsyncSession, writes: bool, turn: asyncio.Lock | None) -> None:
    try:
        async with session:
            if writes:
                await session.commit()
            else:
                # Loaded rows stay usable, but changes to them are no longer written.
                session.expunge_all()
                await session.rollback()
    finally:
        # After-commit hooks may write as well.
        if turn:
            turn.release()
    outages.database.worked()
    for hook in session.info.pop(AFTER_COMMIT, ()):
        outcome = hook()
        if inspect.isawaitable(outcome):
            await outcome


async def _to_its_end(ending: Coroutine[Any, Any, None]) -> None:
    """Await the end of a transaction even if the waiting task is canceled.

    Reloading a page cancels its pending requests: the connection must still be returned in a clean
    state, and the after-commit hooks must still run.
    """
    task = asyncio.create_task(ending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook` after the session's unit of work has committed; never if it rolls back."""
    session.info.setdefault(AFTER_COMMIT, []).append(hook)


_current: Database | None = None


def start_database(url: str, *, echo: bool = False, pool: int = POOL_SIZE) -> Database:
    """Create this process's database."""
    global _current  # noqa: PLW0603 - one per process, made and ended by the lifespan
    _current = Database(url, echo=echo, pool=pool)
    return _current


async def stop_database() -> None:
    """Close this process's database."""
    global _current  # noqa: PLW0603
    if _current is not None:
        await _current.close()
    _current = None


def database() -> Database:
    """This process's database."""
    if _current is None:
        raise RuntimeError("the database is not started")
    return _current


@asynccontextmanager
async def unit_of_work(*, writes: bool = True) -> AsyncIterator[AsyncSession]:
    """A unit of work on this process's database; see `Database.unit_of_work`."""
    async with database().unit_of_work(writes=writes) as session:
        yield session


async def in_unit_of_work(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run `work` in a writing unit of work of its own and return its result.

    PostgreSQL resolves a deadlock by aborting one of the transactions, which is then retried.
    """
    for tries in range(DEADLOCK_TRIES, -1, -1):
        try:
            async with unit_of_work() as session:
                return await work(session)
        except DBAPIError as error:
            if not tries or getattr(error.orig, "sqlstate", "") != DEADLOCK:
                raise
    raise AssertionError("unreachable")


async def insert_missing(session: AsyncSession, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert the rows whose key does not exist yet; safe if two workers do so at once."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    await session.execute(insert(table).values(rows).on_conflict_do_nothing())
