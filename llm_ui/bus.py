"""Messages between workers: answer increments, stops, free slots, ended sessions, changed chats.

A single process needs no bus, and without REDIS_URL there is none. With it:

- a Redis Stream per run. A worker that follows another worker's run sends "watch", repeated every
  few seconds; while a worker is watching, the run's owner appends new increments. Streams are
  trimmed and expire: the database holds everything, and Redis is only faster.
- a pub/sub channel for "watch", "stop", "withdrawn", "freed", "ended" and "changed".

Every message is signed with a key that only workers have, so that an outsider with write access to
Redis cannot inject text into an answer. Messages that are unsigned, or signed for another key or
channel, are ignored and counted.

Nothing depends on Redis being available. Increments carry their positions, so a reader notices a
gap and fills it from the database; stops and session ends are committed before they are published,
and `missed` says when to check the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson
import prometheus_client as prometheus
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

END = "end"
COMMAND_TIMEOUT_S = 1.0
# How often a reader polls: one command for all the runs this worker follows.
READ_EVERY_S = 0.02
READ_AT_MOST = 200
WATCH_AGAIN_S = 5.0
WATCH_HOLDS_S = 15.0
# About ten seconds of an answer; readers that are further behind use the database.
STREAM_ENTRIES = 200
STREAM_EXPIRES_MS = 60_000
# More than a reader takes in one step; a reader this slow is better off with the database.
FEED_INCREMENTS = 1000
PING_AFTER_S = 5.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
FAILURES = (RedisError, OSError, TimeoutError)
SIGNATURE_BYTES = 16

refused = prometheus.Counter(
    "llm_ui_bus_refused", "Messages from Redis not signed by one of our workers", ("what",)
)


@dataclass(frozen=True, slots=True)
class Increment:
    """The part of a run's log between two positions. An `end` increment is empty, and its payload
    is the run's state."""

    start: int
    end: int
    kind: str
    payload: str


