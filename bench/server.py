"""The server's CPU time for one stream, without a browser on the same cores.

    python -m bench.server [--tokens 2000] [--rate 200] [--repeat 3] [--profile FILE]

A websocket client takes the place of the page (tests/states/client.py). The floor is the bare relay
of bench/floor.py with the same answers.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import httpx

from bench.row import Figure, Row, median
from bench.samples import sampled
from bench.stage import PASSWORD, Stage, cpu_ms, family, floor, stage
from bench.tab import FloorTab
from tests.scripted import expected_text
from tests.states.client import CHAT, COOKIE, OPEN_CHAT, Tab

CAP_MS = 400.0
GOAL_MS = 200.0
PATIENCE_S = 120.0


def script(tokens: int, rate: int) -> str:
    """The question that makes the scripted upstream answer this way."""
    return f"article tokens={tokens} rate={rate}"


def cookie_of(at: Stage) -> str:
    """The session cookie of the stage's account."""
    account = {"email": "bench@example.org", "password": PASSWORD}
    return httpx.post(f"{at.url}/api/v1/auth/login", json=account).cookies[COOKIE]


async def answer(tab: Tab, key: str, question: str) -> None:
    """Ask in a new chat and wait for the whole answer."""
    await tab.open("/chat")
    await tab.settle()
    await tab.call(CHAT, "send_message", text=question, key=key)
    await tab.until(lambda: tab.vars(CHAT).get("accepted_key") == key)

    def is_over() -> bool:
        values = tab.vars(OPEN_CHAT)
        return not values["busy"] and bool(values["messages"])

    await tab.until(is_over, PATIENCE_S)
    assert tab.vars(OPEN_CHAT)["messages"][-1]["content"] == expected_text(question)


async def app_cpu(at: Stage, cookie: str, question: str, repeat: int) -> list[float]:
    """CPU time of the app's processes for each answer, in ms."""
    spent = []
    async with Tab(at.url, cookie=cookie, keep_frames=False) as tab:
        await answer(tab, "warm", "article tokens=200")
        for number in range(repeat):
            await asyncio.sleep(1)
            before = cpu_ms(at.server)
            await answer(tab, f"key-{number}", question)
            spent.append(cpu_ms(at.server) - before)
    return spent


async def idle_cpu(at: Stage, seconds: float) -> float:
    """CPU time of the app's processes when idle, in ms per second."""
    before = cpu_ms(at.server)
    await asyncio.sleep(seconds)
    return (cpu_ms(at.server) - before) / seconds


async def floor_cpu(at: Stage, question: str, repeat: int) -> list[float]:
    """CPU time of the bare relay for each of the same answers, in ms."""
    spent = []
    with floor(at) as (url, pid):
        tab = FloorTab(url)
        await tab.connect()
        for asked in ("article tokens=200", *[question] * repeat):
            before = cpu_ms(family(pid))
            tab.ask(asked)
            await asyncio.wait_for(tab.ended.wait(), PATIENCE_S)
            assert tab.answers.stream(1).text == expected_text(asked)
            spent.append(cpu_ms(family(pid)) - before)
        tab.close()
    return spent[1:]


async def measure(tokens: int, rate: int, repeat: int, profile_to: Path | None) -> Row:
    """CPU time per 1,000 tokens of one stream."""
    with stage() as at:
        cookie = cookie_of(at)
        spent = await app_cpu(at, cookie, script(tokens, rate), repeat)
        asked = at.requests()[-1]
        idle = await idle_cpu(at, 5)
        least_spent = await floor_cpu(at, script(tokens, rate), repeat)
        if profile_to:
            with sampled(at.server, tokens / rate, profile_to):
                await app_cpu(at, cookie, script(tokens, rate), 1)
    each = [round(ms * 1000 / tokens, 1) for ms in spent]
    least = [round(ms * 1000 / tokens, 1) for ms in least_spent]
    command = f"python -m bench.server --tokens {tokens} --rate {rate} --repeat {repeat}"
    row = Row("server, one stream", command)
    row.figures = [
        Figure(
            "server CPU for 1,000 tokens",
            median(each),
            "ms",
            GOAL_MS,
            cap=CAP_MS,
            floor=median(least),
        )
    ]
    row.details = {"app_ms": each, "relay_ms": least, "idle_ms_per_s": round(idle, 1)}
    row.details |= {"upstream_path": asked["path"]}
    return row


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", type=Path, help="write a profile to this file")
    options = parser.parse_args()
    asyncio.run(measure(options.tokens, options.rate, options.repeat, options.profile)).print()


if __name__ == "__main__":
    main()
