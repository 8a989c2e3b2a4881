"""The unit of work: what it keeps, what it undoes, and what it does afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.db import Database, after_commit, runtime_url, script_url, unit_of_work
from llm_ui.models import ChatHistory, ChatMessage, User
from llm_ui.models.base import new_id
from tests.conftest import People


def user(name: str) -> User:
    return User(email=f"{name}@example.org", username=name, password_hash="x")


async def test_what_is_added_is_there_afterwards(db: Database):
    async with unit_of_work() as session:
        session.add(user("dora"))
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(col(User.username))) == "dora"


async def test_an_error_undoes_everything_and_no_hook_runs(db: Database):
    ran = []
    with pytest.raises(RuntimeError):
        async with unit_of_work() as session:
            session.add(user("dora"))
            after_commit(session, lambda: ran.append(1))
            raise RuntimeError
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(sa.func.count(col(User.id)))) == 0
    assert ran == []


async def test_a_hook_sees_what_was_committed(db: Database):
    seen = []

    async def look() -> None:
        async with unit_of_work(writes=False) as session:
            seen.append(await session.scalar(sa.select(col(User.username))))

    async with unit_of_work() as session:
        session.add(user("dora"))
        after_commit(session, look)
    assert seen == ["dora"]


async def test_many_units_that_read_and_then_write_at_once_all_succeed(db: Database):
    async with unit_of_work() as session:
        session.add(user("counter"))

    async def count_up() -> None:
        async with unit_of_work() as session:
            row = (await session.scalars(sa.select(User).with_for_update())).one()
            row.username = str(int(row.username) + 1) if row.username.isdigit() else "1"

    await asyncio.gather(*(count_up() for _ in range(20)))
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(col(User.username))) == "20"


async def test_times_come_back_aware_and_in_utc_and_naive_ones_are_refused(db: Database):
    moment = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    async with unit_of_work() as session:
        row = user("dora")
        row.last_login = moment
        session.add(row)
    async with unit_of_work(writes=False) as session:
        found = await session.scalar(sa.select(col(User.last_login)))
    assert found == moment
    assert found.tzinfo == UTC
    with pytest.raises(StatementError):
        async with unit_of_work() as session:
            row = user("naive")
            row.last_login = datetime(2026, 7, 1)  # noqa: DTZ001
            session.add(row)


async def test_a_message_cannot_hang_under_another_chats_message(people: People):
    async with unit_of_work() as session:
        first = ChatHistory(user_id=people.bob.user_id, title="a")
        second = ChatHistory(user_id=people.charlie.user_id, title="b")
        session.add_all([first, second])
        await session.flush()
        message = ChatMessage(chat_id=first.id, role="user", content="x")
        session.add(message)
    with pytest.raises(IntegrityError):
        async with unit_of_work() as session:
            session.add(
                ChatMessage(chat_id=second.id, parent_id=message.id, role="user", content="y")
            )


async def test_deleting_a_user_takes_their_chats_along(people: People):
    async with unit_of_work() as session:
        session.add(ChatHistory(id=new_id(), user_id=people.bob.user_id, title="a"))
    async with unit_of_work() as session:
        await session.execute(sa.delete(User).where(col(User.id) == people.bob.user_id))
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(sa.func.count(col(ChatHistory.id)))) == 0


@pytest.mark.parametrize(
    ("given", "runtime", "script"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db", "sqlite:///x.db"),
        (
            "postgresql+psycopg2://u:p%40ss@h/d",
            "postgresql+psycopg://u:p%40ss@h/d",
            "postgresql+psycopg2://u:p%40ss@h/d",
        ),
    ],
)
def test_urls_get_the_right_driver_and_keep_their_password(given, runtime, script):
    assert runtime_url(given) == runtime
    assert script_url(given) == script


async def test_a_unit_that_is_cancelled_while_it_commits_is_committed_whole(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that loads again cancels what it asked for before, at any moment."""
    committing, ran = asyncio.Event(), []
    commit = AsyncSession.commit

    async def slow_commit(session: AsyncSession) -> None:
        committing.set()
        await asyncio.sleep(0.05)
        await commit(session)

    async def write() -> None:
        async with unit_of_work() as session:
            session.add(user("dora"))
            after_commit(session, lambda: ran.append(1))

    monkeypatch.setattr(AsyncSession, "commit", slow_commit)
    task = asyncio.create_task(write())
    await committing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ran == [1]
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(col(User.username))) == "dora"


async def test_writers_take_turns_and_what_follows_a_commit_may_write(db: Database) -> None:
    order: list[int] = []

    async def write_again() -> None:
        async with unit_of_work() as session:
            await session.execute(sa.text("SELECT 1"))
            order.append(99)

    async def write(number: int) -> None:
        async with unit_of_work() as session:
            await session.execute(sa.text("SELECT 1"))
            await asyncio.sleep(0)
            order.append(number)
            if number == 0:
                after_commit(session, write_again)

    async with asyncio.timeout(10):
        await asyncio.gather(*(write(number) for number in range(20)))
    assert sorted(order) == [*range(20), 99]


async def test_a_writer_that_fails_or_is_cancelled_gives_its_turn_back(db: Database) -> None:
    async def fail() -> None:
        async with unit_of_work():
            raise ValueError

    async def linger() -> None:
        async with unit_of_work():
            await asyncio.sleep(60)

    with pytest.raises(ValueError):
        await fail()
    lingering = asyncio.create_task(linger())
    waiting = asyncio.create_task(linger())
    await asyncio.sleep(0.05)
    for task in (waiting, lingering):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5), unit_of_work() as session:
        await session.execute(sa.text("SELECT 1"))


async def test_a_statement_that_is_cancelled_leaves_no_lock_behind(db: Database, people: People):
    """Also while its traceback is held, and whatever of its rows nobody has read."""

    async def write() -> None:
        async with db.unit_of_work() as session:
            name = sa.update(User).values(username="Bob").returning(col(User.id))
            (await session.execute(name)).all()

    async def work() -> None:
        try:
            while True:
                await write()
        except asyncio.CancelledError:
            # Within what holds the traceback.
            async with asyncio.timeout(5):
                await write()

    for moment in range(120):
        task = asyncio.create_task(work())
        await asyncio.sleep(moment % 40 * 0.0002)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() or task.exception() is None