class Feed:
    """The increments of one run for one follower; `news` is set when there is something to read."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.news = asyncio.Event()
        self.increments: deque[Increment] = deque()

    def put(self, increments: list[Increment]) -> None:
        """Append increments. If a slow reader has too many, they are dropped: it will notice the
        gap."""
        if len(self.increments) + len(increments) > FEED_INCREMENTS:
            self.increments.clear()
        self.increments.extend(increments)
        self.news.set()


@dataclass(frozen=True, slots=True)
class Handlers:
    """What a worker does with the messages it receives.

    `withdrawn` gets a run whose provider is being removed. `missed` is called when messages may
    have been lost.
    """

    stop: Callable[[str], object]
    freed: Callable[[], object]
    ended: Callable[[list[str], str], Coroutine[Any, Any, None]]
    changed: Callable[[list[str]], Coroutine[Any, Any, None]]
    missed: Callable[[], Coroutine[Any, Any, None]]
    withdrawn: Callable[[str], object]


class Health:
    """Whether Redis answers; logs one line when it goes down and one when it is back."""

    def __init__(self) -> None:
        self.is_up = True
        self._try_at = 0.0

    @property
    def may_try(self) -> bool:
        """Whether a command is worth its timeout right now."""
        return self.is_up or time.monotonic() >= self._try_at

    def failed(self, error: BaseException) -> None:
        """A command has failed."""
        self._try_at = time.monotonic() + COMMAND_TIMEOUT_S
        if self.is_up:
            self.is_up = False
            logger.warning("Redis is not responding; continuing with the database: %s", error)

    def worked(self) -> None:
        """A command has succeeded."""
        if not self.is_up:
            self.is_up = True
            logger.warning("Redis is responding again")


class Bus:
    """This worker's connection to the bus. Without a URL every method is a no-op.

    Args:
        url: the address of Redis.
        prefix: for every key and channel; the same for all workers of an installation.
        key: signs messages; known only to the workers.
    """

    def __init__(
        self, url: str | None = None, prefix: str = "llm_ui", key: bytes = b"no other worker"
    ) -> None:
        self.crosses = url is not None
        self._secret = key
        self._health = Health()
        self._own = uuid.uuid4().hex
        self._has_refused = False
        self._prefix = prefix
        self._channel = f"{prefix}:control"
        self._feeds: dict[str, set[Feed]] = {}
        self._cursors: dict[str, bytes] = {}
        self._told: dict[str, float] = {}
        self._following = asyncio.Event()
        self._wanted: dict[str, float] = {}
        self._is_wanted = asyncio.Event()
        self._handlers: Handlers | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._redis: Redis | None = None
        if url is not None:
            self._redis = Redis.from_url(
                url,
                socket_timeout=COMMAND_TIMEOUT_S,
                socket_connect_timeout=COMMAND_TIMEOUT_S,
                # One retry: Redis may have closed the pooled connection in the meantime.
                retry=Retry(NoBackoff(), 1),
            )

    # --- life ---------------------------------------------------------------------

    def start(self, handlers: Handlers) -> None:
        """Start listening; returns immediately, whether or not Redis answers."""
        self._handlers = handlers
        if self._redis is not None:
            self._spawn(self._listen(self._redis), "bus-listener")
            self._spawn(self._read(self._redis), "bus-reader")

    async def stop(self) -> None:
        """Close everything."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._redis is not None:
            with contextlib.suppress(*FAILURES):
                await self._redis.aclose()

    @property
    def is_up(self) -> bool:
        """Whether Redis is configured and answered the last command."""
        return self.crosses and self._health.is_up

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- signing ------------------------------------------------------------------

    def _signature(self, place: str, data: bytes) -> bytes:
        signed = place.encode() + b"\0" + data
        return hmac.digest(self._secret, signed, "sha256")[:SIGNATURE_BYTES]

    def _sealed(self, place: str, data: bytes) -> bytes:
        """The data prefixed with its signature, which is valid for this key or channel only."""
        return self._signature(place, data) + data

    def _opened(self, place: str, sealed: bytes) -> bytes | None:
        """The data if one of our workers signed it for this place; otherwise None, and it is
        counted."""
        data = sealed[SIGNATURE_BYTES:]
        if hmac.compare_digest(sealed[:SIGNATURE_BYTES], self._signature(place, data)):
            return data
        what = "control" if place == self._channel else "increments"
        if not self._has_refused:
            # Log only the first, or anyone with write access to Redis could flood the log.
            self._has_refused = True
            logger.warning("ignored data in Redis that is not signed by our workers (%s)", what)
        refused.labels(what).inc()
        return None

    # --- telling ------------------------------------------------------------------

    async def tell_stop(self, run_id: str) -> None:
        """Ask the worker that streams this run to stop it."""
        await self._tell("stop", [run_id])

    async def tell_withdrawn(self, run_id: str) -> None:
        """Ask the worker that streams this run to end it because its provider is being removed."""
        await self._tell("withdrawn", [run_id])

    async def tell_freed(self) -> None:
        """Tell the other workers that a run has ended, so that a queued one may start."""
        await self._tell("freed", [])

    async def tell_ended(self, session_ids: list[str], why: str = "") -> None:
        """Ask every other worker to end the tabs of these sessions, with the reason."""
        await self._tell("ended", session_ids, why)

    async def ping(self) -> float | None:
        """The round-trip time to Redis in seconds, or None if it does not answer."""
        if self._redis is None or not self._health.may_try:
            return None
        began = time.perf_counter()
        try:
            await cast("Awaitable[bool]", self._redis.ping())
        except FAILURES as error:
            self._health.failed(error)
            return None
        self._health.worked()
        return time.perf_counter() - began

    async def tell_changed(self, told: list[str]) -> None:
        """Tell every other worker of changed chats (see services/chats/live_updates.py)."""
        await self._tell("changed", told)

    async def _tell(self, what: str, ids: list[str], why: str = "") -> bool:
        if self._redis is None or not self._health.may_try:
            return False
        message = orjson.dumps({"by": self._own, "what": what, "ids": ids, "why": why})
        try:
            await self._redis.publish(self._channel, self._sealed(self._channel, message))
        except FAILURES as error:
            self._health.failed(error)
            return False
        self._health.worked()
        return True

    # --- an owner's side ------------------------------------------------------------

    async def until_wanted(self) -> None:
        """Wait until some worker follows another worker's run."""
        await self._is_wanted.wait()

    def wanted(self) -> set[str]:
        """The runs that other workers currently follow."""
        now = time.monotonic()
        self._wanted = {run_id: until for run_id, until in self._wanted.items() if until > now}
        if not self._wanted:
            self._is_wanted.clear()
        return set(self._wanted)

    async def publish(self, increments: dict[str, list[Increment]]) -> bool:
        """Append to the runs' streams; False if it may not have succeeded."""
        if self._redis is None or not self._health.may_try:
            return False
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for run_id, found in increments.items():
                    data = orjson.dumps([[i.start, i.end, i.kind, i.payload] for i in found])
                    key = self._key(run_id)
                    sealed = self._sealed(key, data)
                    pipe.xadd(key, {"d": sealed}, maxlen=STREAM_ENTRIES, approximate=True)
                    pipe.pexpire(key, STREAM_EXPIRES_MS)
                await pipe.execute()
        except FAILURES as error:
            self._health.failed(error)
            return False
        self._health.worked()
        return True

    def _key(self, run_id: str) -> str:
        return f"{self._prefix}:run:{run_id}"

    # --- a follower's side ------------------------------------------------------------

    @contextlib.contextmanager
    def follow(self, run_id: str) -> Iterator[Feed]:
        """Receive what other workers publish about a run, from slightly before now."""
        feed = Feed(run_id)
        self._feeds.setdefault(run_id, set()).add(feed)
        # Read from the start of the stream: other feeds of this run skip what they already have.
        self._cursors[run_id] = b"0"
        self._following.set()
        try:
            yield feed
        finally:
            feeds = self._feeds[run_id]
            feeds.discard(feed)
            if not feeds:
                del self._feeds[run_id], self._cursors[run_id]
                self._told.pop(run_id, None)
            if not self._feeds:
                self._following.clear()

    def wake(self, run_id: str) -> None:
        """Something happened to a run on this worker: wake its followers."""
        for feed in self._feeds.get(run_id, ()):
            feed.news.set()

    async def _read(self, redis: Redis) -> None:
        while True:
            await self._following.wait()
            if self._health.may_try:
                await self._watch()
                await self._read_once(redis)
            await asyncio.sleep(READ_EVERY_S)

    async def _watch(self) -> None:
        """Announce which runs are followed here, each of them every few seconds."""
        now = time.monotonic()
        due = [run_id for run_id in self._feeds if self._told.get(run_id, 0.0) <= now]
        if due and await self._tell("watch", due):
            for run_id in due:
                self._told[run_id] = now + WATCH_AGAIN_S

    async def _read_once(self, redis: Redis) -> None:
        asked = {self._key(run_id): run_id for run_id in self._cursors}
        cursors = {key: self._cursors[run_id] for key, run_id in asked.items()}
        if not cursors:
            return
        try:
            found: Any = await redis.xread(cursors, count=READ_AT_MOST)  # type: ignore[arg-type]
        except FAILURES as error:
            self._health.failed(error)
            return
        self._health.worked()
        for key, entries in found or ():
            place = key.decode()
            run_id = asked[place]
            # A follower may have joined, or all may have left, during the request.
            if self._cursors.get(run_id) == cursors[place]:
                self._cursors[run_id] = entries[-1][0]
            told = [self._opened(place, fields.get(b"d", b"")) for _, fields in entries]
            increments = [each for data in told if data for each in _increments(data)]
            for feed in self._feeds.get(run_id, ()):
                feed.put(increments)

    # --- listening ----------------------------------------------------------------

    async def _listen(self, redis: Redis) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                async with redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    await self._hear(channel)
            except FAILURES as error:
                self._health.failed(error)
            if time.monotonic() - began > 10 * LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            self._missed()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, 2 * pause)

    async def _hear(self, channel: PubSub) -> None:
        """Handle messages until the connection is lost, which pings detect."""
        unanswered = 0
        while True:
            message = await channel.get_message(timeout=PING_AFTER_S)
            if message is None:
                if unanswered:
                    raise RedisConnectionError("no response to a ping")
                unanswered = 1
                await channel.ping()
                continue
            unanswered = 0
            if message["type"] == "subscribe":
                self._health.worked()
                self._missed()
            elif message["type"] == "message":
                self._handle(message["data"])

    def _missed(self) -> None:
        self._told.clear()
        is_looking = self._looking is not None and not self._looking.done()
        if self._handlers is not None and not is_looking:
            self._looking = self._spawn(self._handlers.missed(), "bus-missed")

    def _handle(self, sealed: bytes) -> None:
        data = self._opened(self._channel, sealed)
        if data is None:
            return
        try:
            message = orjson.loads(data)
            what, ids = message["what"], [str(each) for each in message["ids"]]
            why = str(message.get("why", ""))
            if message["by"] == self._own or self._handlers is None:
                return
        except (ValueError, KeyError, TypeError):
            logger.warning("ignored an invalid message on the control channel")
            return
        match what:
            case "stop":
                for run_id in ids:
                    self._handlers.stop(run_id)
            case "withdrawn":
                for run_id in ids:
                    self._handlers.withdrawn(run_id)
            case "freed":
                self._handlers.freed()
            case "ended":
                self._spawn(self._handlers.ended(ids, why), "bus-ended")
            case "changed":
                self._spawn(self._handlers.changed(ids), "bus-changed")
            case "watch":
                until = time.monotonic() + WATCH_HOLDS_S
                self._wanted.update(dict.fromkeys(ids, until))
                self._is_wanted.set()


def _increments(data: bytes) -> list[Increment]:
    try:
        return [Increment(*each) for each in orjson.loads(data)]
    except (ValueError, TypeError):
        logger.warning("ignored an invalid entry in the stream of a run")
        return []


_current: Bus | None = None


def start_bus(url: str | None, prefix: str, key: bytes) -> Bus:
    """Create this process's bus; `Bus.start` starts listening."""
    global _current  # noqa: PLW0603 - one per process, made and ended by the lifespan
    _current = Bus(url, prefix, key)
    return _current


def current_bus() -> Bus | None:
    """This process's bus, if it is running."""
    return _current


async def stop_bus() -> None:
    """Close this process's bus."""
    global _current
    bus, _current = _current, None
    if bus is not None:
        await bus.stop()


async def tell_ended(session_ids: list[str], why: str) -> None:
    """Tell the other workers, if any, that sessions have ended, and why."""
    if _current is not None:
        await _current.tell_ended(session_ids, why)


async def tell_changed(told: list[str]) -> None:
    """Forward news of changed chats to the other workers, if any."""
    if _current is not None:
        await _current.tell_changed(told)
