"""Answers that nobody reads, at real sockets of this process."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llm_ui.api.http.unread import (
    BYTES_PER_SECOND,
    LOOK_EVERY_S,
    PATIENCE_S,
    RESET,
    SEND_BUFFER,
    Unread,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is unread")
SMALL = 4096


class Reader:
    """Somebody who is sent more than they have taken."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self.own = socket.socket()
        self.own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.own.bind((address, 0))
        self.own.connect(listener.getsockname())
        self.line = listener.accept()[0]
        for each in (self.own, self.line):
            each.setblocking(False)

    def fill(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.line.send(bytes(64 * 1024))

    def read(self, at_least: int) -> None:
        self.own.setblocking(True)
        while at_least > 0:
            at_least -= len(self.own.recv(min(at_least, SMALL)))

    @property
    def is_open(self) -> bool:
        try:
            self.line.send(b"")
            self.line.getpeername()
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.own.close()
        self.line.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@contextlib.contextmanager
def readers(listener: socket.socket, *addresses: str) -> Iterator[list[Reader]]:
    made = [Reader(listener, each) for each in addresses]
    try:
        yield made
    finally:
        for each in made:
            each.close()


def test_who_takes_nothing_is_waited_for_so_long(listener: socket.socket) -> None:
    """An answer that nobody reads: it is given up."""
    unread = Unread(of_one=100, in_all=100)
    with readers(listener, *["127.0.0.1"] * 3) as all_of_them:
        *stuck, idle = all_of_them
        for each in stuck:
            each.fill()
        assert unread.look(0) == unread.look(PATIENCE_S - 1) == 0
        assert unread.look(PATIENCE_S) == 2
        assert [each.is_open for each in all_of_them] == [False, False, True]
        # Nothing waits for whoever has asked for nothing.
        assert unread.look(100 * PATIENCE_S) == 0
        assert idle.is_open


def test_who_reads_is_let_be_however_long_it_takes(listener: socket.socket) -> None:
    unread = Unread(of_one=100, in_all=100)
    with readers(listener, "127.0.0.1") as (reader,):
        for turn in range(20):
            reader.fill()
            assert unread.look(turn * (PATIENCE_S - 1)) == 0
            reader.read(2 * int(BYTES_PER_SECOND * PATIENCE_S))
        assert reader.is_open


def test_a_byte_now_and_then_is_not_reading(listener: socket.socket) -> None:
    """An answer that nobody reads: or as good as nobody."""
    unread = Unread(of_one=100, in_all=100)
    with readers(listener, "127.0.0.1") as (reader,):
        reader.fill()
        moment, closed = 0.0, 0
        while moment <= PATIENCE_S:
            closed += unread.look(moment)
            moment += LOOK_EVERY_S
            if not closed:
                reader.read(1)
        assert closed == 1


def test_of_one_network_only_so_many_take_nothing_at_once(listener: socket.socket) -> None:
    """An answer that nobody reads: many of them, of one address, and of all together."""
    unread = Unread(of_one=2, in_all=4)
    with readers(listener, *["127.0.0.1"] * 5, "127.0.0.2") as all_of_them:
        for each in all_of_them:
            each.fill()
        assert unread.look(0) == 0
        assert unread.look(LOOK_EVERY_S) == 3
        assert [each.is_open for each in all_of_them[:5]].count(True) == 2
        assert all_of_them[5].is_open
        with readers(listener, *(f"127.0.1.{number}" for number in range(1, 9))) as more:
            for each in more:
                each.fill()
            assert unread.look(2 * LOOK_EVERY_S) == 0
            assert unread.look(3 * LOOK_EVERY_S) == 7
            # Whoever has stood still longest goes first.
            assert not any(each.is_open for each in all_of_them)
            assert [each.is_open for each in more].count(True) == 4


def test_behind_a_proxy_all_come_from_one_address(listener: socket.socket) -> None:
    unread = Unread(of_one=0, in_all=4)
    with readers(listener, *["127.0.0.1"] * 6) as all_of_them:
        for each in all_of_them:
            each.fill()
        assert unread.look(0) == 0
        assert unread.look(LOOK_EVERY_S) == 2


def test_one_that_hangs_up_at_the_last_moment_saves_no_other_one(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody reads: a peer that resets its connection stops nothing."""
    unread, lines = Unread(of_one=100, in_all=100), Unread._lines
    with readers(listener, *["127.0.0.1"] * 4) as stuck:
        for each in stuck:
            each.fill()
        unread.look(0)
        looks = 0

        def quicker(self: Unread) -> Iterator[tuple[int, socket.socket]]:
            nonlocal looks
            looks += 1
            if looks == 2:
                stuck[0].own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                stuck[0].own.close()
            yield from lines(self)

        monkeypatch.setattr(Unread, "_lines", quicker)
        assert unread.look(PATIENCE_S) == 3
        assert not any(each.is_open for each in stuck)


def test_the_system_holds_no_megabytes_for_anybody(listener: socket.socket) -> None:
    Unread().look(0)
    with readers(listener, "127.0.0.1") as (reader,):
        # Linux doubles what it is told.
        held = reader.line.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert held <= 2 * SEND_BUFFER


def test_looking_at_sockets_drops_no_lock_of_the_database(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops every lock that the process holds on it: another
    process would take the database for its own."""
    file = tmp_path / "held.db"
    held = sqlite3.connect(file, isolation_level=None)
    held.execute("PRAGMA journal_mode=WAL")
    held.execute("CREATE TABLE kept (n INTEGER)")
    held.execute("BEGIN IMMEDIATE")
    Unread().look(0.0)
    other = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    )
    tried = subprocess.run(
        [sys.executable, "-c", other, str(file)], capture_output=True, text=True, check=False
    )
    assert "database is locked" in tried.stderr
    held.close()
