"""Search: what is found, in which order, how it is marked, and what never is."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.models.base import now
from llm_ui.schemas.finding import ChatFilters, Part
from llm_ui.services import chats, projects, search, shelf
from llm_ui.services.search_words import marked, parse, snippet
from tests.conftest import People


async def put(
    actor: Actor, title: str, *texts: str, status: str = "done", temporary: bool = False
) -> str:
    """A chat with these messages; its id."""
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=actor.user_id, title=title, is_temporary=temporary)
        session.add(chat)
        await session.flush()
        parent = None
        for number, text in enumerate(texts):
            role = "assistant" if number % 2 else "user"
            row = ChatMessage(
                chat_id=chat.id, parent_id=parent, role=role, content=text, status=status
            )
            session.add(row)
            await session.flush()
            parent = row.id
        return chat.id


async def find(actor: Actor, query: str, filters: ChatFilters | None = None) -> list[str]:
    """The ids of the chats that are found."""
    async with unit_of_work(writes=False) as session:
        page = await search.search(session, actor, query, filters)
    return [each.chat_id for each in page.items]


async def test_titles_and_messages_are_found(people: People):
    bread = await put(people.bob, "Bread", "How much yeast for a loaf?", "Seven grams of yeast.")
    pump = await put(people.bob, "Heat pumps in winter", "Do they work?", "Yes, down to -20 °C.")
    assert await find(people.bob, "yeast") == [bread]
    assert await find(people.bob, "winter") == [pump]
    assert await find(people.bob, "WINTER pumps") == [pump]
    assert await find(people.bob, "yeast winter") == []
    assert await find(people.bob, "") == await find(people.bob, " \t ") == []


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("brown fox", True),
        ("fox brown", True),
        ('"brown fox"', True),
        ('"fox brown"', False),
        ("“brown fox”", True),
        ("fox -dog", False),
        ("fox -cat", True),
        ('fox -"lazy dog"', False),
        ('fox -"dog lazy"', True),
        ("-cat", False),
        ("jum", True),
        ("jum fox", False),
        ("jumps", True),
        ("ümlaut", True),
        ("uber", True),
        ("ÜBER", True),
        ("read_file.py", True),
        ("path/to", True),
        ('"quick brown', True),
        ("fox AND NOT dog", False),
    ],
)
async def test_the_language_of_queries(people: People, query: str, fits: bool):
    text = "The quick brown fox jumps over the lazy dog. Umlaut: über path/to/read_file.py"
    chat = await put(people.bob, "", text)
    assert await find(people.bob, query) == ([chat] if fits else [])


HOSTILE = (
    '"', '""', '"""', "'", "\\", "*", "a*", "^a", "a^", "(", ")", "((", "a OR", "OR", "NOT", "AND",
    "NEAR(a b)", "a NEAR/2 b", "body:x", "owner:u", "- -", "--", "-\"", ":*", "a:*", "a & | !", "<->",  # noqa: E501
    "!", "a<->", "%", "_", "%s", ":q", ";", "'; DROP TABLE user; --", "\x00", "a\x00b", "\ud800",
    "½", "１２", "漢字", "🙂", "\u0301", "a" * 5000, "a " * 3000, '"a' * 300, "-a " * 200, "{}", "$$",  # noqa: E501
    "İstanbul", "ß", "\u202e", "\\'", "a'b", "''", "col : x", "+a", "a + b", "^", "~", "NULL",
)  # fmt: skip


async def test_hostile_queries_never_raise(people: People):
    await put(people.bob, "A title", "a b c")
    for query in HOSTILE:
        for filters in (None, ChatFilters(project_id=query[:50], tag=query[:50])):
            assert isinstance(await find(people.bob, query, filters), list), query


async def test_the_index_keeps_step(people: People):
    chat = await put(people.bob, "Before", "first words")
    async with unit_of_work() as session:
        await chats.rename_chat(session, people.bob, chat, "After")
        row = await session.scalar(sa.select(ChatMessage).where(col(ChatMessage.chat_id) == chat))
        assert row is not None
        row.content = "second thoughts"
    assert await find(people.bob, "before") == await find(people.bob, "words") == []
    assert await find(people.bob, "after") == await find(people.bob, "thoughts") == [chat]
    async with unit_of_work() as session:
        await chats.delete_chat(session, people.bob, chat)
    assert await find(people.bob, "thoughts") == []
    async with unit_of_work() as session:
        await chats.undo_delete(session, people.bob, chat)
    assert await find(people.bob, "thoughts") == [chat]
    async with unit_of_work() as session:
        await session.execute(sa.delete(ChatHistory).where(col(ChatHistory.id) == chat))
        left = await session.scalar(sa.text("SELECT count(*) FROM searchentry"))
    assert left == 0
    assert await find(people.bob, "thoughts") == []


async def test_only_finished_messages_are_found(people: People):
    chat = await put(people.bob, "", "half an answer", status="running")
    assert await find(people.bob, "answer") == []
    async with unit_of_work() as session:
        await session.execute(
            sa.update(ChatMessage).where(col(ChatMessage.chat_id) == chat).values(status="stopped")
        )
    assert await find(people.bob, "answer") == [chat]


async def test_temporary_chats_leave_no_word_until_they_are_kept(people: People):
    chat = await put(people.bob, "A secret title", "a secret word", temporary=True)
    assert await find(people.bob, "secret") == []
    async with unit_of_work() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM searchentry")) == 0
        await session.execute(
            sa.update(ChatHistory).where(col(ChatHistory.id) == chat).values(is_temporary=False)
        )
    assert await find(people.bob, "secret word") == [chat]
    assert await find(people.bob, "secret title") == [chat]


async def test_charlie_finds_nothing_of_bobs(people: People):
    await put(people.bob, "Private", "a private word")
    own = await put(people.charlie, "Mine", "a private word too")
    assert await find(people.charlie, "private") == [own]
    async with unit_of_work() as session:
        project = await projects.create_project(session, people.bob, "Bob's")
    assert await find(people.charlie, "private", ChatFilters(project_id=project.id)) == []


async def test_filters(people: People):
    one, two = await put(people.bob, "Apple pie"), await put(people.bob, "Apple cake")
    async with unit_of_work() as session:
        project = await projects.create_project(session, people.bob, "Kitchen")
        await shelf.move(session, people.bob, [one], project.id)
        await shelf.tag(session, people.bob, [two], "Sweet", True)
    assert await find(people.bob, "apple", ChatFilters(project_id=project.id)) == [one]
    assert await find(people.bob, "apple", ChatFilters(tag="sweet")) == [two]
    tomorrow = now() + timedelta(days=1)
    assert await find(people.bob, "apple", ChatFilters(since=tomorrow)) == []
    assert len(await find(people.bob, "apple", ChatFilters(until=tomorrow))) == 2
    async with unit_of_work() as session:
        await shelf.archive(session, people.bob, [one], True)
    assert await find(people.bob, "apple", ChatFilters()) == [two]
    assert await find(people.bob, "apple", ChatFilters(archived=True)) == [one]
    assert len(await find(people.bob, "apple", ChatFilters(archived=None))) == 2


async def test_a_title_comes_before_a_mention_and_much_before_little(people: People):
    little = await put(people.bob, "", "sourdough " + "and other things of every kind " * 40)
    much = await put(people.bob, "", "sourdough sourdough sourdough starter")
    title = await put(people.bob, "Sourdough", "how?")
    assert await find(people.bob, "sourdough") == [title, much, little]


async def test_an_old_title_comes_before_many_new_mentions(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "POOL", 3)
    title = await put(people.bob, "Rhubarb")
    for n in range(8):
        await put(people.bob, f"No. {n}", "rhubarb again")
    assert (await find(people.bob, "rhubarb"))[0] == title


async def test_pages_give_each_chat_once(people: People):
    made = {await put(people.bob, f"Common {n}", "a common word") for n in range(25)}
    seen: list[str] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while True:
            page = await search.search(session, people.bob, "common", None, cursor, 10)
            seen += [each.chat_id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(made)


async def test_what_does_not_fit_the_pool_comes_on_later_pages(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "POOL", 7)
    monkeypatch.setattr(search, "TITLES", 4)
    made = {await put(people.bob, f"Common {n}") for n in range(25)}
    seen: list[str] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while True:
            page = await search.search(session, people.bob, "common", None, cursor, 3)
            seen += [each.chat_id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "LTF8MA==", "OTl8OTk5OTk5"])
async def test_a_forged_cursor_is_refused(people: People, cursor: str):
    async with unit_of_work(writes=False) as session:
        with pytest.raises(InvalidInput):
            await search.search(session, people.bob, "x", None, cursor)


async def test_rows_that_were_there_before_are_found(db: Database, people: People):
    """What the migration does with old rows is what the triggers do with new ones."""
    chat = await put(people.bob, "Old title", "old words")
    async with unit_of_work(writes=False) as session:
        rows = (await session.execute(sa.text("SELECT chat_id, message_id FROM searchentry"))).all()
    assert {row[0] for row in rows} == {chat}
    assert sorted(row[1] is None for row in rows) == [False, True]


def test_marks_are_parts_and_never_markup():
    parts = marked("<b>Bread</b> & bread", parse("bread"))
    assert parts == [
        Part("<b>"), Part("Bread", True), Part("</b> & "), Part("bread", True),
    ]  # fmt: skip


def test_only_whole_words_are_marked_but_for_the_one_being_written():
    assert [p.text for p in marked("cat concatenate cats", parse("cat")) if p.hit] == [
        "cat",
        "cats",
    ]
    assert [p.text for p in marked("cat cats", parse('"cat"')) if p.hit] == ["cat"]
    assert [p.text for p in marked("Über den Wolken", parse("uber")) if p.hit] == ["Über"]


def test_a_snippet_shows_the_place_with_the_most():
    text = "needle " + "hay " * 200 + "needle and thread, needle" + " hay" * 200
    found = snippet(text, parse("needle thread"))
    assert sum(part.hit for part in found) == 3
    line = "".join(part.text for part in found)
    assert len(line) < 220
    assert line.startswith("…")
    assert line.endswith("…")


def test_a_snippet_is_one_line():
    assert "\n" not in "".join(p.text for p in snippet("a\n\nb needle\nc", parse("needle")))
