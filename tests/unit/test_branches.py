"""The conversation as a tree: other words, other answers, two at once, copies, settings."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.generation import Engine
from llm_ui.models import (
    AIModel,
    ChatHistory,
    ChatMessage,
    Generation,
    PerformanceMetric,
    Project,
    UsageLog,
    User,
)
from llm_ui.models.base import now
from llm_ui.schemas.chats.chats import Asked, AskOptions, ChatView
from llm_ui.services.answers import asking, context, runs
from llm_ui.services.catalogue import chat_settings
from llm_ui.services.chats import branches, chats, temporary
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import watch


async def asked(actor: Actor, text: str, **options: object) -> Asked:
    """A question and the end of its answer."""
    found = await runs.ask(actor, text, **options)  # type: ignore[arg-type]
    for run_id in filter(None, (found.run_id, found.also_run_id)):
        await watch(actor, run_id)
    return found


async def shown(actor: Actor, chat_id: str, **options: int) -> ChatView:
    async with unit_of_work(writes=False) as session:
        return await chats.open_chat(session, actor, chat_id, **options)  # type: ignore[arg-type]


async def words(actor: Actor, chat_id: str) -> list[str]:
    return [each.content for each in (await shown(actor, chat_id)).messages]


async def count(table: type) -> int:
    async with unit_of_work(writes=False) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def use(verb, actor: Actor, *arguments: object):
    async with unit_of_work() as session:
        return await verb(session, actor, *arguments)


async def test_other_words_make_a_branch_and_the_old_one_stays(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    first = await asked(bob, "say:one", model_id=model_id)
    chat = first.chat_id
    await asked(bob, "say:two", chat_id=chat)
    before = (await shown(bob, chat)).messages
    again = await runs.edit(bob, before[0].id, "say:uno")
    await watch(bob, again.run_id)
    view = (await shown(bob, chat)).messages
    assert [each.content for each in view] == ["say:uno", "uno"]
    assert (view[0].sibling, view[0].siblings, view[0].before_id) == (2, 2, before[0].id)
    assert view[0].after_id == ""
    # Back to the first wording: its branch is shown to its newest end.
    await use(branches.show, bob, before[0].id)
    view = (await shown(bob, chat)).messages
    assert [each.content for each in view] == ["say:one", "one", "say:two", "two"]
    assert (view[0].sibling, view[0].siblings, view[0].after_id) == (1, 2, again.shown[0].id)
    # And on from there.
    await asked(bob, "say:three", chat_id=chat)
    assert len(await words(bob, chat)) == 6


async def test_another_model_and_other_parameters_for_one_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    first = await asked(bob, "say:one", model_id=model_id)
    async with unit_of_work(writes=False) as session:
        query = sa.select(AIModel).where(col(AIModel.id) != model_id)
        other = (await session.scalars(query)).first()
    assert other is not None
    again = await runs.retry(bob, first.message_id, other.id, {"temperature": 0.25})
    await watch(bob, again.run_id)
    assert upstream.requests[-1].body["model"] == other.name
    assert upstream.requests[-1].body["temperature"] == 0.25
    view = (await shown(bob, first.chat_id)).messages
    assert [each.sibling for each in view] == [1, 2]
    assert view[1].model_name == other.display_name
    assert (await shown(bob, first.chat_id)).head.model_id == model_id
    for wrong in ({"temperature": 9}, {"system_prompt": "x"}, {"nonsense": 1}):
        with pytest.raises(InvalidInput):
            await runs.retry(bob, first.message_id, None, wrong)


async def test_two_models_answer_side_by_side_until_one_is_kept(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    options = AskOptions(also_model_id=model_id)
    found = await asked(bob, "say:hello", model_id=model_id, key="k", options=options)
    assert found.also_run_id
    assert await runs.ask(bob, "say:hello", model_id=model_id, key="k", options=options) == Asked(
        found.chat_id, found.message_id, found.run_id, also_run_id=found.also_run_id
    )
    assert await count(Generation) == 2
    view = (await shown(bob, found.chat_id)).messages
    assert [(each.content, each.pair) for each in view] == [
        ("say:hello", 0),
        ("hello", 1),
        ("hello", 2),
    ]
    await use(branches.keep, bob, view[2].id)
    view_after = (await shown(bob, found.chat_id)).messages
    assert [each.id for each in view_after] == [view[0].id, view[2].id]
    assert (view_after[1].sibling, view_after[1].siblings, view_after[1].pair) == (2, 2, 0)
    with pytest.raises(Conflict):
        await use(branches.keep, bob, view[2].id)


async def test_keeping_one_answer_stops_the_other(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    options = AskOptions(also_model_id=model_id)
    found = await runs.ask(bob, "tokens=2000 rate=20", model_id=model_id, options=options)
    await use(branches.keep, bob, found.message_id)
    await watch(bob, found.also_run_id)
    await runs.stop(bob, found.run_id)
    await watch(bob, found.run_id)
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(ChatMessage.status)).where(col(ChatMessage.role) == "assistant")
        assert list(await session.scalars(query)) == ["stopped", "stopped"]


async def test_asking_on_keeps_the_first_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    options = AskOptions(also_model_id=model_id)
    found = await asked(bob, "say:a", model_id=model_id, options=options)
    await asked(bob, "say:b", chat_id=found.chat_id)
    view = (await shown(bob, found.chat_id)).messages
    assert [each.content for each in view] == ["say:a", "a", "say:b", "b"]
    assert {each.pair for each in view} == {0}
    assert view[1].siblings == 2


async def test_a_copy_of_the_conversation_is_a_chat_of_its_own(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    first = await asked(bob, "say:one", model_id=model_id)
    await asked(bob, "say:two", chat_id=first.chat_id)
    head = await use(branches.fork, bob, first.message_id)
    assert await words(bob, head.id) == ["say:one", "one"]
    title = (await shown(bob, first.chat_id)).head.title
    assert head.title == f"{title} (branch)"
    # It leads back to where it came from, as long as that is there, and two copies differ.
    assert (await shown(bob, head.id)).origin == (first.chat_id, title)
    assert (await use(branches.fork, bob, first.message_id)).title == f"{title} (branch 2)"
    copied = (await shown(bob, head.id)).messages[1]
    assert (await use(branches.fork, bob, copied.id)).title == f"{title} (branch 3)"
    await asked(bob, "say:else", chat_id=head.id)
    assert len(await words(bob, head.id)) == len(await words(bob, first.chat_id)) == 4
    assert not {each.id for each in (await shown(bob, head.id)).messages} & {
        each.id for each in (await shown(bob, first.chat_id)).messages
    }


async def test_what_a_person_thinks_of_an_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    found = await asked(bob, "say:one", model_id=model_id)
    for value in (1, -1, 0):
        assert await use(branches.rate, bob, found.message_id, value) == value
        assert (await shown(bob, found.chat_id)).messages[1].feedback == value
    with pytest.raises(InvalidInput):
        await use(branches.rate, bob, found.message_id, 7)
    with pytest.raises(NotFound):
        await use(branches.rate, bob, found.shown[0].id, 1)


async def test_nothing_of_it_is_an_outsiders(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    found = await asked(people.bob, "say:one", model_id=model_id)
    question = found.shown[0].id
    charlie = people.charlie
    for verb, rest in (
        (branches.show, (found.message_id,)),
        (branches.keep, (found.message_id,)),
        (branches.fork, (found.message_id,)),
        (branches.rate, (found.message_id, 1)),
        (asking.retry, (found.message_id, model_id, {})),
        (asking.edit, (question, "mine")),
        (chats.change_settings, (found.chat_id, {})),
        (context.measure, (found.chat_id,)),
    ):
        with pytest.raises(NotFound):
            await use(verb, charlie, *rest)
    await use(temporary.leave, charlie, found.chat_id)
    await use(temporary.leave, people.bob, found.chat_id)
    assert len(await words(people.bob, found.chat_id)) == 2


async def test_settings_reach_the_model_over_its_own_and_its_projects(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    async with unit_of_work() as session:
        model = await session.get(AIModel, model_id)
        assert model is not None
        model.default_params = {"temperature": 0.9, "seed": 7}
        model.system_prompt = "the model's"
    settings = {
        "system_prompt": "mine",
        "temperature": 0.1,
        "stop": ["END"],
        "reasoning_effort": "low",
        "max_tokens": 50,
    }
    found = await asked(bob, "say:x", model_id=model_id, options=AskOptions(settings=settings))
    body = upstream.requests[-1].body
    assert body["messages"][0] == {"role": "system", "content": "mine"}
    assert (body["temperature"], body["seed"], body["stop"]) == (0.1, 7, ["END"])
    assert (body["reasoning_effort"], body["max_tokens"]) == ("low", 50)
    await use(chats.change_settings, bob, found.chat_id, {})
    await asked(bob, "say:y", chat_id=found.chat_id)
    body = upstream.requests[-1].body
    assert body["messages"][0]["content"] == "the model's"
    assert body["temperature"] == 0.9
    assert "reasoning_effort" not in body
    async with unit_of_work() as session:
        project = Project(user_id=bob.user_id, name="P", system_prompt="the project's")
        session.add(project)
        await session.flush()
        chat = await session.get(ChatHistory, found.chat_id)
        assert chat is not None
        chat.project_id = project.id
    await asked(bob, "say:z", chat_id=found.chat_id)
    assert upstream.requests[-1].body["messages"][0]["content"] == "the project's"


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 2.1},
        {"temperature": float("nan")},
        {"temperature": True},
        {"temperature": "hot"},
        {"top_p": -0.1},
        {"max_tokens": 0},
        {"max_tokens": 1.5},
        {"seed": -1},
        {"stop": ["a"] * 5},
        {"stop": "END"},
        {"stop": ["x" * 101]},
        {"reasoning_effort": "maximal"},
        {"system_prompt": "x" * 20_001},
        {"unknown": 1},
    ],
)
def test_settings_out_of_their_range_are_refused(wrong):
    with pytest.raises(InvalidInput):
        chat_settings.clean(wrong)


def test_what_a_form_gives_is_what_it_shows():
    fields = {
        "system_prompt": " Be brief. ",
        "temperature": "0,5",
        "top_p": "",
        "max_tokens": "9",
        "stop": "A\r\nB\n",
        "seed": "3",
        "reasoning_effort": "",
    }
    found = chat_settings.from_form(fields)
    assert found == {
        "system_prompt": "Be brief.",
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": ["A", "B"],
        "seed": 3,
    }
    view = chat_settings.view_of(found)
    assert (view.temperature, view.stop, view.top_p, view.count) == ("0.5", "A\nB", "", 5)
    with pytest.raises(InvalidInput):
        chat_settings.from_form({"seed": "many"})


def test_a_provider_gets_only_what_it_takes():
    given = {"seed": 1, "temperature": 1.0, "reasoning_effort": "low", "system_prompt": "x"}
    assert chat_settings.for_provider(given, "anthropic") == {"temperature": 1.0}
    assert chat_settings.for_provider(given, "llm_api") == {"seed": 1, "temperature": 1.0}
    assert set(chat_settings.accepted_by("openai")) > set(chat_settings.accepted_by("ollama"))


async def test_the_meter_tells_what_is_no_longer_sent(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    first = await asked(bob, "word " * 100, model_id=model_id)
    async with unit_of_work() as session:
        found = await context.measure(session, bob, first.chat_id)
        assert (found.window, found.left_out) == (8192, 0)
        assert found.used > 100
        model = await session.get(AIModel, model_id)
        assert model is not None
        model.context_window = 200
    for _ in range(2):
        await asked(bob, "word " * 60, chat_id=first.chat_id)
    sent = len(upstream.requests[-1].body["messages"])
    async with unit_of_work(writes=False) as session:
        found = await context.measure(session, bob, first.chat_id)
    assert found.window == 200
    assert found.used <= 150
    assert found.left_out > 0
    assert sent < 5


async def test_a_temporary_chat_leaves_its_usage_only(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    found = await asked(bob, "say:secret", model_id=model_id, options=AskOptions(temporary=True))
    async with unit_of_work(writes=False) as session:
        assert (await chats.list_chats(session, bob)).items == []
    await use(temporary.leave, bob, found.chat_id)
    assert await count(ChatHistory) == await count(ChatMessage) == await count(Generation) == 0
    assert await count(UsageLog) == 1
    assert await count(PerformanceMetric) == 0


async def test_a_temporary_chat_left_in_the_middle_of_its_answer_goes_when_that_has_ended(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    found = await runs.ask(
        bob, "tokens=2000 rate=20", model_id=model_id, options=AskOptions(temporary=True)
    )
    await use(temporary.leave, bob, found.chat_id)
    with pytest.raises(NotFound):
        await shown(bob, found.chat_id)
    with pytest.raises(NotFound):
        await use(chats.undo_delete, bob, found.chat_id)
    await watch(bob, found.run_id)
    async with unit_of_work() as session:
        await temporary.purge(session)
    assert await count(ChatHistory) == 0


async def test_a_temporary_chat_stays_as_long_as_a_tab_has_it_open(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    found = [
        await asked(bob, "say:x", model_id=model_id, options=AskOptions(temporary=kind))
        for kind in (True, True, False)
    ]
    async with unit_of_work() as session:
        old = now() - temporary.KEPT_FOR - timedelta(seconds=1)
        await session.execute(sa.update(ChatHistory).values(updated_at=old))
        await temporary.keep(session, [found[0].chat_id])
        await temporary.purge(session)
        left = set(await session.scalars(sa.select(col(ChatHistory.id))))
    assert left == {found[0].chat_id, found[2].chat_id}


async def test_titles_come_by_themselves_unless_somebody_wants_none(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    bob = people.bob
    assert (await asked(bob, "say:How are you?", model_id=model_id)).title
    async with unit_of_work() as session:
        user = await session.get(User, bob.user_id)
        assert user is not None
        user.preferences = {"auto_titles": False}
    assert (await asked(bob, "say:How are you?", model_id=model_id)).title == ""
