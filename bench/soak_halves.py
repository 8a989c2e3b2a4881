"""Unfinished requests and uploads, and unread responses, and the invariants around them.

Each round is determined by a seed: what does not finish (bodies, headers, a trickle of bytes,
uploads, reading), how many, and from how many addresses. While they hang, somebody else signs in
and uploads a file; once their time limits have passed

- all of their connections are closed;
- nothing of their uploads is left on disk, and their quota is free again;
- the server has no more open files than before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from llm_ui.api.http.bodies import ORDINARY, UPLOAD
from llm_ui.api.http.unread import PATIENCE_S
from tests.conftest import fresh_postgres, migrate
from tests.halves import HALVES, Half, many_files
from tests.states.client import COOKIE
from tests.states.served import PASSWORD, Person, Server, model_server, serve

KINDS = ("bodies", "headers", "trickle", "uploads", "unread")
ANSWER = "GET /api/docs/static/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADERS_S = 30.0
# A server that is busy with other connections may be this slow, but no slower.
ANSWERS_S = 10.0
SLACK_S = 15.0
FILES_LEFT = 50


@dataclass
class Round:
    """The result of one round. `problems` is empty if all went well."""

    seed: int
    what: str
    count: int
    addresses: int
    slowest: float = 0.0
    over: float = 0.0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        """A one-line summary."""
        verdict = "; ".join(self.problems) or "ok"
        return (
            f"seed {self.seed}: {self.count} {self.what} from {self.addresses} addresses, others "
            f"answered within {self.slowest:.2f} s, all closed after {self.over:.0f} s: {verdict}"
        )


class Door:
    """A server and two people: one who never finishes a request, and one who wants to work."""

    def __init__(self, server: Server, data: Path) -> None:
        self._server, self._data = server, data
        self._port = int(server.url.rpartition(":")[2])
        self._slow = server.register("slow")
        self._bob = server.register("bob")

    async def play(self, seed: int) -> Round:
        """Run one round; everything random derives from the seed."""
        chance = random.Random(seed)
        what = chance.choice(KINDS)
        count = chance.choice((30, 60)) if what == "uploads" else chance.choice((1200, 2000, 3000))
        report = Round(seed, what, count, chance.choice((1, 1, 7, 100)))
        files = self._open_files()
        began = time.monotonic()
        opened = await self._open(chance, report)
        trickles = asyncio.create_task(self._trickle(opened if what == "trickle" else []))
        ended = asyncio.gather(*(each.ended() for each in opened if what != "unread"))
        patience = {
            "headers": HEADERS_S,
            "uploads": UPLOAD.pause,
            "bodies": ORDINARY.pause,
            # Memory that the first ones free lets the kernel take more for the others, which looks
            # like reading.
            "unread": 3 * PATIENCE_S,
        }
        try:
            for _time in range(3):
                await self._work(report)
            async with asyncio.timeout(patience.get(what, ORDINARY.whole) + SLACK_S):
                await ended
                # A client that does not read does not notice the end either.
                while what == "unread":
                    await asyncio.sleep(1)
                    if self._open_files() <= files + FILES_LEFT:
                        break
        except TimeoutError:
            report.problems.append("some of them were never closed")
        finally:
            report.over = time.monotonic() - began
            trickles.cancel()
            ended.cancel()
            for each in opened:
                each.close()
        await self._work(report)
        await self._check(report, files)
        return report

    async def _open(self, chance: random.Random, report: Round) -> list[Half]:
        opened = []
        for number in range(report.count):
            place = number % report.addresses
            request = self._request(chance, report.what)
            with contextlib.suppress(ConnectionError):
                opened.append(await Half.send(self._port, request, f"127.0.1.{1 + place}"))
        return opened

    def _request(self, chance: random.Random, what: str) -> str:
        if what == "headers":
            return chance.choice(("", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "))
        if what == "unread":
            return ANSWER * 8
        if what != "uploads":
            return chance.choice(HALVES)
        head = (
            f"POST /api/v1/files?name=x HTTP/1.1\r\nHost: localhost\r\nX-CSRF-Token: "
            f"{self._slow.csrf}\r\nCookie: {COOKIE}={self._slow.cookie}\r\n"
        )
        words = "x" * chance.choice((1, 100_000, 3_000_000))
        if chance.random() < 0.5:
            return f"{head}Content-Length: {19_000_000}\r\n\r\n{words}"
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{len(words):x}\r\n{words}\r\n"

    async def _trickle(self, opened: list[Half]) -> None:
        while opened:
            await asyncio.sleep(2)
            for each in opened:
                each.more(b"1\r\n \r\n")

    async def _work(self, report: Round) -> None:
        """Let somebody else do ordinary things."""
        began = time.monotonic()
        try:
            await asyncio.to_thread(_signs_in_and_uploads, self._server, self._bob)
        except (httpx.HTTPError, AssertionError) as error:
            report.problems.append(f"another client got no response: {error!r}")
        report.slowest = max(report.slowest, time.monotonic() - began)

    async def _check(self, report: Round, files: int) -> None:
        arriving = self._data / "files" / "arriving"
        deadline = time.monotonic() + SLACK_S
        while (left := list(arriving.glob("*"))) or self._open_files() > files + FILES_LEFT:
            if time.monotonic() > deadline:
                report.problems.append(
                    f"{len(left)} files are left, and {self._open_files() - files} more are open"
                )
                return
            await asyncio.sleep(0.2)

    def _open_files(self) -> int:
        return sum(len(os.listdir(f"/proc/{each}/fd")) for each in self._server.workers())


def _signs_in_and_uploads(server: Server, bob: Person) -> None:
    with httpx.Client(base_url=server.url, timeout=ANSWERS_S) as client:
        assert client.get("/health/live").status_code == 200
        credentials = {"email": "bob@example.org", "password": PASSWORD}
        assert client.post("/api/v1/auth/login", json=credentials).status_code == 200
        headers = {"X-CSRF-Token": bob.csrf, "Cookie": f"{COOKIE}={bob.cookie}"}
        sent = client.post("/api/v1/files?name=own.txt", content=b"own words", headers=headers)
        assert sent.status_code == 201, sent.text
        path = f"/api/v1/files/{sent.json()['id']}"
        assert client.delete(path, headers=headers).status_code == 204


async def _rounds(door: Door, rounds: int, seed: int, server: Server) -> int:
    wrong = 0
    for number in range(rounds):
        report = await door.play(seed + number)
        wrong += bool(report.problems)
        print(f"  {number + 1}/{rounds} {report.line()}", flush=True)
        if report.problems:
            print(server.log()[-3000:], flush=True)
    return wrong


def soak_halves(workers: int, rounds: int, seed: int, postgres: str, redis: str) -> int:
    """Run this many rounds; returns how many failed."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(many_files())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-ui-soak-")))
        models = stack.enter_context(model_server(folder))
        url = f"sqlite:///{folder / 'llm_ui.db'}"
        if workers > 1:
            url = fresh_postgres(postgres, "halves")
        migrate(url)
        more = {"REDIS_URL": redis} if workers > 1 else {}
        settings = {"DATA_DIR": str(folder), "RATE_LIMIT": "0", **more}
        server = stack.enter_context(serve(folder, url, models, workers=workers, **settings))
        return asyncio.run(_rounds(Door(server, folder), rounds, seed, server))
