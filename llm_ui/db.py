"""The database: engines, sessions, and the unit of work, the only place that commits.

Nothing is opened at import. `Database` belongs to one process and one event loop;
`start_database` makes it in the application's lifespan, `database()` hands it out.
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
# A server that is gone without a word is noticed; what the URL says itself holds.
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
AFTER_COMMIT = "after_commit"
# SQLSTATE of a transaction that was ended so that another one could go on.
DEADLOCK = "40P01"
DEADLOCK_TRIES = 3
T = TypeVar("T")
# For those who hold a session without touching SQL themselves.
Session = AsyncSession
AfterCommit = Callable[[], Awaitable[None] | None]


def runtime_url(url: str) -> str:
    """The URL with the asynchronous driver: aiosqlite, or psycopg 3."""
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
    """WAL, enforced foreign keys, and transactions that this module begins itself."""

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions on its own: a reading one that later
        # writes fails at once with BUSY_SNAPSHOT, whatever the time-out.
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
    """A statement that is cancelled takes its connection with it, and SQLite keeps a closed
    connection, with its lock, for as long as anybody holds a cursor with rows to read: as the
    traceback of the cancellation does. So the transaction ends before the connection.
    """

    @sa.event.listens_for(engine, "invalidate")
    def _invalidate(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # Cancelled again: the rollback stands in the connection's queue, before its end.
        with suppress(asyncio.CancelledError, sa.exc.SQLAlchemyError, sqlite3.Error, ValueError):
            connection.rollback()


def script_engine(url: str) -> sa.Engine:
    """An engine for scripts and threads: synchronous, its transactions begun as at run time.

    Without `writes` among a connection's execution options, SQLite gives it a snapshot that no
    writer waits for.
    """
    engine = sa.create_engine(script_url(url), poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _store_what_can_be_stored(engine: sa.Engine) -> None:
    """Ids and keys come from outside too: text that no database takes must not fail.

    What is looked up by such a text is simply not found.
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
        return statement, [clean(each) for each in values] if many else clean(values)


class Database:
    """The engine of one process, and the units of work on it."""

    def __init__(self, url: str, *, echo: bool = False, pool: int = POOL_SIZE) -> None:
        """`pool` is how many connections it opens at most."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # Errors that go into the log name their statement, never what was bound to it.
        options: dict[str, Any] = {
            "echo": echo, "pool_pre_ping": not self.is_sqlite, "hide_parameters": True,
        }  # fmt: skip
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # Half of them stay open.
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
        # SQLite lets one write at a time, and those who wait ask again and again, the luckiest
        # first. In a queue of our own everybody's turn comes.
        self._turn = asyncio.Lock() if self.is_sqlite else None

    @asynccontextmanager
    async def unit_of_work(self, *, writes: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end, rolled back on any error.

        Args:
            writes: whether it may write; on SQLite a writing unit takes the write lock
                at its start and a reading one never waits.

        Functions registered by `after_commit` run once the commit has succeeded.
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
        """Raise whatever the driver raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


async def _has_come(turn: asyncio.Lock) -> bool:
    """Wait for the turn; False if it takes longer than SQLite itself would wait."""
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
                # Rows that were read stay usable; changes to them go nowhere.
                session.expunge_all()
                await session.rollback()
    finally:
        # What follows the commit may write as well.
        if turn:
            turn.release()
    outages.database.worked()
    for hook in session.info.pop(AFTER_COMMIT, ()):
        outcome = hook()
        if inspect.isawaitable(outcome):
            await outcome


async def _to_its_end(ending: Coroutine[Any, Any, None]) -> None:
    """Await the end of a transaction, also when the task that waits is cancelled meanwhile.

    A page that loads again cancels what it asked for before: the connection must go back
    clean, and what follows a commit must follow.
    """
    task = asyncio.create_task(ending)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook` when the session's unit of work has committed; never otherwise."""
    session.info.setdefault(AFTER_COMMIT, []).append(hook)


_current: Database | None = None


def start_database(url: str, *, echo: bool = False, pool: int = POOL_SIZE) -> Database:
    """Make this process's database."""
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
    """What `work` gives, done in a writing unit of work of its own.

    Where two transactions wait for one another, PostgreSQL ends one of them. That one has
    changed nothing, and is done again from its beginning.
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
    """Insert the rows whose key is not there yet; two workers may do so at once."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    await session.execute(insert(table).values(rows).on_conflict_do_nothing())
