"""Many answers at once over Reflex's own websocket: lag of every token, CPU, memory, loss.

    python -m bench.load --sessions 200 --rate 50 --seconds 30 [--workers 1] [--rounds 1]
    python -m bench.load --search 50,100,150,200,250

The upstream, the server and this client are one process each. The lag of a token is the time from
when the upstream was due to send it (start + i / rate, on the clock shared by all processes of a
machine) until its text arrived over the socket. All questions are asked before the first token is
sent, so that the figures are for streaming alone; starts and ends are spread over a few seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench.databases import scratch
from bench.figures import Load, Meter, lag_figures, metered, requests_of
from bench.stage import Stage, cpu_ms, floor, resident_mb, stage
from bench.tab import FloorTab, LeanTab

AT_ONCE = 6
# The most that one question costs the server, on a slow machine.
ASK_S = 0.09
GOAL_MS = 200.0


@dataclass
class Asked:
    """A tab's question: its text identifies the upstream's request that answers it."""

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
    """Open this many tabs on the chat page, each for a different person: tabs of the same person
    would be notified of each other's questions."""
    tabs = [LeanTab(at.url, token) for token in await asyncio.to_thread(at.people, count)]
    await at_once([tab.connect("/chat") for tab in tabs])
    await at_once([tab.ready() for tab in tabs])
    return tabs


async def _ask(asked: Asked, load: Load, start: float, key: str) -> None:
    asked.tab.answers.forget()
    asked.text = load.question(start)
    await asked.tab.ask(asked.text, key)


async def _end(asked: Asked, timeout: float, text: str) -> None:
    """Wait for the end, and compare everything received with the expected text."""
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
        asked.problem = f"wrong message: {message['status']}, {len(message['content'])}"
    elif stream.text != text:
        asked.problem = f"wrong stream: {len(stream.text)} of {len(text)}"
    elif stream.gaps or stream.replaced:
        asked.problem = f"{stream.gaps} gaps, replaced {stream.replaced} times"


async def play(at: Stage, tabs: list[LeanTab], load: Load, name: str) -> dict[str, Any]:
    """Run one round, in which every tab asks once. Returns the figures."""
    meter = Meter(lambda: at.server, at.upstream_pid)
    asked = [Asked(tab, "", tab.bytes_received, tab.frame_count) for tab in tabs]
    began, cpu = time.monotonic(), cpu_ms(at.server)
    start = began + 1 + ASK_S * len(tabs)
    metering = asyncio.create_task(metered(meter, load.steady(start)))
    gap = load.spread / len(tabs)
    await at_once(
        [_ask(each, load, start + n * gap, f"{name}-{n}") for n, each in enumerate(asked)]
    )
    asking, asking_cpu = time.monotonic() - began, cpu_ms(at.server) - cpu
    timeout = start + load.seconds + 60 - time.monotonic()
    text = "".join(load.pieces())
    await asyncio.gather(*(_end(each, timeout, text) for each in asked))
    await metering
    resident = resident_mb(at.server)
    requests = await asyncio.to_thread(requests_of, at)
    good = [each for each in asked if not each.problem]
    answered = [(each.tab.answers.arrivals[each.run], requests[each.text]) for each in good]
    return {
        **asdict(load),
        **lag_figures(answered, load, load.steady(start)),
        "lost_or_doubled": len(asked) - len(good),
        "problems": sorted({each.problem for each in asked if each.problem})[:10],
        "bytes_per_answer": round(sum(each.bytes_received for each in asked) / len(asked)),
        "frames_per_answer": round(sum(each.frames for each in asked) / len(asked), 1),
        "server_cpu_ms_per_1000": meter.per_1000(load),
        "asking_cpu_ms_each": round(asking_cpu / len(asked), 1),
        "cores": meter.cores,
        "resident_mb": round(resident, 1),
        "asked_in_s": round(asking, 1),
        "asked_too_late": asking > start - began,
    }


async def play_floor(at: Stage, url: str, pid: int, load: Load) -> dict[str, Any]:
    """Run the same round against bench/floor.py."""
    tabs = [FloorTab(url) for _ in range(load.sessions)]
    await at_once([tab.connect() for tab in tabs])
    meter = Meter(lambda: [pid], at.upstream_pid)
    start = time.monotonic() + 3
    metering = asyncio.create_task(metered(meter, load.steady(start)))
    questions = [load.question(start + n * load.spread / len(tabs)) for n in range(len(tabs))]
    for tab, question in zip(tabs, questions, strict=True):
        tab.ask(question)
    await asyncio.gather(*(tab.ended.wait() for tab in tabs))
    await metering
    requests = await asyncio.to_thread(requests_of, at)
    answered = [
        (tab.answers.arrivals[1], requests[question])
        for tab, question in zip(tabs, questions, strict=True)
    ]
    text = "".join(load.pieces())
    wrong = sum(tab.answers.stream(1).text != text for tab in tabs)
    for tab in tabs:
        tab.close()
    return {
        **lag_figures(answered, load, load.steady(start)),
        "lost_or_doubled": wrong,
        "server_cpu_ms_per_1000": meter.per_1000(load),
        "cores": meter.cores,
    }


async def measure(at: Stage, loads: list[Load], stop_at_goal: bool) -> list[dict[str, Any]]:
    """Run one round for each load, with new tabs for each size."""
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
    parser.add_argument("--rate", type=int, default=50, help="tokens per second and session")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database-url", default="", help="PostgreSQL server (default: SQLite)")
    parser.add_argument("--redis-url", default="")
    parser.add_argument("--search", default="", help="numbers of sessions to try, in order")
    parser.add_argument("--no-floor", action="store_true", help="skip the bare relay")
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
        if not options.no_floor:
            with floor(at) as (url, pid):
                found["floor"] = asyncio.run(play_floor(at, url, pid, loads[-1]))
            own = found["floor"]["server_cpu_ms_per_1000"]
            found["cpu_beside_floor"] = round(rounds[-1]["server_cpu_ms_per_1000"] / own, 2)
    if sizes:
        good = [each["sessions"] for each in rounds if is_good(each)]
        found["most_sessions"] = max(good, default=0)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
