"""The bus itself, on a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import prometheus_client as prometheus
import pytest
from redis.asyncio import Redis

from llm_ui import bus
from llm_ui.bus import END, Bus, Handlers, Increment
from tests.conftest import until

pytestmark = pytest.mark.redis


class Ears:
    """What a worker has heard."""

    def __init__(self) -> None:
        self.stopped: list[str] = []
        self.gone: list[str] = []
        self.reasons: list[str] = []
        self.withdrawn: list[str] = []
        self.news: list[list[str]] = []
        self.missed_times = 0
        self.freed_times = 0

    @property
    def handlers(self) -> Handlers:
        return Handlers(
            self.stopped.append,
            self.free,
            self.ended,
            self.changed,
            self.missed,
            self.withdrawn.append,
        )

    def free(self) -> None:
        self.freed_times += 1

    async def ended(self, ids: list[str], why: str) -> None:
        self.gone += ids
        self.reasons.append(why)

    async def changed(self, told: list[str]) -> None:
        self.news.append(told)

    async def missed(self) -> None:
        self.missed_times += 1


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[list[tuple[Bus, Ears]]]:
    """Two workers' ends, listening."""
    prefix = f"llm_ui_test:{uuid.uuid4().hex[:8]}"
    found = [(Bus(redis_url, prefix), Ears()) for _ in range(2)]
    for each, ears in found:
        each.start(ears.handlers)
    await until(lambda: all(ears.missed_times for _, ears in found))
    yield found
    for each, _ in found:
        await each.stop()
    async with Redis.from_url(redis_url) as redis:
        async for key in redis.scan_iter(f"{prefix}:*"):
            await redis.delete(key)


async def test_what_is_told_reaches_the_other_worker_only(two: list[tuple[Bus, Ears]]) -> None:
    (one, ears), (_, others) = two
    await one.tell_stop("a run")
    await one.tell_withdrawn("another run")
    await one.tell_ended(["s1", "s2"], "disabled")
    await one.tell_changed(["somebody", "", "c1", "c2"])
    await until(lambda: others.gone and others.news)
    assert (others.stopped, others.gone) == (["a run"], ["s1", "s2"])
    assert others.reasons == ["disabled"]
    assert others.withdrawn == ["another run"]
    assert others.news == [["somebody", "", "c1", "c2"]]
    assert (ears.stopped, ears.withdrawn, ears.gone, ears.news) == ([], [], [], [])


async def test_nothing_is_published_until_somebody_follows(two: list[tuple[Bus, Ears]]) -> None:
    (owner, _), (follower, _) = two
    assert owner.wanted() == set()
    with follower.follow("run") as feed:
        async with asyncio.timeout(2):
            await owner.until_wanted()
        assert owner.wanted() == {"run"}
        text = "日🙂\n"
        assert await owner.publish({"run": [Increment(0, 3, "text", text)]})
        assert await owner.publish({"run": [Increment(3, 3, END, "done")]})
        await until(lambda: len(feed.increments) == 2)
        assert list(feed.increments) == [
            Increment(0, 3, "text", text),
            Increment(3, 3, END, "done"),
        ]
        # Whoever joins gets what was before, too.
        with follower.follow("run") as second:
            await asyncio.wait_for(second.news.wait(), 2)
            assert second.increments[0] == Increment(0, 3, "text", text)


async def test_streams_are_short_and_expire(two: list[tuple[Bus, Ears]], redis_url: str) -> None:
    owner = two[0][0]
    for number in range(600):
        await owner.publish({"run": [Increment(number, number + 1, "text", "x")]})
    async with Redis.from_url(redis_url) as redis:
        key = owner._key("run")
        assert await redis.xlen(key) <= bus.STREAM_ENTRIES + 100
        assert 0 < await redis.pttl(key) <= bus.STREAM_EXPIRES_MS


def counted(what: str) -> float:
    found = prometheus.REGISTRY.get_sample_value("llm_ui_bus_refused_total", {"what": what})
    return found or 0.0


async def test_what_workers_did_not_sign_is_ignored_and_counted(
    two: list[tuple[Bus, Ears]], redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write into Redis puts no word into an answer, stops no run and signs nobody
    out: nonsense, what is not signed, signed with another key, or for another run."""
    (one, _), (other, ears) = two
    stranger = Bus(redis_url, one._prefix, b"another key")
    before = counted("control"), counted("increments")
    forged = b'{"by": "x", "what": "stop", "ids": ["a run"]}'
    word = b'[[0, 5, "text", "wrong"]]'
    orders = [
        b"",
        b"{",
        b"[]",
        b"\xff",
        forged,
        stranger._sealed(one._channel, forged),
        one._sealed("elsewhere", forged),
    ]
    key = other._key("run")
    entries: list[dict[str, bytes]] = [
        {"d": b"{"},
        {"x": b"1"},
        {"d": word},
        {"d": stranger._sealed(key, word)},
        {"d": one._sealed(one._key("another run"), word)},
        {"d": b"\0" * 16 + word},
    ]
    async with Redis.from_url(redis_url) as redis:
        for each in orders:
            await redis.publish(one._channel, each)
        with other.follow("run") as feed:
            for fields in entries:
                await redis.xadd(key, fields)  # type: ignore[arg-type]
            await one.publish({"run": [Increment(0, 5, "text", "right")]})
            await until(lambda: feed.increments)
            assert list(feed.increments) == [Increment(0, 5, "text", "right")]
        await one.tell_stop("another run")
        await until(lambda: ears.stopped)
    assert ears.stopped == ["another run"]
    # The orders are heard by both workers, the entries are read by the one that follows.
    await until(lambda: counted("control") - before[0] == 2 * len(orders))
    assert counted("increments") - before[1] == len(entries)
    told = [each for each in caplog.records if "not signed" in each.getMessage()]
    assert len(told) == 2
    await stranger.stop()


async def test_signed_nonsense_is_left_alone(two: list[tuple[Bus, Ears]], redis_url: str) -> None:
    (one, _), (other, ears) = two
    key = other._key("run")
    nonsense = [b"{", b"[]", b"{}", b'{"by": 1, "what": "stop", "ids": 3}', b"\xff"]
    async with Redis.from_url(redis_url) as redis:
        for each in nonsense:
            await redis.publish(one._channel, one._sealed(one._channel, each))
        with other.follow("run") as feed:
            for data in (b"{", b"[[1]]", b"7"):
                await redis.xadd(key, {"d": one._sealed(key, data)})
            await one.publish({"run": [Increment(0, 1, "text", "x")]})
            await until(lambda: feed.increments)
        await one.tell_stop("a run")
        await until(lambda: ears.stopped)


async def test_without_redis_nothing_happens_and_nothing_fails() -> None:
    for each in (Bus(), Bus("redis://127.0.0.1:1/0")):
        ears = Ears()
        each.start(ears.handlers)
        await each.tell_stop("a run")
        await each.tell_ended(["s"])
        with each.follow("run") as feed:
            each.wake("run")
            assert feed.news.is_set()
            assert not each.is_up
        assert not await each.publish({"run": []})
        await each.stop()


async def test_the_others_hear_that_a_place_is_free(two: list[tuple[Bus, Ears]]) -> None:
    (one, own), (_, others) = two
    await one.tell_freed()
    await until(lambda: others.freed_times == 1)
    assert own.freed_times == 0
