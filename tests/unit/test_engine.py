"""The engine: an answer is written to its end, whoever watches and whatever breaks."""

import asyncio
from contextlib import aclosing

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import Conflict, NotFound
from llm_ui.generation import (
    Ended,
    Engine,
    FollowEvent,
    Piece,
    Snapshot,
    current_engine,
    start_engine,
    stop_engine,
)
from llm_ui.models import (
    ChatMessage,
    Generation,
    GenerationEvent,
    MonitoringLog,
    PerformanceMetric,
    UsageLog,
)
from llm_ui.services.answers import prompting, runs, settlement
from llm_ui.services.chats import chats, messages
from tests.conftest import People
from tests.scripted import (
    ScriptedServer,
    expected_reasoning,
    expected_text,
    parse_script,
)


async def watch(actor: Actor, run_id: str, after: int | None = None) -> list[FollowEvent]:
    """Everything a follower is given, to the end."""
    events = await runs.follow(actor, run_id, after)
    async with aclosing(events):
        return [event async for event in events]


def text_of(events: list[FollowEvent], kind: str = "text") -> str:
    """What a follower has in the end."""
    text = ""
    for event in events:
        if isinstance(event, Snapshot):
            text = event.text if kind == "text" else event.reasoning
        elif isinstance(event, Piece) and event.kind == kind:
            text += event.payload
    return text


async def message(message_id: str) -> ChatMessage:
    async with unit_of_work(writes=False) as session:
        found = await session.get(ChatMessage, message_id)
    assert found is not None
    return found


async def start(db: Database) -> Engine:
    return start_engine(
        db, prompting.prepare, settlement.settle, settlement.unhandled, prompting.admit
    )


