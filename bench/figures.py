"""Measuring many answers at once: the lag of every token, the CPU of each process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from bench.stage import Stage, cpu_ms
from tests.scripted import parse_script
from tests.states.client import utf16_length

Window = tuple[float, float]


@dataclass(frozen=True)
class Load:
    """A number of concurrent answers, each of `rate` tokens per second for `seconds`."""

    sessions: int
    rate: int
    seconds: float

    @property
    def tokens(self) -> int:
        """Tokens per answer."""
        return round(self.rate * self.seconds)

    @property
    def spread(self) -> float:
        """Seconds over which the starts, and the ends, of the answers are spread."""
        return min(5.0, self.seconds / 6)

    def steady(self, start: float) -> Window:
        """The time window in which all answers stream, if the first one starts at `start`."""
        return start + self.spread + 0.5, start + self.seconds - 0.5

    def pieces(self) -> list[str]:
        """The tokens of an answer."""
        script = parse_script(f"tokens={self.tokens}")
        assert script is not None
        return script.pieces()

    def question(self, start: float) -> str:
        """The question that makes the upstream answer this way, with the first token at `start`."""
        delay = max(0.0, start - time.monotonic())
        return f"tokens={self.tokens} rate={self.rate} delay={delay:.6f}"


class Meter:
    """CPU time of the server's processes, the upstream and this process between two moments."""

    def __init__(self, server: Callable[[], list[int]], upstream: int) -> None:
        self._server, self._upstream = server, upstream
        self._before: tuple[float, ...] = ()
        self.cores: dict[str, float] = {}
        self.server_ms = 0.0
        self.seconds = 0.0

    def _read(self) -> tuple[float, ...]:
        return (
            time.monotonic(),
            cpu_ms(self._server()),
            cpu_ms([self._upstream]),
            time.process_time() * 1000,
        )

    def begin(self) -> None:
        """Start measuring."""
        self._before = self._read()

    def end(self) -> None:
        """Stop measuring."""
        wall, *used = (now - then for now, then in zip(self._read(), self._before, strict=True))
        self.seconds, self.server_ms = wall, used[0]
        names = ("server", "upstream", "client")
        self.cores = {
            name: round(each / wall / 1000, 3) for name, each in zip(names, used, strict=True)
        }

    def per_1000(self, load: Load) -> float:
        """The server's CPU time in ms per 1,000 tokens of this load."""
        return round(1000 * self.server_ms / (load.rate * self.seconds * load.sessions), 1)


async def metered(meter: Meter, window: Window) -> None:
    """Run a meter during a window of time.monotonic()."""
    begin, end = window
    await asyncio.sleep(begin - time.monotonic())
    meter.begin()
    await asyncio.sleep(end - time.monotonic())
    meter.end()


def requests_of(at: Stage) -> dict[str, dict[str, Any]]:
    """The upstream's records of its requests, by question."""
    found = {}
    for connection in at.connections():
        for request in connection["requests"]:  # type: ignore[attr-defined]
            found[request["body"]["messages"][-1]["content"]] = request
    return found


def token_lags(
    arrivals: list[tuple[float, int]], ends: list[int], start: float, rate: float
) -> list[tuple[float, float]]:
    """When each token was sent (time.monotonic()), and the seconds until it arrived.

    Args:
        arrivals: times, and the length of the text at each.
        ends: the position in the text at which each token ends.
        start: when the first token was sent.
        rate: tokens per second.
    """
    lags, token = [], 0
    for moment, length in arrivals:
        while token < len(ends) and ends[token] <= length:
            left = start + token / rate
            lags.append((left, moment - left))
            token += 1
    return lags


def shares(lags: Iterable[float]) -> dict[str, float]:
    """The median, p95, p99 and maximum, in ms."""
    found = sorted(lags)
    marks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {
        name: round(1000 * found[min(len(found) - 1, int(share * len(found)))], 1)
        for name, share in marks.items()
        if found
    }


Answered = tuple[list[tuple[float, int]], dict[str, Any]]


def lag_figures(answered: list[Answered], load: Load, steady: Window) -> dict[str, Any]:
    """The lag of all tokens, and of those sent while all answers were streaming.

    Args:
        answered: for each answer its arrivals, and the upstream's record of its request.
    """
    ends = list(accumulate(utf16_length(piece) for piece in load.pieces()))
    lags: list[tuple[float, float]] = []
    for arrivals, request in answered:
        lags += token_lags(arrivals, ends, request["paced_from"], load.rate)
    begin, end = steady
    late = (request["latest"] for _, request in answered)
    return {
        "lag_ms": shares(lag for left, lag in lags if begin <= left <= end),
        "lag_with_starts_and_ends_ms": shares(lag for _, lag in lags),
        "upstream_late_ms": round(1000 * max(late, default=0.0), 1),
    }
