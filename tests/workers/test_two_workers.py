"""What one worker streams, another one shows, stops and ends."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import httpx
import orjson
import pytest
import sqlalchemy as sa

from llm_ui.db import Database
from llm_ui.errors import ProviderUnreachable
from llm_ui.models import AIProvider
from llm_ui.services.catalogue import provider_sync
from tests.scripted import expected_reasoning, expected_text
from tests.states.client import FOLLOWING, OPEN_CHAT, SIDEBAR, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Server
from tests.workers.conftest import Pair, connections

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

# What is measured is printed; what is asserted leaves room for a busy machine.
STOP_S = 0.2
SLACK = 5


def arrivals(tab: Tab) -> list[tuple[float, int]]:
    """When each piece of an answer's text came to a tab, and how long the text was then."""
    seen: list[tuple[float, int]] = []
    take = tab.answers.take

    def noting(kind: str, chunk: Any) -> None:
        take(kind, chunk)
        if chunk and kind == "current_response":
            seen.append((time.monotonic(), tab.answers.stream(chunk["g"]).length))

    tab.answers.take = noting  # type: ignore[method-assign]
    return seen


def lags(first: list[tuple[float, int]], second: list[tuple[float, int]]) -> list[float]:
    """How much later the second one had each length that the first one had."""
    found = []
    for moment, length in first:
        then = next((when for when, had in second if had >= length), None)
        if then is not None:
            found.append(max(0.0, then - moment))
    return found


async def read_events(pair: Pair, url: str, run: str, after: int | None = None) -> dict[str, Any]:
    """A run's server-sent events to its end: the text put together, and what came."""
    headers = pair.headers() | ({} if after is None else {"Last-Event-ID": str(after)})
    told: dict[str, Any] = {"text": "", "reasoning": "", "names": [], "ids": []}
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("GET", f"{url}/api/v1/runs/{run}/events", headers=headers) as answer,
    ):
        answer.raise_for_status()
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                told["ids"].append(int(value))
            elif field == "data":
                data = orjson.loads(value)
                told["names"].append(name)
                if name == "snapshot":
                    told |= data
                elif name in ("text", "reasoning"):
                    told[name] += data["text"]
                elif name == "end":
                    told["status"] = data["status"]
    return told


async def test_followers_elsewhere_get_every_byte(pair: Pair) -> None:
    scripts = [
        "tokens=400 rate=100 split-utf8",
        "reasoning=60 tokens=300 rate=120 markdown",
        "tokens=250 rate=60",
        "tokens=3000 rate=1000 markdown",
    ]
    asked = await asyncio.gather(*(asyncio.to_thread(pair.ask, pair.one, s) for s in scripts))
    async with asyncio.TaskGroup() as group:
        events = [group.create_task(read_events(pair, pair.two.url, run)) for _, run in asked]
        tabs = [pair.two.tab(pair.bob) for _ in asked]
        for tab, (chat, _) in zip(tabs, asked, strict=True):
            await tab.connect()
            await tab.open(f"/chat/{chat}")
    for script, tab, told in zip(scripts, tabs, events, strict=True):
        message = await answered(tab)
        assert message["content"] == expected_text(script)
        assert tab.answers.text() == expected_text(script)
        assert tab.answers.stream(tab.answers.newest).gaps == 0
        assert told.result()["text"] == expected_text(script)
        assert told.result()["status"] == "done"
        # One snapshot at the beginning, and none afterwards (where thinking and answer may
        # have come by turns, a reader that is late gets the whole).
        assert told.result()["names"].count("snapshot") == 1 or "reasoning" in script
        assert told.result()["ids"] == sorted(told.result()["ids"])
        if "reasoning" in script:
            assert told.result()["reasoning"] == expected_reasoning(script)
    for script, tab in zip(scripts, tabs, strict=True):
        assert tab.answers.stream(tab.answers.newest).replaced == 0 or "reasoning" in script
        await tab.close()


async def test_events_resume_on_another_worker(pair: Pair) -> None:
    script = "tokens=300 rate=150 split-utf8"
    _, run = pair.ask(pair.one, script)
    await asyncio.sleep(0.7)
    told = await read_events(pair, pair.two.url, run, after=100)
    assert "snapshot" not in told["names"]
    assert told["text"] == expected_text(script)[100:]


