"""Workers that die, and a Redis that goes away."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted import expected_text
from tests.states.client import FOLLOWING, OPEN_CHAT, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Server, free_port
from tests.workers.conftest import Pair, scratch_database, two_servers

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


# --- two workers behind one port ----------------------------------------------------------


def sockets_of(pid: int) -> int:
    """How many sockets a process holds."""
    links = (
        os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if os.path.lexists(each)
    )
    return sum(link.startswith("socket:") for link in links)


async def come_back(tab: Tab, chat: str) -> None:
    """Connect again and show the chat, as the page does by itself."""
    tab.state.clear()
    for _ in range(50):
        try:
            await tab.connect()
            break
        except OSError:
            await asyncio.sleep(0.1)
    await tab.open(f"/chat/{chat}")


async def test_tabs_on_both_workers_show_the_same(twin: Server) -> None:
    bob = twin.log_in("bob")
    script = "tokens=700 rate=100 split-utf8"
    async with twin.tab(bob) as first:
        await first.open("/chat")
        await ask(first, script)
        chat = first.vars(OPEN_CHAT)["open_chat_id"]
        before = {pid: sockets_of(pid) for pid in twin.workers()}
        tabs: list[Tab] = []
        more = dict.fromkeys(before, 0)
        # Which worker takes a connection is chance.
        while min(more.values()) < 2 and len(tabs) < 96:
            tabs += [twin.tab(bob) for _ in range(12)]
            await asyncio.gather(*(tab.connect() for tab in tabs[-12:]))
            more = {pid: sockets_of(pid) - count for pid, count in before.items()}
        print("sockets that came to each worker:", list(more.values()))
        await asyncio.gather(*(tab.open(f"/chat/{chat}") for tab in tabs))
        for tab in (first, *tabs):
            message = await answered(tab)
            assert message["content"] == tab.answers.text() == expected_text(script)
            assert tab.answers.stream(tab.answers.newest).gaps == 0
        await asyncio.gather(*(tab.close() for tab in tabs))
    if not all(more.values()):
        pytest.skip(f"every connection came to one worker: {more}")


async def test_an_answer_whose_worker_is_killed(twin: Server) -> None:
    bob = twin.log_in("bob")
    script = "tokens=600 rate=40"
    async with twin.tab(bob) as tab:
        await tab.open("/chat")
        await ask(tab, script)
        chat = tab.vars(OPEN_CHAT)["open_chat_id"]
        await tab.until(lambda: len(tab.answers.text()) > 150)
        await asyncio.sleep(0.35)
        owner = int(twin.rows("SELECT owner FROM generation")[0][0].split(":")[1])
        assert owner in twin.workers()
        shown = tab.answers.text()
        await asyncio.sleep(0.3)
        os.kill(owner, signal.SIGKILL)
        killed = time.monotonic()
        while twin.rows("SELECT state FROM generation")[0][0] == "running":
            assert time.monotonic() < killed + 10
            await asyncio.sleep(0.02)
        print(f"interrupted {1000 * (time.monotonic() - killed):.0f} ms after the kill")
        await tab.until(lambda: not tab.is_open)
        await come_back(tab, chat)
        message = tab.vars(OPEN_CHAT)["messages"][-1]
        assert message["status"] == "interrupted"
        assert expected_text(script).startswith(message["content"])
        assert message["content"].startswith(shown)
        await tab.call(FOLLOWING, "continue_answer", message_id=message["id"])
        await tab.until(lambda: tab.vars(OPEN_CHAT)["busy"])
        await tab.until(lambda: len(tab.answers.text()) > len(message["content"]) + 50)
        await tab.call(FOLLOWING, "stop")
        longer = await answered(tab)
        assert str(longer["content"]).startswith(message["content"])
        await ask(tab, "tokens=20")
        assert (await answered(tab))["content"] == expected_text("tokens=20")
        deadline = time.monotonic() + 30
        while len(twin.workers()) < 2 or owner in twin.workers():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


# --- Redis --------------------------------------------------------------------------------


class OwnRedis:
    """A Redis of the test's own, which it may stop and start."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("redis-server is missing")
        self.port, self._folder, self._program = free_port(), folder, program
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        """As a crash would: nothing is kept."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    running = OwnRedis(tmp_path_factory.mktemp("redis"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shaky(
    tmp_path_factory: pytest.TempPathFactory,
    own_redis: OwnRedis,
    models_url: str,
    postgres_server: str,
) -> Iterator[Pair]:
    """Two workers on a Redis that the test may stop."""
    folder = tmp_path_factory.mktemp("shaky")
    url = scratch_database(postgres_server, "shaky")
    with two_servers(folder, url, models_url, own_redis.url) as running:
        yield running


@pytest.mark.parametrize("how", ["crash", "freeze"])
async def test_redis_going_and_coming_loses_nothing(
    shaky: Pair, own_redis: OwnRedis, how: str
) -> None:
    script = "tokens=900 rate=100 split-utf8"
    async with shaky.two.tab(shaky.bob) as tab:
        chat, _ = shaky.ask(shaky.one, script)
        await tab.open(f"/chat/{chat}")
        for away in (1.0, 2.5):
            had = len(tab.answers.text())
            await tab.until(lambda had=had: len(tab.answers.text()) > had + 80)  # type: ignore[misc]
            if how == "crash":
                own_redis.stop()
            else:
                own_redis.freeze()
            had = len(tab.answers.text())
            await asyncio.sleep(away)
            # By the database: late, and going on.
            await tab.until(lambda had=had: len(tab.answers.text()) > had + 30)  # type: ignore[misc]
            if how == "crash":
                await asyncio.to_thread(own_redis.start)
            else:
                own_redis.thaw()
        message = await answered(tab)
        assert message["content"] == tab.answers.text() == expected_text(script)
        stream = tab.answers.stream(tab.answers.newest)
        assert (stream.gaps, stream.replaced) == (0, 0)
    for server in (shaky.one, shaky.two):
        assert server.log().count("Redis is not responding") <= 8
        assert "Traceback" not in server.log()


async def test_without_redis_a_stop_and_a_sign_out_arrive_all_the_same(
    shaky: Pair, own_redis: OwnRedis
) -> None:
    person = shaky.one.register("frank")
    async with shaky.two.tab(person) as tab:
        chat, _ = shaky.ask(shaky.one, "tokens=5000 rate=20", person)
        await tab.open(f"/chat/{chat}")
        await tab.until(lambda: len(tab.answers.text()) > 50)
        own_redis.stop()
        try:
            began = time.monotonic()
            await tab.call(FOLLOWING, "stop")
            assert (await answered(tab))["status"] == "stopped"
            print(f"without Redis, stopped after {1000 * (time.monotonic() - began):.0f} ms")
            began = time.monotonic()
            shaky.one.rest(person, "POST", "/auth/logout")
            await tab.until(lambda: not tab.is_open)
            print(f"without Redis, tab ended after {1000 * (time.monotonic() - began):.0f} ms")
        finally:
            own_redis.start()