async def count(table: type) -> int:
    async with unit_of_work(writes=False) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_the_streamed_text_the_stored_answer_and_the_upstream_agree(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("split-utf8 tokens=300")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    events = await watch(people.bob, asked.run_id)
    stored = await message(asked.message_id)
    assert isinstance(events[-1], Ended)
    assert events[-1].state == stored.status == "done"
    assert text_of(events) == stored.content == expected_text("split-utf8 tokens=300")


async def test_late_and_resuming_followers_get_no_gap_and_no_double(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=200 rate=400 reasoning=20")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    first = asyncio.create_task(watch(people.bob, asked.run_id))
    await asyncio.sleep(0.2)
    late = asyncio.create_task(watch(people.bob, asked.run_id))
    events = await runs.follow(people.bob, asked.run_id)
    seen: list[FollowEvent] = []
    async with aclosing(events):
        async for event in events:
            seen.append(event)
            if isinstance(event, Piece):
                break
    resumed = await watch(people.bob, asked.run_id, seen[-1].end)
    for got in (await first, await late, [*seen, *resumed]):
        assert text_of(got) == expected_text("tokens=200")
        assert text_of(got, "reasoning") == expected_reasoning("reasoning=20")


async def test_text_that_was_thinking_moves_for_everybody_who_follows(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    words = " ".join(f"word{number}" for number in range(40))
    upstream.script(f"rate=200 say:{words}.\n</think>\n\nHello, {words}!")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    first = asyncio.create_task(watch(people.bob, asked.run_id))
    seen: list[FollowEvent] = []
    events = await runs.follow(people.bob, asked.run_id)
    async with aclosing(events):
        async for event in events:
            seen.append(event)
            if isinstance(event, Piece):
                break
    resumed = await watch(people.bob, asked.run_id, seen[-1].end)
    for got in (await first, [*seen, *resumed], await watch(people.bob, asked.run_id)):
        assert text_of(got) == f"Hello, {words}!"
        assert text_of(got, "reasoning").strip() == f"{words}."
    stored = await message(asked.message_id)
    assert (stored.content, stored.reasoning.strip()) == (f"Hello, {words}!", f"{words}.")
    assert (stored.thinking_ms or 0) > 0


async def test_a_follower_that_comes_after_the_end_gets_the_whole(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=10")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    events = await watch(people.bob, asked.run_id)
    assert [type(event) for event in events] == [Snapshot, Ended]
    assert text_of(events) == expected_text("tokens=10")


async def test_stop_keeps_what_came_and_closes_the_upstream_socket(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    watching = asyncio.create_task(watch(people.bob, asked.run_id))
    await asyncio.sleep(0.4)
    await runs.stop(people.bob, asked.run_id)
    events = await watching
    stored = await message(asked.message_id)
    assert stored.status == "stopped"
    assert 0 < len(stored.content) < len(expected_text("tokens=5000"))
    assert expected_text("tokens=5000").startswith(stored.content)
    assert text_of(events) == stored.content
    await upstream.until_closed()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("error-401", "provider_refused"),
        ("error-500", "provider_error"),
        ("error-after=10", "provider_error"),
        ("cut-after=10", "provider_cut_off"),
        ("garbage-after=10", "provider_garbage"),
        ("wrong-types-after=10", "provider_cut_off"),
        ("long-line-after=10", "provider_garbage"),
        ("never-done tokens=10", "provider_cut_off"),
    ],
)
async def test_whatever_the_upstream_does_ends_in_words_with_the_rest_kept_and_the_next_works(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, script, code
):
    upstream.always = parse_script(script)
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    async with unit_of_work(writes=False) as session:
        view = await messages.get_view(session, people.bob, asked.message_id)
    assert view.status == "failed"
    assert view.error_code == code
    assert view.error
    assert expected_text("tokens=10").startswith(view.content)
    if "after" in script or "never" in script:
        assert view.content
    upstream.always = parse_script("tokens=3")
    again = await runs.retry(people.bob, asked.message_id)
    assert text_of(await watch(people.bob, again.run_id)) == expected_text("tokens=3")
    async with unit_of_work(writes=False) as session:
        kinds = list(await session.scalars(sa.select(col(MonitoringLog.log_type))))
    assert kinds.count("provider.error") == 1


async def test_each_answer_leaves_one_usage_row_and_its_metrics(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=50 rate=500")
    upstream.script("tokens=50 rate=500 no-usage")
    first = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, first.run_id)
    second = await runs.ask(people.bob, "And now?", chat_id=first.chat_id)
    await watch(people.bob, second.run_id)
    async with unit_of_work(writes=False) as session:
        rows = {row.run_id: row for row in await session.scalars(sa.select(UsageLog))}
        names = list(await session.scalars(sa.select(col(PerformanceMetric.metric_name))))
        logged = list(await session.scalars(sa.select(GenerationEvent)))
    assert not rows[first.run_id].is_estimated
    assert rows[first.run_id].output_tokens == 50
    assert rows[second.run_id].is_estimated
    assert rows[second.run_id].input_tokens > 0
    assert sorted(names) == sorted(["duration", "time_to_first_token", "tokens_per_second"] * 2)
    assert logged == []


async def test_a_doubled_send_makes_one_run(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=3")
    asked = await asyncio.gather(
        *(runs.ask(people.bob, "Hello", model_id=model_id, key="k1") for _ in range(5))
    )
    assert len({each.run_id for each in asked}) == 1
    await watch(people.bob, asked[0].run_id)
    assert await count(Generation) == 1
    assert await count(ChatMessage) == 2


async def test_a_second_question_waits_for_the_first_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=50")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    with pytest.raises(Conflict):
        await runs.ask(people.bob, "Again", chat_id=asked.chat_id)
    await runs.stop(people.bob, asked.run_id)


async def test_the_conversation_so_far_goes_to_the_model(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("say:I am fine")
    upstream.script("say:Good")
    first = await runs.ask(people.bob, "How are you?", model_id=model_id)
    await watch(people.bob, first.run_id)
    second = await runs.ask(people.bob, "And today?", chat_id=first.chat_id)
    await watch(people.bob, second.run_id)
    sent = upstream.requests[-1].body["messages"]
    assert sent == [
        {"role": "user", "content": "How are you?"},
        {"role": "assistant", "content": "I am fine"},
        {"role": "user", "content": "And today?"},
    ]


async def said_something(run_id: str) -> None:
    """Wait until the run's answer has begun."""
    engine = current_engine()
    assert engine is not None
    async with asyncio.timeout(20):
        while (live := engine.live(run_id)) is None or not live.log.length:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_shutdown_keeps_what_came_and_marks_the_rest_interrupted(
    db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    await start(db)
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await said_something(asked.run_id)
    await stop_engine(0.1)
    stored = await message(asked.message_id)
    assert stored.status == "interrupted"
    assert stored.content
    assert expected_text("tokens=5000").startswith(stored.content)


async def test_a_dead_workers_run_is_interrupted_with_all_that_was_logged(
    db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    """The worker is made dead by leaving its rows behind under another process's name."""
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    async with unit_of_work() as session:
        run = await session.get(Generation, asked.run_id)
        run.state, run.owner = "running", "gone-host:1:1"
        session.add(GenerationEvent(run_id=run.id, seq=0, kind="text", payload="Half an "))
        session.add(GenerationEvent(run_id=run.id, seq=8, kind="text", payload="answer"))
    await start(db)
    events = await asyncio.wait_for(watch(people.bob, asked.run_id), 10)
    await stop_engine(0.0)
    assert events[-1].state == "interrupted"
    stored = await message(asked.message_id)
    assert (stored.content, stored.status) == ("Half an answer", "interrupted")
    assert await count(UsageLog) == 1


async def test_a_dead_workers_run_keeps_apart_what_turned_out_to_be_thinking(
    db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    source = '{"number": 1, "state": "read"}'
    log = [
        ("text", "Hm. "),
        ("source", source),
        ("thought", ""),
        ("text", "Half an "),
        ("text", "!"),
    ]
    async with unit_of_work() as session:
        run = await session.get(Generation, asked.run_id)
        run.state, run.owner = "running", "gone-host:1:1"
        for seq, (kind, payload) in zip((0, 4, 5, 6, 14), log, strict=True):
            session.add(GenerationEvent(run_id=run.id, seq=seq, kind=kind, payload=payload))
    await start(db)
    await asyncio.wait_for(watch(people.bob, asked.run_id), 10)
    await stop_engine(0.0)
    stored = await message(asked.message_id)
    assert (stored.content, stored.reasoning) == ("Half an !", "Hm. ")


async def test_a_run_that_nobody_claimed_is_taken_by_the_next_worker(
    db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await start(db)
    events = await asyncio.wait_for(watch(people.bob, asked.run_id), 15)
    await stop_engine(0.0)
    assert text_of(events) == expected_text("tokens=5")


async def test_what_is_streaming_is_in_the_database_soon_after(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await said_something(asked.run_id)
    await engine.flush()
    async with unit_of_work(writes=False) as session:
        rows = await session.scalars(sa.select(GenerationEvent).order_by(col(GenerationEvent.seq)))
        logged = "".join(row.payload for row in rows)
    await runs.stop(people.bob, asked.run_id)
    assert logged
    assert expected_text("tokens=5000").startswith(logged)


async def test_an_outsider_can_neither_watch_nor_stop_nor_ask(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    for attempt in (
        lambda: runs.follow(people.charlie, asked.run_id),
        lambda: runs.stop(people.charlie, asked.run_id),
        lambda: runs.ask(people.charlie, "Hi", chat_id=asked.chat_id, model_id=model_id),
        lambda: runs.retry(people.charlie, asked.message_id),
        lambda: runs.answer(people.charlie, asked.run_id),
        lambda: runs.follow(people.alice, asked.run_id),
    ):
        with pytest.raises(NotFound):
            await attempt()
    await runs.stop(people.bob, asked.run_id)
    assert (await watch(people.bob, asked.run_id))[-1].state == "stopped"


async def test_deleting_a_chat_stops_its_answer(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=100")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await asyncio.sleep(0.2)
    async with unit_of_work() as session:
        await chats.delete_chat(session, people.bob, asked.chat_id)
    await upstream.until_closed()
    await watch(people.bob, asked.run_id)
    async with unit_of_work() as session:
        await chats.undo_delete(session, people.bob, asked.chat_id)
        view = await chats.open_chat(session, people.bob, asked.chat_id)
    assert view.messages[-1].status == "stopped"


async def test_a_stopped_answer_is_continued_in_place_and_its_figures_add_up(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=200")
    upstream.script("say: and the rest.")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await asyncio.sleep(0.4)
    await runs.stop(people.bob, asked.run_id)
    await watch(people.bob, asked.run_id)
    first = await message(asked.message_id)
    again = await runs.continue_answer(people.bob, asked.message_id)
    assert again.message_id == asked.message_id
    events = await watch(people.bob, again.run_id)
    whole = await message(asked.message_id)
    assert whole.status == "done"
    assert whole.content == first.content + " and the rest." == text_of(events)
    assert whole.output_tokens > first.output_tokens
    assert await count(UsageLog) == 2
    sent = upstream.requests[-1].body["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"] == first.content


async def test_a_worker_that_dies_while_continuing_loses_neither_part(
    db: Database, people: People, upstream: ScriptedServer, model_id: str
):
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    async with unit_of_work() as session:
        run = await session.get(Generation, asked.run_id)
        run.state, run.owner = "running", "gone-host:1:1"
        answer = await session.get(ChatMessage, asked.message_id)
        answer.content = "Half "
        session.add(GenerationEvent(run_id=run.id, seq=5, kind="text", payload="an answer"))
    await start(db)
    events = await asyncio.wait_for(watch(people.bob, asked.run_id), 10)
    await stop_engine(0.0)
    assert (await message(asked.message_id)).content == "Half an answer" == text_of(events)


async def test_only_what_was_cut_off_and_comes_last_can_be_continued(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=3")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    with pytest.raises(Conflict):
        await runs.continue_answer(people.bob, asked.message_id)
    with pytest.raises(NotFound):
        await runs.continue_answer(people.charlie, asked.message_id)


async def test_runs_over_the_limit_wait_and_nobody_waits_behind_all_of_anothers(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, settings_env
):
    settings_env("RUNS_PER_PROVIDER", "2")
    upstream.always = parse_script("tokens=80 rate=100")
    bobs = [await runs.ask(people.bob, f"Question {n}", model_id=model_id) for n in range(5)]
    charlies = await runs.ask(people.charlie, "Mine", model_id=model_id)
    ends: list[str] = []

    async def end(actor: Actor, run_id: str) -> None:
        assert text_of(await watch(actor, run_id)) == expected_text("tokens=80")
        ends.append(run_id)

    watching = [end(people.bob, each.run_id) for each in bobs]
    busiest = 0

    async def count_running() -> None:
        nonlocal busiest
        while len(ends) < 6:
            busiest = max(busiest, engine.running)
            await asyncio.sleep(0.01)

    await asyncio.gather(*watching, end(people.charlie, charlies.run_id), count_running())
    assert busiest == 2
    assert ends.index(charlies.run_id) < 5


async def test_a_waiting_run_can_be_stopped_and_never_starts(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str, settings_env
):
    settings_env("RUNS_PER_USER", "1")
    upstream.always = parse_script("tokens=5000 rate=100")
    first = await runs.ask(people.bob, "One", model_id=model_id)
    await asyncio.sleep(0.2)
    second = await runs.ask(people.bob, "Two", model_id=model_id)
    await runs.stop(people.bob, second.run_id)
    assert (await watch(people.bob, second.run_id))[-1].state == "stopped"
    await runs.stop(people.bob, first.run_id)
    await watch(people.bob, first.run_id)
    assert len(upstream.requests) == 1 + sum(r.path.endswith("models") for r in upstream.requests)