async def test_how_much_later_the_other_worker_shows_it(pair: Pair) -> None:
    script = "tokens=300 rate=50 markdown"
    async with pair.one.tab(pair.bob) as near, pair.two.tab(pair.bob) as far:
        seen, seen_far = arrivals(near), arrivals(far)
        await near.open("/chat")
        await ask(near, script)
        await far.open(f"/chat/{near.vars(OPEN_CHAT)['open_chat_id']}")
        await answered(near)
        await answered(far)
        assert near.answers.text() == far.answers.text() == expected_text(script)
    late = sorted(lags(seen[10:], seen_far))
    p50, p95 = statistics.median(late), late[int(0.95 * len(late))]
    print(f"other worker later by p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms")
    assert p95 < 0.2 * SLACK


@pytest.mark.parametrize("by", ["tab", "rest"])
async def test_stop_from_another_worker(pair: Pair, by: str) -> None:
    script = "tokens=5000 rate=20"
    taken = []
    for number in range(5):
        async with pair.two.tab(pair.bob) as tab:
            chat, run = pair.ask(pair.one, script)
            await tab.open(f"/chat/{chat}")
            await tab.until(lambda tab=tab: len(tab.answers.text()) > 20)  # type: ignore[misc]
            began = time.monotonic()
            if by == "tab":
                await tab.call(FOLLOWING, "stop")
            else:
                await asyncio.to_thread(pair.two.rest, pair.bob, "POST", f"/runs/{run}/stop")
            message = await answered(tab)
            assert message["status"] == "stopped"
            assert str(message["content"]) == tab.answers.text()
            last = max(
                (c for c in connections(pair.models_url) if c.requests),
                key=lambda c: c.requests[-1].started,
            )
            # The answer's end is shown when the upstream has been let go, not before.
            assert last.closed is not None, number
            assert last.requests[-1].ending == "aborted"
            taken.append(last.closed - began)
    print(f"stop by {by}: closed after {[round(1000 * each) for each in taken]} ms")


async def test_a_queued_run_stopped_elsewhere_never_starts(pair: Pair) -> None:
    """More than one person may have at once wait on the worker that was asked."""
    carol = pair.one.register("carol")
    asked = [pair.ask(pair.one, "tokens=5000 rate=20", carol) for _ in range(9)]
    await asyncio.sleep(0.5)
    states = dict(pair.one.rows("SELECT id, state FROM generation"))
    queued = [run for _, run in asked if states[run] == "queued"]
    assert len(queued) == 1
    for _, run in reversed(asked):
        pair.two.rest(carol, "POST", f"/runs/{run}/stop")
    deadline = time.monotonic() + 5
    while {dict(pair.one.rows("SELECT id, state FROM generation"))[r] for _, r in asked} != {
        "stopped"
    }:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    sent = [r.body for c in connections(pair.models_url) for r in c.requests]
    assert len(sent) >= 8


async def test_a_sessions_end_closes_its_tabs_on_the_other_worker(pair: Pair) -> None:
    erin = pair.one.register("erin")
    again = pair.one.log_in("erin")
    async with pair.two.tab(erin) as tab, pair.two.tab(again) as other:
        for each in (tab, other):
            await each.open("/chat")
        began = time.monotonic()
        pair.one.rest(erin, "POST", "/auth/logout")
        await tab.until(lambda: not tab.is_open)
        assert tab.closed_at is not None
        print(f"tab closed after {1000 * (tab.closed_at - began):.0f} ms")
        assert tab.closed_at - began < STOP_S * SLACK
        assert any(path.startswith("/login") for path in tab.redirects)
        await asyncio.sleep(0.2)
        assert other.is_open


