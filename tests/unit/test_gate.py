"""The gate: limits hold, places come back, and the order is fair."""

import asyncio
import random

import pytest

from llm_ui.generation.gate import Gate, Lane, Place


async def enter(gate: Gate, lane: Lane, order: list[str]) -> Place:
    place = await gate.enter(lane)
    order.append(lane.user_id)
    return place


async def a_moment() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_persons_many_do_not_stand_before_anothers_one():
    gate, order = Gate(), []
    lanes = [Lane("bob", "p", per_provider=1) for _ in range(4)] + [Lane("eve", "p", None, 1)]
    waiting = [asyncio.create_task(enter(gate, lane, order)) for lane in lanes]
    for _ in lanes:
        await a_moment()
        inside = next(each for each in waiting if each.done() and each.result().is_held)
        gate.leave(inside.result())
    await asyncio.gather(*waiting)
    assert order.index("eve") <= 2


async def test_who_gives_up_waiting_takes_no_place():
    gate, order = Gate(), []
    lane = Lane("bob", "p", per_user=1)
    place = await gate.enter(lane)
    second = asyncio.create_task(enter(gate, lane, order))
    third = asyncio.create_task(enter(gate, lane, order))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.leave(place)
    await third
    assert order == ["bob"]
    assert gate.waiting == 0


async def test_limits_hold_whatever_the_order():
    rng = random.Random(7)
    gate = Gate()
    users, providers = {"a": 0, "b": 0, "c": 0}, {"p": 0, "q": 0}

    async def run() -> None:
        lane = Lane(rng.choice("abc"), rng.choice("pq"), per_user=2, per_provider=3)
        place = await gate.enter(lane)
        users[lane.user_id] += 1
        providers[lane.provider_id] += 1
        assert users[lane.user_id] <= 2
        assert providers[lane.provider_id] <= 3
        await asyncio.sleep(rng.random() / 200)
        users[lane.user_id] -= 1
        providers[lane.provider_id] -= 1
        gate.leave(place)

    await asyncio.wait_for(asyncio.gather(*(run() for _ in range(200))), 20)
    assert gate.waiting == 0


async def test_who_finds_no_place_among_all_workers_waits_where_it_stood():
    """Until there is news; whom that limit does not concern goes on meanwhile."""
    gate, order = Gate(), []
    limited, other = Lane("bob", "p", per_provider=3), Lane("eve", "q", per_provider=3)
    first = await gate.enter(limited)
    again = asyncio.create_task(gate.wait_again(first, frozenset(["p"])))
    await a_moment()
    later = [asyncio.create_task(enter(gate, limited, order)) for _ in range(2)]
    await asyncio.wait_for(enter(gate, other, order), 1)
    await a_moment()
    assert (again.done(), order, gate.waiting) == (False, ["eve"], 3)
    gate.news()
    await a_moment()
    assert again.done()
    assert first.is_held
    await asyncio.gather(*later)
    assert gate.waiting == 0


async def test_first_come_is_first_again_after_there_was_no_place():
    gate = Gate()
    lane = Lane("bob", "p", per_user=2)
    places = [await gate.enter(lane), await gate.enter(lane)]
    order: list[int] = []

    async def again(place: Place) -> None:
        await gate.wait_again(place, frozenset(["bob"]))
        order.append(place.number)

    waiting = [asyncio.create_task(again(place)) for place in reversed(places)]
    await a_moment()
    gate.news()
    await asyncio.gather(*waiting)
    assert order == sorted(order)


async def test_news_that_comes_while_one_is_refused_is_not_missed():
    gate = Gate()
    place = await gate.enter(Lane("bob", "p", per_user=2))
    gate.news()
    await asyncio.wait_for(gate.wait_again(place, frozenset(["bob"])), 1)
    assert place.is_held


async def test_who_gives_up_after_there_was_no_place_leaves_nothing():
    gate = Gate()
    lane = Lane("bob", "p", per_user=1)
    place = await gate.enter(lane)
    again = asyncio.create_task(gate.wait_again(place, frozenset(["bob"])))
    await a_moment()
    again.cancel()
    with pytest.raises(asyncio.CancelledError):
        await again
    gate.leave(place)
    gate.news()
    assert gate.waiting == 0
    assert (await asyncio.wait_for(gate.enter(lane), 1)).is_held
