"""The gate: limits hold, places come back, and the order is fair."""

import asyncio
import random

import pytest

from llm_ui.generation.gate import Gate, Lane


async def enter(gate: Gate, lane: Lane, order: list[str]) -> None:
    await gate.enter(lane)
    order.append(lane.user_id)


async def test_one_persons_many_do_not_stand_before_anothers_one():
    gate, order = Gate(), []
    lanes = [Lane("bob", "p", per_provider=1) for _ in range(4)] + [Lane("eve", "p", None, 1)]
    waiting = [asyncio.create_task(enter(gate, lane, order)) for lane in lanes]
    for _ in lanes:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.leave(Lane("bob", "p") if order[-1] == "bob" else Lane("eve", "p"))
    await asyncio.gather(*waiting)
    assert order.index("eve") <= 2


async def test_who_gives_up_waiting_takes_no_place():
    gate, order = Gate(), []
    lane = Lane("bob", "p", per_user=1)
    await gate.enter(lane)
    second = asyncio.create_task(enter(gate, lane, order))
    third = asyncio.create_task(enter(gate, lane, order))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.leave(lane)
    await third
    assert order == ["bob"]
    assert gate.waiting == 0


async def test_limits_hold_whatever_the_order():
    rng = random.Random(7)
    gate = Gate()
    users, providers = {"a": 0, "b": 0, "c": 0}, {"p": 0, "q": 0}

    async def run() -> None:
        lane = Lane(rng.choice("abc"), rng.choice("pq"), per_user=2, per_provider=3)
        await gate.enter(lane)
        users[lane.user_id] += 1
        providers[lane.provider_id] += 1
        assert users[lane.user_id] <= 2
        assert providers[lane.provider_id] <= 3
        await asyncio.sleep(rng.random() / 200)
        users[lane.user_id] -= 1
        providers[lane.provider_id] -= 1
        gate.leave(lane)

    await asyncio.wait_for(asyncio.gather(*(run() for _ in range(200))), 20)
    assert gate.waiting == 0
