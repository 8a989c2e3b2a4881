"""Opening a chat at one of its messages, and reading on from there in both directions."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from llm_ui.auth import Actor
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.models import ChatHistory, ChatMessage
from llm_ui.schemas.chats.chats import ChatView
from llm_ui.services.chats import branches, chats
from llm_ui.services.chats.messages import PAGE_CHARACTERS
from tests.conftest import People

MISSING = "01890000-0000-7000-8000-000000000000"


async def long_chat(actor: Actor, count: int) -> tuple[str, list[str]]:
    """A chat of so many messages in a row; its id and theirs."""
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=actor.user_id, title="Long")
        session.add(chat)
        await session.flush()
        ids: list[str] = []
        for n in range(count):
            ids.append(await add(session, chat.id, ids[-1] if ids else None, f"message {n}"))
        chat.active_leaf_id = ids[-1]
    return chat.id, ids


async def add(session, chat_id: str, parent_id: str | None, text: str, **values: object) -> str:
    values.setdefault("role", "assistant" if text.endswith(tuple("13579")) else "user")
    row = ChatMessage(chat_id=chat_id, parent_id=parent_id, content=text, **values)
    session.add(row)
    await session.flush()
    return row.id


async def opened(actor: Actor, chat_id: str, **place: object) -> ChatView:
    async with unit_of_work(writes=False) as session:
        return await chats.open_chat(session, actor, chat_id, **place)  # type: ignore[arg-type]


def ids_of(view: ChatView) -> list[str]:
    return [each.id for each in view.messages]


async def test_a_page_of_huge_messages_ends_early_and_the_next_one_goes_on(people: People):
    chat_id, ids = await long_chat(people.bob, 2)
    async with unit_of_work() as session:
        for _ in range(3):
            ids.append(await add(session, chat_id, ids[-1], "x" * (PAGE_CHARACTERS // 2)))
        ids.append(await add(session, chat_id, ids[-1], "y" * (PAGE_CHARACTERS + 1)))
        chat = await session.get_one(ChatHistory, chat_id)
        chat.active_leaf_id = ids[-1]
    page = await opened(people.bob, chat_id)
    assert ids_of(page) == ids[5:]
    page = await opened(people.bob, chat_id, before=page.earlier)
    assert ids_of(page) == ids[3:5]
    page = await opened(people.bob, chat_id, before=page.earlier)
    assert ids_of(page) == ids[:3]
    assert page.earlier == ""
    # A page around one of them, or after it, contains that message, or follows it without a gap.
    page = await opened(people.bob, chat_id, around=ids[3], limit=20)
    assert ids[3] in ids_of(page)
    assert len(page.messages) < len(ids)
    seen = ids_of(page)
    while page.later:
        page = await opened(people.bob, chat_id, after=page.later, limit=20)
        seen += ids_of(page)
    assert seen == ids[ids.index(seen[0]) :]


async def test_a_message_far_up_comes_with_what_stands_around_it(people: People):
    chat_id, ids = await long_chat(people.bob, 120)
    view = await opened(people.bob, chat_id, around=ids[30], limit=20)
    assert ids_of(view) == ids[21:41]
    assert not view.aside
    # And from there on in both directions, without a gap and without anything twice.
    before = await opened(people.bob, chat_id, before=view.earlier, limit=20)
    assert ids_of(before) == ids[1:21]
    after = await opened(people.bob, chat_id, after=view.later, limit=20)
    assert ids_of(after) == ids[41:61]
    assert after.earlier == ids[41]
    seen = [*ids_of(view), *ids_of(after)]
    while after.later:
        after = await opened(people.bob, chat_id, after=after.later, limit=20)
        seen += ids_of(after)
    assert seen == ids[21:]


@pytest.mark.parametrize("place", [119, 118, 110])
async def test_a_message_near_the_end_opens_the_end(people: People, place: int):
    chat_id, ids = await long_chat(people.bob, 120)
    view = await opened(people.bob, chat_id, around=ids[place], limit=20)
    assert ids_of(view) == ids[100:]
    assert (view.earlier, view.later) == (ids[100], "")


@pytest.mark.parametrize("place", [0, 1, 5])
async def test_a_message_at_the_beginning_comes_with_what_follows(people: People, place: int):
    chat_id, ids = await long_chat(people.bob, 120)
    view = await opened(people.bob, chat_id, around=ids[place], limit=20)
    assert ids_of(view) == ids[: place + 11]
    assert view.earlier == ""
    assert view.later == ids[place + 10]


async def test_nothing_comes_after_the_last_one(people: People):
    chat_id, ids = await long_chat(people.bob, 3)
    view = await opened(people.bob, chat_id, after=ids[-1])
    assert (view.messages, view.earlier, view.later) == ([], "", "")


async def test_a_message_on_another_branch_is_shown_on_its_own(people: People):
    chat_id, ids = await long_chat(people.bob, 60)
    async with unit_of_work() as session:
        first = await add(session, chat_id, ids[9], "other 0")
        second = await add(session, chat_id, first, "other 1")
        chat = await chats.get_chat_for(session, people.bob, chat_id)
        assert chat.active_leaf_id == ids[-1]
    view = await opened(people.bob, chat_id, around=first)
    assert view.aside
    assert ids_of(view) == [*ids[:10], first, second]
    assert (view.messages[10].sibling, view.messages[10].siblings) == (2, 2)
    # Reading changes nothing; showing does.
    assert ids_of(await opened(people.bob, chat_id))[-1] == ids[-1]
    async with unit_of_work() as session:
        await branches.show(session, people.bob, first)
    assert not (await opened(people.bob, chat_id, around=first)).aside
    # The branch that is not the chat's any more is read on all the same.
    after = await opened(people.bob, chat_id, after=ids[10], limit=5)
    assert ids_of(after) == ids[11:16]
    assert after.aside


async def test_either_of_two_answers_side_by_side_is_found_beside_the_other(people: People):
    chat_id, ids = await long_chat(people.bob, 30)
    async with unit_of_work() as session:
        asked = await add(session, chat_id, ids[-1], "asked 0")
        pair = [
            await add(session, chat_id, asked, f"pair {n}", pair_id="pair", role="assistant")
            for n in range(2)
        ]
        chat = await chats.get_chat_for(session, people.bob, chat_id, lock=True)
        chat.active_leaf_id = pair[0]
    for each in pair:
        view = await opened(people.bob, chat_id, around=each, limit=10)
        assert ids_of(view)[-3:] == [asked, *pair]
        assert not view.aside


async def test_what_is_not_in_the_chat_opens_its_end(people: People):
    chat_id, ids = await long_chat(people.bob, 50)
    _, others = await long_chat(people.bob, 3)
    _, foreign = await long_chat(people.charlie, 3)
    end = ids_of(await opened(people.bob, chat_id))
    assert end == ids[10:]
    for wanted in (MISSING, others[1], foreign[1], "", "x", "\x00", "x" * 5000):
        view = await opened(people.bob, chat_id, around=wanted)
        assert (ids_of(view), view.later, view.aside) == (end, "", False), wanted
        assert ids_of(await opened(people.bob, chat_id, after=wanted)) == []
    with pytest.raises(NotFound):
        await opened(people.charlie, chat_id, around=ids[3])


async def test_one_place_at_a_time(people: People):
    chat_id, ids = await long_chat(people.bob, 3)
    with pytest.raises(InvalidInput):
        await opened(people.bob, chat_id, around=ids[0], after=ids[0])


async def test_only_a_page_is_read_whole(db: Database, people: People):
    """However far up the message stands, the texts of a page are all that is read."""
    chat_id, ids = await long_chat(people.bob, 300)
    read: list[int] = []

    @sa.event.listens_for(sa.orm.Session, "loaded_as_persistent")
    def count(_session: object, thing: object) -> None:
        read.append(isinstance(thing, ChatMessage))

    try:
        await opened(people.bob, chat_id, around=ids[5], limit=20)
    finally:
        sa.event.remove(sa.orm.Session, "loaded_as_persistent", count)
    assert sum(read) <= 21
