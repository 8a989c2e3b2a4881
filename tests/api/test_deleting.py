"""A chat is deleted at any moment of its answer: never an error, never a lock for ever."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from llm_ui.db import Database, in_unit_of_work, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import ChatHistory, ChatMessage, Generation
from llm_ui.services.chats import chats
from tests.api.conftest import Caller
from tests.api.test_branches import new_chat
from tests.api.test_chats import events_of
from tests.conftest import People, until
from tests.scripted import ScriptedServer, parse_script

MOMENTS = 16


async def test_at_every_moment_of_an_answer(
    bob: Caller,
    engine: Engine,
    upstream: ScriptedServer,
    model_id: str,
    settings_env,
):
    settings_env("RUNS_PER_USER", "50")
    upstream.always = parse_script("tokens=5")

    async def ask_and_delete(number: int) -> list[int]:
        chat_id = await new_chat(bob, model_id)
        url = f"/api/v1/chats/{chat_id}"
        asked = await bob.post(f"{url}/messages", json={"content": "Hello"})
        followed = asyncio.create_task(bob.get(f"/api/v1/runs/{asked.json()['run_id']}/events"))
        await asyncio.sleep(number * 0.006)
        gone = await bob.delete(url)
        stream = await followed
        assert events_of(stream.content)[-1][0] == "end" or stream.status_code == 404
        return [asked.status_code, gone.status_code, (await bob.get(url)).status_code]

    async with asyncio.timeout(30):
        found = await asyncio.gather(*map(ask_and_delete, range(MOMENTS)))
    assert found == [[202, 204, 404]] * MOMENTS
    await until(lambda: not engine.running)


async def state_of(run_id: str) -> str:
    async with unit_of_work(writes=False) as session:
        run = await session.get(Generation, run_id)
    assert run is not None
    return run.state


async def test_while_its_end_is_being_written(
    bob: Caller,
    people: People,
    engine: Engine,
    upstream: ScriptedServer,
    model_id: str,
    caplog: pytest.LogCaptureFixture,
):
    # Long enough that the chat is held before the answer ends, on a busy machine too.
    upstream.script("tokens=3 delay=1")
    first = await new_chat(bob, model_id)
    asked = await bob.post(f"/api/v1/chats/{first}/messages", json={"content": "Hello"})
    run_id = asked.json()["run_id"]
    await until(lambda: engine.live(run_id) is not None)

    async def delete(session) -> None:  # type: ignore[no-untyped-def]
        await session.execute(
            sa.select(ChatHistory).where(col(ChatHistory.id) == first).with_for_update()
        )
        if not engine.database.is_sqlite:
            # Now the end is written up to where it needs the chat.
            waiting = sa.text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            while not await session.scalar(waiting):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await chats.delete_chat(session, people.bob, first)

    async with asyncio.timeout(20):
        async with unit_of_work() as session:
            await delete(session)
        await until(lambda: engine.live(run_id) is None)
    assert await state_of(run_id) in ("done", "stopped")
    # Neither was ended by the database for the other's sake.
    assert "could not write the end" not in caplog.text


async def test_a_deadlock_is_no_error_to_anybody(
    db: Database, people: People, postgres_server: str, bob: Caller, model_id: str
):
    """Two that lock in another order: one is ended by PostgreSQL, and done again."""
    if db.is_sqlite:
        pytest.skip("SQLite has one writer")
    one, other = [await new_chat(bob, model_id) for _ in range(2)]
    met = asyncio.Barrier(2)
    tries = {"first": 0, "second": 0}

    async def both(name: str, order: list[str]) -> None:
        async def work(session) -> None:  # type: ignore[no-untyped-def]
            tries[name] += 1
            for place, each in enumerate(order):
                await session.execute(
                    sa.update(ChatHistory).where(col(ChatHistory.id) == each).values(title=name)
                )
                if place == 0 and tries[name] == 1:
                    await met.wait()

        await in_unit_of_work(work)

    async with asyncio.timeout(20):
        await asyncio.gather(both("first", [one, other]), both("second", [other, one]))
    assert sum(tries.values()) == 3


async def test_another_error_is_not_tried_again(db: Database):
    tries = 0

    async def work(session) -> None:  # type: ignore[no-untyped-def]
        nonlocal tries
        tries += 1
        await session.execute(sa.text("SELECT no_such_column"))

    with pytest.raises(DBAPIError):
        await in_unit_of_work(work)
    assert tries == 1


async def test_what_is_deleted_for_good_takes_its_messages_along(
    bob: Caller, people: People, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=2")
    chat_id = await new_chat(bob, model_id)
    asked = await bob.post(f"/api/v1/chats/{chat_id}/messages", json={"content": "Hello"})
    await bob.get(f"/api/v1/runs/{asked.json()['run_id']}/events")
    async with unit_of_work() as session:
        await chats.remove(session, col(ChatHistory.id) == chat_id)
    async with unit_of_work(writes=False) as session:
        left = await session.scalars(
            sa.select(col(ChatMessage.id)).where(col(ChatMessage.chat_id) == chat_id)
        )
        assert list(left) == []
