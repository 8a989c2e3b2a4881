"""Files are read in turns, person by person; alice's bad ones keep nobody else waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.models import StoredFile
from llm_ui.models.base import new_id
from llm_ui.services.files import extraction, files
from llm_ui.services.files.extraction import Extracted
from tests.conftest import People, until


class Readers:
    """Stands for the processes that read: each goes on until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.seconds: dict[str, int] = {}
        self._free: dict[str, asyncio.Event] = {}
        self._news = asyncio.Event()

    async def read(self, path: Path, media_type: str, cpu_s: int) -> Extracted:
        self.begun.append(path.name)
        self.seconds[path.name] = cpu_s
        self._news.set()
        await self._free.setdefault(path.name, asyncio.Event()).wait()
        return Extracted("words", notes=[["pages", "2"], ["encoding", "Big5"]])

    def let_go(self, file_id: str) -> None:
        self._free.setdefault(file_id, asyncio.Event()).set()

    async def has_begun(self, *ids: str) -> None:
        while not set(ids) <= set(self.begun):
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)


@pytest.fixture
async def readers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Readers]:
    found = Readers()
    monkeypatch.setattr(extraction, "read", found.read)
    yield found
    await extraction.stop()


async def give(actor: Actor, name: str) -> str:
    """A file that came, and is being read in its turn."""
    file_id = new_id()
    async with unit_of_work() as session:
        session.add(
            StoredFile(
                id=file_id,
                user_id=actor.user_id,
                name=name,
                media_type="text/plain",
                kind="text",
                size=1,
                sha256="",
            )
        )
    before = extraction._of_person[actor.user_id]
    extraction.wake(file_id)
    # It has taken its place before the next one comes.
    await until(
        lambda: extraction._of_person[actor.user_id] > before or file_id not in extraction._tasks,
        20,
    )
    return file_id


async def test_bob_does_not_wait_for_what_alice_has_begun(people: People, readers: Readers) -> None:
    """Unfair queue: two files of one person's that take long keep nobody else's waiting."""
    bad = [await give(people.alice, f"bad {n}.pdf") for n in range(2)]
    await readers.has_begun(*bad)
    text = await give(people.bob, "notes.txt")
    await readers.has_begun(text)
    # Two of one person's at once, so the third of alice's waits although charlie's goes in
    # as soon as there is a place.
    third = await give(people.alice, "third.pdf")
    readers.let_go(text)
    of_charlie = await give(people.charlie, "report.txt")
    await readers.has_begun(of_charlie)
    assert third not in readers.begun
    readers.let_go(bad[0])
    await readers.has_begun(third)
    await until(lambda: text not in extraction._tasks, 20)
    async with unit_of_work(writes=False) as session:
        item = await files.get_file(session, people.bob, text)
    assert item.status == "ready"
    assert item.note == "Page 2 could not be read. Text encoding detected as Big5."


async def test_one_of_many_gets_less_time_and_waits_no_longer_than_it_may(
    people: People, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = await give(people.bob, "alone.pdf")
    await readers.has_begun(alone)
    assert readers.seconds[alone] == extraction.CPU_S
    many = [await give(people.alice, f"{n}.pdf") for n in range(6)]
    await readers.has_begun(*many[:2])
    for each in many[:2]:
        readers.let_go(each)
    await readers.has_begun(*many[2:4])
    assert readers.seconds[many[2]] == extraction.CPU_OF_MANY_S
    monkeypatch.setattr(extraction, "WAIT_S", 0.0)
    late = await give(people.alice, "late.pdf")
    await until(lambda: late not in extraction._tasks, 20)
    async with unit_of_work(writes=False) as session:
        item = await files.get_file(session, people.alice, late)
    assert item.status == "failed"
    assert "Upload fewer at once" in item.error


@pytest.mark.parametrize(
    "said",
    [
        None,
        "x",
        [["pages"]],
        [["nothing", "2"]],
        [["pages", 2]],
        [{"pages": "2"}],
        [[["pages"], "2"]],
    ],
)
def test_what_the_reader_says_is_believed_only_if_it_is_a_note(said: object) -> None:
    assert extraction._notes(said) == []
