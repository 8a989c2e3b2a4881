"""Many answers at once over Reflex's own websocket: lag of every token, CPU, memory, loss.

    python -m bench.load --sessions 200 --rate 50 --seconds 30 [--workers 1] [--rounds 1]
    python -m bench.load --search 50,100,150,200,250

The upstream, the server and this client are a process each. The lag of a token is from
the moment at which the upstream was due to send it (start + i / rate, on the clock that
all processes of a machine share) to the moment at which its text came over the socket.
All questions are asked before the first token leaves, so that the figures are those of
streaming alone; starts and ends are spread over a few seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from bench.databases import scratch
from bench.tab import LeanTab
from bench.stage import Stage, cpu_ms, resident_mb, stage
from tests.scripted import parse_script
from tests.states.client import CHAT, utf16_length

# The server lets one person have eight answers at a time.
TABS_EACH = 8
AT_ONCE = 6
# What one question costs the server at most, on a slow machine.
ASK_S = 0.09
GOAL_MS = 200.0


@dataclass(frozen=True)
class Load:
    """So many answers at once, each of `rate` tokens a second for `seconds`."""

    sessions: int
    rate: int
    seconds: float

    @property
    def tokens(self) -> int:
        """Tokens of one answer."""
        return round(self.rate * self.seconds)

    @property
    def spread(self) -> float:
        """Seconds over which the answers begin, and end."""
        return min(5.0, self.seconds / 6)


@dataclass
class Asked:
    """A question of a tab's: its text says which request of the upstream's answers it."""

    tab: LeanTab
    text: str
    bytes_before: int
    frames_before: int
    run: int = 0
    bytes_received: int = 0
    frames: int = 0
    problem: str = ""


async def at_once(work: list[Any], limit: int = AT_ONCE) -> None:
    """Await all, a few at a time."""
    places = asyncio.Semaphore(limit)

    async def one(each: Any) -> None:
        async with places:
            await each

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(one(each))


async def open_tabs(at: Stage, count: int) -> list[LeanTab]:
    """That many tabs on the chat page, of as many people as it takes."""
    tokens = await asyncio.to_thread(at.people, math.ceil(count / TABS_EACH))
    tabs = [LeanTab(at.url, tokens[number // TABS_EACH]) for number in range(count)]
    await at_once([tab.connect("/chat") for tab in tabs])
    await at_once([tab.until(lambda tab=tab: tab.vars(CHAT).get("model_id")) for tab in tabs])
    return tabs


async def _ask(asked: Asked, load: Load, start: float, key: str) -> None:
    asked.tab.answers.forget()
    delay = max(0.0, start - time.monotonic())
    asked.text = f"tokens={load.tokens} rate={load.rate} delay={delay:.6f}"
    await asked.tab.ask(asked.text, key)


async def _end(asked: Asked, timeout: float, text: str) -> None:
    """Wait for the end, and compare all that there is with what there should be."""
    tab = asked.tab
    try:
        message = await tab.answered(timeout)
    except AssertionError:
        asked.problem = "did not end"
        return
    asked.run = tab.answers.newest
    asked.bytes_received = tab.bytes_received - asked.bytes_before
    asked.frames = tab.frame_count - asked.frames_before
    stream = tab.answers.stream(asked.run)
    if tab.closed_at:
        asked.problem = "the socket was closed"
    elif message["content"] != text:
        asked.problem = f"the message is wrong: {message['status']}, {len(message['content'])}"
    elif stream.text != text:
        asked.problem = f"the stream is wrong: {len(stream.text)} of {len(text)}"
    elif stream.gaps or stream.replaced:
        asked.problem = f"{stream.gaps} gaps, {stream.replaced} times replaced"


class Meter:
    """CPU of the three processes, and the server's memory, between two moments."""

    def __init__(self, at: Stage) -> None:
        self._at = at
        self._before: tuple[float, ...] = ()
        self.cores: dict[str, float] = {}
        self.server_ms = 0.0
        self.seconds = 0.0

    def _read(self) -> tuple[float, ...]:
        return (
            time.monotonic(),
            cpu_ms(self._at.server),
            cpu_ms([self._at.upstream_pid]),
            time.process_time() * 1000,
        )

    def begin(self) -> None:
        """From here."""
        self._before = self._read()

    def end(self) -> None:
        """To here."""
        wall, *used = (now - then for now, then in zip(self._read(), self._before, strict=True))
        self.seconds, self.server_ms = wall, used[0]
        names = ("server", "upstream", "client")
        self.cores = {
            name: round(each / wall / 1000, 3) for name, each in zip(names, used, strict=True)
        }


async def _steady(meter: Meter, begin: float, end: float) -> None:
    await asyncio.sleep(begin - time.monotonic())
    meter.begin()
    await asyncio.sleep(end - time.monotonic())
    meter.end()


