"""Limits per person and per provider hold for all workers together."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.states.served import Server
from tests.workers.conftest import Pair, connections

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

ENDLESS = "tokens=100000 rate=20"


@pytest.fixture
def narrow(pair: Pair) -> Iterator[Callable[[int], None]]:
    """Sets how many answers at once the provider may be asked for; none afterwards."""
    yield lambda limit: pair.one.execute("UPDATE aiprovider SET concurrency_limit = :n", n=limit)
    pair.one.execute("UPDATE aiprovider SET concurrency_limit = NULL")


def states(server: Server, runs: list[str]) -> list[str]:
    """The runs' states, in this order."""
    found = dict(server.rows("SELECT id, state FROM generation"))
    return [found[run] for run in runs]


def began(server: Server, run: str) -> str | None:
    """When a run's turn came, if it has."""
    found = server.rows("SELECT started_at FROM generation WHERE id = :id", id=run)[0][0]
    return None if found is None else str(found)


async def until_states(server: Server, runs: list[str], wanted: dict[str, int]) -> None:
    """Wait until so many of the runs are in each state."""
    deadline = time.monotonic() + 20
    while {state: states(server, runs).count(state) for state in wanted} != wanted:
        assert time.monotonic() < deadline, states(server, runs)
        await asyncio.sleep(0.05)


def most_at_once(models_url: str, since: float) -> int:
    """How many answers the model server was writing at the same time, at most."""
    requests = [
        each
        for connection in connections(models_url)
        for each in connection.requests
        if each.started >= since and "chat" in each.path
    ]
    steps = sorted(
        [(each.started, 1) for each in requests]
        + [(each.ended, -1) for each in requests if each.ended is not None]
    )
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


async def test_a_provider_is_asked_by_no_more_than_it_may(
    pair: Pair, narrow: Callable[[int], None]
) -> None:
    narrow(2)
    since = time.monotonic()
    both = (pair.one, pair.two)
    asked = await asyncio.gather(
        *(asyncio.to_thread(pair.ask, both[n % 2], "tokens=40 rate=80") for n in range(10))
    )
    await until_states(pair.one, [run for _, run in asked], {"done": 10})
    assert most_at_once(pair.models_url, since) == 2


async def test_a_person_has_no_more_than_they_may_wherever_they_ask(pair: Pair) -> None:
    dora = pair.one.register("dora")
    runs = [pair.ask(server, ENDLESS, dora)[1] for server in [pair.one, pair.two] * 5]
    await until_states(pair.one, runs, {"running": 8, "queued": 2})
    # Also after the reapers have gone round.
    await asyncio.sleep(3.5)
    await until_states(pair.one, runs, {"running": 8, "queued": 2})
    one = runs[states(pair.one, runs).index("running")]
    pair.two.rest(dora, "POST", f"/runs/{one}/stop")
    await until_states(pair.one, runs, {"running": 8, "queued": 1, "stopped": 1})
    for run in reversed(runs):
        pair.one.rest(dora, "POST", f"/runs/{run}/stop")
    await until_states(pair.one, runs, {"stopped": 10})


async def test_somebody_with_one_question_need_not_wait_for_all_of_anothers(
    pair: Pair, narrow: Callable[[int], None]
) -> None:
    narrow(1)
    gina, hugo = pair.one.register("gina"), pair.one.register("hugo")
    many = [pair.ask(pair.one, "tokens=100 rate=50", gina)[1] for _ in range(8)]
    alone = pair.ask(pair.two, "tokens=5", hugo)[1]
    await until_states(pair.one, [alone], {"done": 1})
    ours, *theirs = (began(pair.one, run) for run in (alone, *many))
    # How many are behind depends on how long the asking took.
    assert sum(each is None or each > ours for each in theirs) >= 2
    for run in reversed(many):
        pair.one.rest(gina, "POST", f"/runs/{run}/stop")


async def test_a_dead_workers_places_come_free(twin: Server) -> None:
    bob = twin.log_in("bob")
    twin.execute("UPDATE aiprovider SET concurrency_limit = 1")
    model = twin.rest(bob, "GET", "/models").json()["items"][0]["id"]

    def ask(text: str) -> str:
        chat = twin.rest(bob, "POST", "/chats", model=model).json()["id"]
        answer: httpx.Response = twin.rest(bob, "POST", f"/chats/{chat}/messages", content=text)
        return str(answer.json()["run_id"])

    first = ask(ENDLESS)
    await until_states(twin, [first], {"running": 1})
    second = ask("tokens=5")
    await asyncio.sleep(3.5)
    assert states(twin, [first, second]) == ["running", "queued"]
    owner = twin.rows("SELECT owner FROM generation WHERE id = :id", id=first)[0][0]
    os.kill(int(owner.split(":")[1]), signal.SIGKILL)
    await until_states(twin, [first, second], {"interrupted": 1, "done": 1})