async def test_a_tab_that_comes_back_to_another_worker_recovers(pair: Pair) -> None:
    script = "tokens=400 rate=120 split-utf8"
    async with pair.one.tab(pair.bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        for server in (pair.two, pair.one, pair.two):
            had = len(tab.answers.text(run))
            await tab.until(lambda had=had: len(tab.answers.text(run)) > had + 40)  # type: ignore[misc]
            before = tab.answers.text(run)
            await tab.drop()
            # The page keeps what it shows; the state's vars come anew.
            tab.state.clear()
            pair.move(tab, server)
            await tab.connect()
            await tab.open(f"/chat/{chat}")
            assert tab.vars(OPEN_CHAT)["busy"] is True
            await tab.until(lambda b=before: tab.answers.text(run).startswith(b))  # type: ignore[misc]
        message = await answered(tab)
        assert tab.answers.text(run) == message["content"] == expected_text(script)
        assert tab.answers.stream(run).gaps == 0
        # It is a whole tab there: the next question works.
        await ask(tab, "tokens=10")
        message = await answered(tab)
        assert message["content"] == expected_text("tokens=10")
        assert len(tab.vars(OPEN_CHAT)["messages"]) == 4


async def test_a_frozen_socket_elsewhere_is_no_hindrance(pair: Pair) -> None:
    """The old worker still believes in the old socket when the tab is back elsewhere."""
    script = "tokens=300 rate=100"
    async with pair.one.tab(pair.bob) as tab:
        await tab.open("/chat")
        run = await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        await tab.until(lambda: len(tab.answers.text(run)) > 50)
        twin = pair.two.tab(pair.bob, token=tab.token)
        await twin.connect()
        await twin.open(f"/chat/{chat}")
        assert twin.token == tab.token
        message = await answered(twin)
        assert twin.answers.text(run) == message["content"] == expected_text(script)
        await twin.close()


async def test_one_word_about_a_provider_that_is_down(pair: Pair) -> None:
    """Both workers ask it; whoever notes the change first records it."""
    record = "SELECT count(*) FROM monitoringlog WHERE log_type = :kind"
    before = {
        kind: pair.one.rows(record, kind=kind)[0][0] for kind in ("provider.down", "provider.up")
    }
    database = Database(pair.one.database.url.render_as_string(hide_password=False))
    try:
        async with database.unit_of_work(writes=False) as session:
            row = (await session.scalars(sa.select(AIProvider))).first()
        assert row is not None
        for is_ok in (False, True, False, True):
            await asyncio.gather(*(_note(database, row, is_ok) for _ in range(4)))
    finally:
        await database.close()
    for kind, count in before.items():
        assert pair.one.rows(record, kind=kind)[0][0] == count + 2, kind


async def _note(database: Database, row: AIProvider, is_ok: bool) -> None:
    async with database.unit_of_work() as session:
        error = None if is_ok else ProviderUnreachable("away")
        await provider_sync.note_status(session, row, error)


async def test_an_answer_ends_in_words_when_another_worker_removes_its_provider(
    pair: Pair,
) -> None:
    """Bob was here first, so he is the admin."""

    def rest(server: Server, method: str, path: str, **body: Any) -> Any:
        answer = server.rest(pair.bob, method, path, **body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    providers = "/admin/providers"
    made = rest(
        pair.one,
        "POST",
        providers,
        name="Cellar",
        provider_type="openai",
        api_url=f"{pair.models_url}/v1",
    )
    rest(pair.one, "POST", f"{providers}/{made['id']}/sync")
    models = rest(pair.two, "GET", "/models")["items"]
    model = next(each["id"] for each in models if each["provider"] == "Cellar")
    chat = rest(pair.two, "POST", "/chats", model=model)["id"]
    asked = rest(pair.two, "POST", f"/chats/{chat}/messages", content="tokens=5000 rate=50")
    query = "SELECT content, status, error_key FROM chatmessage WHERE id = :id"
    logged = "SELECT count(*) FROM generationevent WHERE run_id = :id"
    deadline = time.monotonic() + 15
    while not pair.one.rows(logged, id=asked["run_id"])[0][0]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await asyncio.to_thread(rest, pair.one, "DELETE", f"{providers}/{made['id']}")
    ((content, status, error_key),) = pair.one.rows(query, id=asked["message_id"])
    assert (status, error_key) == ("failed", "error.provider_removed")
    assert content
    usage = "SELECT provider_name FROM usagelog WHERE run_id = :id"
    assert pair.one.rows(usage, id=asked["run_id"]) == [("Cellar",)]


async def test_a_tab_hears_of_what_is_done_on_the_other_worker(pair: Pair) -> None:
    chat, _ = pair.ask(pair.one, "say:one")
    async with pair.two.tab(pair.bob) as tab, pair.one.tab(pair.bob) as near:
        await near.open("/chat")
        await tab.open(f"/chat/{chat}")
        await answered(tab)
        await asyncio.to_thread(
            pair.one.rest, pair.bob, "POST", f"/chats/{chat}/messages", content="say:two"
        )
        await tab.until(lambda: len(tab.vars(OPEN_CHAT)["messages"]) == 4)
        message = await answered(tab)
        assert message["content"] == "two"
        await near.call(SIDEBAR, "rename_chat", chat_id=chat, title="From afar")
        await tab.until(lambda: tab.vars(OPEN_CHAT)["chat_title"] == "From afar")
        await asyncio.to_thread(pair.one.rest, pair.bob, "DELETE", f"/chats/{chat}")
        await tab.until(lambda: "/chat" in tab.redirects)
        await near.until(lambda: chat not in [each["id"] for each in near.vars(SIDEBAR)["chats"]])