async def play(at: Stage, tabs: list[LeanTab], load: Load, name: str) -> dict[str, Any]:
    """One round: every tab asks once. Returns the figures."""
    text = "".join(parse_script(f"tokens={load.tokens}").pieces())  # type: ignore[union-attr]
    meter = Meter(at)
    asked = [Asked(tab, "", tab.bytes_received, tab.frame_count) for tab in tabs]
    began = time.monotonic()
    start = began + 1 + ASK_S * len(tabs)
    steady = asyncio.create_task(
        _steady(meter, start + load.spread + 0.5, start + load.seconds - 0.5)
    )
    gap = load.spread / len(tabs)
    await at_once(
        [_ask(each, load, start + n * gap, f"{name}-{n}") for n, each in enumerate(asked)]
    )
    asking = time.monotonic() - began
    timeout = start + load.seconds + 60 - time.monotonic()
    await asyncio.gather(*(_end(each, timeout, text) for each in asked))
    await steady
    resident = resident_mb(at.server)
    connections = await asyncio.to_thread(at.connections)
    problems = [each.problem for each in asked if each.problem]
    tokens_in_window = load.rate * meter.seconds * len(tabs)
    return {
        **asdict(load),
        "lag_ms": _lags(asked, load, connections),
        "upstream_late_ms": _latest(asked, connections),
        "lost_or_doubled": len(problems),
        "problems": sorted(set(problems))[:10],
        "bytes_per_answer": round(sum(each.bytes_received for each in asked) / len(asked)),
        "frames_per_answer": round(sum(each.frames for each in asked) / len(asked), 1),
        "server_cpu_ms_per_1000": round(1000 * meter.server_ms / tokens_in_window, 1),
        "cores": meter.cores,
        "resident_mb": round(resident, 1),
        "asking_s": round(asking, 1),
        "asked_late": asking > start - began,
    }


def _requests(connections: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for connection in connections:
        for request in connection["requests"]:
            found[request["body"]["messages"][-1]["content"]] = request
    return found


def _latest(asked: list[Asked], connections: list[dict[str, Any]]) -> float:
    requests = _requests(connections)
    return round(1000 * max(requests[each.text]["latest"] for each in asked if not each.problem), 1)


def token_lags(
    arrivals: list[tuple[float, int]], ends: list[int], start: float, rate: float
) -> list[float]:
    """Seconds from each token's leaving to its arrival.

    Args:
        arrivals: moments, and the length of the text then.
        ends: where each token ends in the text.
        start: when the first token left.
        rate: tokens a second.
    """
    lags, token = [], 0
    for moment, length in arrivals:
        while token < len(ends) and ends[token] <= length:
            lags.append(moment - start - token / rate)
            token += 1
    return lags


def _lags(asked: list[Asked], load: Load, connections: list[dict[str, Any]]) -> dict[str, float]:
    pieces = parse_script(f"tokens={load.tokens}").pieces()  # type: ignore[union-attr]
    ends = list(accumulate(utf16_length(piece) for piece in pieces))
    requests = _requests(connections)
    lags: list[float] = []
    for each in asked:
        if not each.problem:
            arrivals = each.tab.answers.arrivals[each.run]
            lags += token_lags(arrivals, ends, requests[each.text]["paced_from"], load.rate)
    lags.sort()
    if not lags:
        return {}
    marks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {
        name: round(1000 * lags[min(len(lags) - 1, int(share * len(lags)))], 1)
        for name, share in marks.items()
    }


async def measure(at: Stage, loads: list[Load], stop_at_goal: bool) -> list[dict[str, Any]]:
    """A round for each load, with new tabs for each size."""
    rounds: list[dict[str, Any]] = []
    tabs: list[LeanTab] = []
    for number, load in enumerate(loads):
        if len(tabs) < load.sessions:
            tabs += await open_tabs(at, load.sessions - len(tabs))
        rounds.append(await play(at, tabs[: load.sessions], load, f"round-{number}"))
        if stop_at_goal and not is_good(rounds[-1]):
            break
    for tab in tabs:
        await tab.drop()
    return rounds


def is_good(figures: dict[str, Any]) -> bool:
    """Whether nothing was lost and p95 is within the goal."""
    return not figures["lost_or_doubled"] and figures["lag_ms"].get("p95", math.inf) <= GOAL_MS


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--rate", type=int, default=50, help="tokens a second of each session")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database-url", default="", help="a PostgreSQL server; SQLite without")
    parser.add_argument("--redis-url", default="")
    parser.add_argument("--search", default="", help="numbers of sessions to try, in this order")
    options = parser.parse_args()
    sizes = [int(each) for each in options.search.split(",") if each]
    loads = [
        Load(size, options.rate, options.seconds)
        for size in sizes or [options.sessions] * options.rounds
    ]
    with (
        scratch(options.database_url) as database,
        stage(workers=options.workers, database_url=database, redis_url=options.redis_url) as at,
    ):
        rounds = asyncio.run(measure(at, loads, bool(sizes)))
    found: dict[str, Any] = {"workers": options.workers, "rounds": rounds}
    if sizes:
        good = [each["sessions"] for each in rounds if is_good(each)]
        found["most_sessions"] = max(good, default=0)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
