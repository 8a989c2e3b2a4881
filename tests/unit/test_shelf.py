"""Where chats are kept: projects, pins, the archive, tags, and windows of the list."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.models.base import now
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.schemas.chats.finding import ChatFilters, ChatWindow
from llm_ui.services.chats import chats, organize
from llm_ui.services.projects import projects
from tests.conftest import People

MISSING = "01890000-0000-7000-8000-000000000000"


async def put(actor: Actor, count: int) -> list[str]:
    """So many chats; their ids, the last used first."""
    moment = now()
    async with unit_of_work() as session:
        rows = [
            ChatHistory(
                user_id=actor.user_id, title=f"c{n}", updated_at=moment - timedelta(hours=n)
            )
            for n in range(count)
        ]
        session.add_all(rows)
        await session.flush()
        return [each.id for each in rows]


async def window(actor: Actor, *args: int, **filters: object) -> ChatWindow:
    async with unit_of_work(writes=False) as session:
        return await organize.window(session, actor, *args, filters=ChatFilters(**filters))


async def test_windows_put_together_are_the_list_with_the_pinned_first(people: People):
    made = await put(people.bob, 30)
    await put(people.charlie, 3)
    async with unit_of_work() as session:
        await organize.pin(session, people.bob, [made[20]], True)
    async with unit_of_work() as session:
        await organize.pin(session, people.bob, [made[10]], True)
    expected = [made[10], made[20], *[m for n, m in enumerate(made) if n not in (10, 20)]]
    seen: list[str] = []
    for start in range(0, 30, 7):
        part = await window(people.bob, start, 7)
        assert (part.start, part.total) == (start, 30)
        seen += [each.id for each in part.items]
    assert seen == expected
    assert [each.pinned for each in (await window(people.bob, 0, 3)).items] == [True, True, False]
    beyond = await window(people.bob, 10**9, 7)
    assert [each.id for each in beyond.items] == [made[29]]
    assert (await window(people.alice, 5, 7)).total == 0


async def test_what_is_archived_leaves_the_list_and_comes_back(people: People):
    one, two = await put(people.bob, 2)
    async with unit_of_work() as session:
        await organize.pin(session, people.bob, [one], True)
        await organize.archive(session, people.bob, [one], True)
    assert [each.id for each in (await window(people.bob)).items] == [two]
    (away,) = (await window(people.bob, archived=True)).items
    assert (away.id, away.pinned, away.archived) == (one, False, True)
    async with unit_of_work() as session:
        await organize.archive(session, people.bob, [one], False)
    assert len((await window(people.bob)).items) == 2


async def test_tags(people: People):
    one, two = await put(people.bob, 2)
    async with unit_of_work() as session:
        assert await organize.tag(session, people.bob, [one, two], "  #Work  Stuff ", True)
        await organize.tag(session, people.bob, [one], "work stuff", True)
        await organize.tag(session, people.bob, [two], "later", True)
    async with unit_of_work(writes=False) as session:
        found = await organize.list_tags(session, people.bob)
        assert await organize.list_tags(session, people.charlie) == []
    assert [(each.name, each.chats) for each in found] == [("later", 1), ("work stuff", 2)]
    assert [each.id for each in (await window(people.bob, tag="later")).items] == [two]
    async with unit_of_work() as session:
        await organize.tag(session, people.bob, [two], "later", False)
        assert await organize.set_tags(session, people.bob, one, ["B", "a", "b", " "]) == ["b", "a"]
    assert (await window(people.bob)).items[0].tags == ["a", "b"]
    for name in ("", " # ", "x" * 41):
        async with unit_of_work() as session:
            with pytest.raises(InvalidInput):
                await organize.tag(session, people.bob, [one], name, True)


async def test_limits(people: People, monkeypatch: pytest.MonkeyPatch):
    made = await put(people.bob, 4)
    monkeypatch.setattr(organize, "PINS", 2)
    monkeypatch.setattr(organize, "TAGS_PER_CHAT", 2)
    monkeypatch.setattr(projects, "PROJECTS_LIMIT", 1)
    with pytest.raises(Conflict):
        async with unit_of_work() as session:
            await organize.pin(session, people.bob, made[:3], True)
    assert not any(each.pinned for each in (await window(people.bob)).items)
    with pytest.raises(Conflict):
        async with unit_of_work() as session:
            for name in "abc":
                await organize.tag(session, people.bob, made[:1], name, True)
    with pytest.raises(Conflict):
        async with unit_of_work() as session:
            for name in "ab":
                await projects.create_project(session, people.bob, name)
    monkeypatch.setattr(organize, "AT_ONCE", 2)
    with pytest.raises(InvalidInput):
        async with unit_of_work() as session:
            await organize.archive(session, people.bob, made, True)


async def test_many_are_deleted_and_brought_back(people: People):
    made = await put(people.bob, 5)
    async with unit_of_work() as session:
        await organize.delete(session, people.bob, made[:3])
    assert (await window(people.bob)).total == 2
    async with unit_of_work() as session:
        await organize.restore(session, people.bob, made[:3])
    assert (await window(people.bob)).total == 5


async def test_a_long_chat_goes_for_good(people: People):
    (chat,) = await put(people.bob, 1)
    rows, parent = [], None
    for _ in range(1200):
        row = ChatMessage(chat_id=chat, parent_id=parent, role="user", content="word")
        parent = row.id
        rows.append(row.model_dump())
    async with unit_of_work() as session:
        for start in range(0, len(rows), 300):
            await session.execute(sa.insert(ChatMessage), rows[start : start + 300])
        await chats.delete_chat(session, people.bob, chat)
        await session.execute(
            sa.update(ChatHistory).values(deleted_at=now() - chats.UNDO_FOR - timedelta(hours=1))
        )
    async with unit_of_work() as session:
        await chats.purge_deleted(session)
        for table in ("chatmessage", "chathistory", "searchentry"):
            assert await session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0


async def test_a_project_and_its_chats(people: People):
    one, two = await put(people.bob, 2)
    async with unit_of_work() as session:
        made = await projects.create_project(session, people.bob, " My  house ", "house")
        await organize.move(session, people.bob, [one, two], made.id)
        await organize.move(session, people.bob, [two], "")
    async with unit_of_work(writes=False) as session:
        (found,) = await projects.list_projects(session, people.bob)
    assert (found.name, found.icon, found.chats) == ("My house", "house", 1)
    async with unit_of_work() as session:
        changed = await projects.change_project(
            session, people.bob, made.id, system_prompt="Be brief."
        )
        assert (changed.name, changed.system_prompt) == ("My house", "Be brief.")
        await projects.delete_project(session, people.bob, made.id)
    listed = (await window(people.bob)).items
    assert [(each.id, each.project_id) for each in listed] == [(one, ""), (two, "")]


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"icon": "skull"},
        {"description": "x" * 1001},
        {"system_prompt": "x" * 20_001},
    ],
)
async def test_what_a_project_cannot_be(people: People, change: dict[str, str]):
    async with unit_of_work() as session:
        made = await projects.create_project(session, people.bob, "x")
        with pytest.raises(InvalidInput):
            await projects.change_project(session, people.bob, made.id, **change)


async def test_a_new_chat_in_a_project(people: People, model_id: str):
    async with unit_of_work() as session:
        made = await projects.create_project(session, people.bob, "x")
    async with unit_of_work() as session:
        options = AskOptions(project_id=made.id)
        head = await chats.create_chat(session, people.bob, model_id, options=options)
    assert [each.id for each in (await window(people.bob, project_id=made.id)).items] == [head.id]
    async with unit_of_work() as session:
        with pytest.raises(NotFound):
            await chats.create_chat(session, people.charlie, model_id, options=options)


async def test_charlie_gets_at_nothing_of_bobs(people: People):
    bobs, own = await put(people.bob, 1), await put(people.charlie, 1)
    async with unit_of_work() as session:
        project = await projects.create_project(session, people.bob, "Bob's")
    mixed = [*own, *bobs]
    verbs = [
        lambda s, a: organize.pin(s, a, mixed, True),
        lambda s, a: organize.archive(s, a, mixed, True),
        lambda s, a: organize.tag(s, a, mixed, "x", True),
        lambda s, a: organize.set_tags(s, a, bobs[0], ["x"]),
        lambda s, a: organize.delete(s, a, mixed),
        lambda s, a: organize.restore(s, a, bobs),
        lambda s, a: organize.move(s, a, mixed, ""),
        lambda s, a: organize.move(s, a, own, project.id),
        lambda s, a: organize.move(s, a, own, MISSING),
        lambda s, a: organize.pin(s, a, [], True),
        lambda s, a: projects.open_project(s, a, project.id),
        lambda s, a: projects.change_project(s, a, project.id, name="mine"),
        lambda s, a: projects.delete_project(s, a, project.id),
    ]
    for number, verb in enumerate(verbs):
        with pytest.raises(NotFound):
            async with unit_of_work() as session:
                await verb(session, people.charlie)
                pytest.fail(f"verb {number}")
    async with unit_of_work(writes=False) as session:
        rows = list(await session.scalars(sa.select(ChatHistory)))
        assert not any(r.pinned_at or r.archived_at or r.deleted_at or r.project_id for r in rows)
        assert await projects.list_projects(session, people.charlie) == []
        count = await session.scalar(
            sa.select(sa.func.count())
            .select_from(ChatHistory)
            .where(col(ChatHistory.user_id) == people.bob.user_id)
        )
    assert count == 1
