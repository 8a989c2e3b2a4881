"""The index of words made anew: whole whatever was wrong, and searched all the while."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, script_url, unit_of_work
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.models.base import new_id
from llm_ui.services.chats import search, search_index
from tests.conftest import People


async def quiet(*_: Any, **__: Any) -> None:
    """Nobody asks how far it is."""


async def chat(people: People, *texts: str, title: str = "", **values: Any) -> str:
    chat_id = new_id()
    async with unit_of_work() as session:
        head = ChatHistory(id=chat_id, user_id=people.bob.user_id, title=title, **values)
        session.add(head)
        await session.flush()
        session.add_all(ChatMessage(chat_id=chat_id, role="user", content=text) for text in texts)
    return chat_id


async def found(people: People, word: str) -> list[str]:
    async with unit_of_work(writes=False) as session:
        return [hit.chat_id for hit in (await search.search(session, people.bob, word)).items]


async def do(statement: str, **values: Any) -> None:
    async with unit_of_work() as session:
        await session.execute(sa.text(statement), values)


async def tables() -> set[str]:
    async with unit_of_work(writes=False) as session:
        connection = await session.connection()
        return set(await connection.run_sync(lambda c: sa.inspect(c).get_table_names()))


@pytest.fixture
def is_sqlite(db: Database) -> bool:
    return db.is_sqlite


async def test_an_index_that_is_right_stays_so(people: People):
    chats = [await chat(people, f"walrus number {n}", title=f"Zoo {n}") for n in range(450)]
    before = await tables()
    async with unit_of_work(writes=False) as session:
        page = await search.search(session, people.bob, "walrus")
    result = await search_index.rebuild(quiet)
    assert (result.entries, result.added, result.changed, result.removed) == (900, 0, 0, 0)
    async with unit_of_work(writes=False) as session:
        assert (await search.search(session, people.bob, "walrus")).items == page.items
    assert await found(people, "Zoo 449") == [chats[449]]
    assert await tables() == before


async def test_what_is_missing_comes_back_and_what_is_too_much_goes(people: People):
    here = await chat(people, "walrus", title="Zoo")
    gone = await chat(people, "penguin", title="Ice")
    await do("DELETE FROM searchentry WHERE chat_id = :id", id=here)
    # Past the triggers, as a mishap would.
    await do(
        "UPDATE searchentry SET chat_id = :here WHERE chat_id = :gone AND message_id IS NULL",
        here=here,
        gone=gone,
    )
    assert await found(people, "walrus") == []
    result = await search_index.rebuild(quiet)
    assert result.entries == 4
    assert result.added >= 2
    assert await found(people, "walrus") == [here]
    assert await found(people, "Zoo") == [here]
    assert await found(people, "Ice") == [gone]


async def test_words_that_were_wrong_are_put_right(people: People, is_sqlite: bool):
    here = await chat(people, "walrus")
    if is_sqlite:
        # The index loses its words; what it was told cannot be read back.
        await do("INSERT INTO searchindex (searchindex) VALUES ('delete-all')")
    else:
        await do("UPDATE searchentry SET words = to_tsvector('simple', 'penguin')")
    assert await found(people, "walrus") == []
    await search_index.rebuild(quiet)
    assert await found(people, "walrus") == [here]
    assert await found(people, "penguin") == []


async def test_what_should_not_be_found_is_not(people: People):
    temporary = await chat(people, "walrus", title="Zoo", is_temporary=True)
    here = await chat(people, "penguin", title="Ice")
    async with unit_of_work() as session:
        session.add(
            ChatMessage(chat_id=here, role="assistant", content="walrus too", status="running")
        )
    result = await search_index.rebuild(quiet)
    assert result.entries == 2
    assert await found(people, "walrus") == []
    assert temporary not in await found(people, "Zoo")


async def test_words_that_cannot_be_written_leave_no_broken_connection(
    people: People, is_sqlite: bool
):
    """They are written with the commit: who comes next gets a connection that works."""
    if is_sqlite:
        pytest.skip("SQLite writes them in triggers")
    with pytest.raises(sa.exc.ProgrammingError):
        async with unit_of_work() as session:
            session.add(ChatHistory(id=new_id(), user_id=people.bob.user_id, title="Walrus"))
            await session.flush()
            await session.execute(sa.text("SET LOCAL search_path TO pg_catalog"))
    for _ in range(3):
        assert await found(people, "walrus") == []


async def test_people_search_and_write_while_it_is_made(people: People):
    """Between any two batches: chats come, change and go, and all are found."""
    old = [await chat(people, f"walrus {n}", title="Zoo") for n in range(300)]
    changed, left, fresh = old[0], old[1], []
    turns = 0

    async def meddle(*_: Any, **__: Any) -> None:
        nonlocal turns
        turns += 1
        assert len(await found(people, "walrus")) == search.PAGE
        fresh.append(await chat(people, f"penguin {turns}", title=f"Ice {turns}"))
        async with unit_of_work() as session:
            await session.execute(
                sa.update(ChatHistory)
                .where(col(ChatHistory.id) == changed)
                .values(title=f"Zebra {turns}")
            )
            await session.execute(
                sa.update(ChatMessage)
                .where(col(ChatMessage.chat_id) == changed)
                .values(content=f"giraffe {turns}")
            )
            if turns == 4:
                await session.execute(sa.delete(ChatHistory).where(col(ChatHistory.id) == left))

    result = await search_index.rebuild(meddle)
    assert turns > 6
    assert await found(people, f"giraffe {turns}") == [changed]
    assert await found(people, f"Zebra {turns}") == [changed]
    assert await found(people, f"giraffe {turns - 1}") == []
    assert await found(people, '"walrus 1"') == []
    assert len(await found(people, "penguin")) == min(len(fresh), search.PAGE)
    for number, chat_id in enumerate(fresh, 1):
        assert await found(people, f'"penguin {number}"') == [chat_id]
        assert await found(people, f'"Ice {number}"') == [chat_id]
    assert result.entries == 2 * (299 + len(fresh))
    # What is written afterwards is found too, and what is deleted no longer.
    last = await chat(people, "okapi")
    assert await found(people, "okapi") == [last]
    async with unit_of_work() as session:
        await session.execute(sa.delete(ChatHistory).where(col(ChatHistory.id) == changed))
    assert await found(people, "giraffe") == []


@pytest.mark.parametrize("at", range(1, 7))
async def test_stopped_anywhere_it_leaves_what_was_there(people: People, at: int):
    here = await chat(people, *[f"walrus {n}" for n in range(250)], title="Zoo")
    before, turns = await tables(), 0

    async def stop(*_: Any, **__: Any) -> None:
        nonlocal turns
        turns += 1
        if turns == at:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await search_index.rebuild(stop)
    assert await found(people, '"walrus 249"') == [here]
    assert await tables() == before
    await search_index.rebuild(quiet)
    assert await found(people, '"walrus 249"') == [here]


async def test_after_a_kill_it_begins_again(people: People, is_sqlite: bool):
    here = await chat(people, "walrus")
    if is_sqlite:
        await do("CREATE TABLE searchindex_aside (id INTEGER PRIMARY KEY, owner TEXT, body TEXT)")
        await do("CREATE VIRTUAL TABLE searchindex_second USING fts5(owner, body, content='')")
    await search_index.rebuild(quiet)
    assert await found(people, "walrus") == [here]


async def test_what_is_written_past_the_application_is_found_soon(
    people: People, is_sqlite: bool, database_url: str
):
    """On PostgreSQL its words come with the next round of housekeeping, or the next message."""
    here = await chat(people, "walrus")
    there = await chat(people, "x")
    engine = sa.create_engine(script_url(database_url))

    def past(text: str) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE chatmessage SET content = :text"), {"text": text})

    past("设备清单")
    assert await search_index.fill() == (0 if is_sqlite else 2)
    assert sorted(await found(people, "清单")) == sorted([here, there])
    past("热泵装置")
    await chat(people, "another")
    assert sorted(await found(people, "装置")) == sorted([here, there])
    engine.dispose()
