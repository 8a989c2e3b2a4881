"""Files on their way take room from the start, and leave none behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from llm_ui.auth import Actor
from llm_ui.errors import DiskFull, TooLarge, TooManyRequests
from llm_ui.services.catalogue import model_files
from llm_ui.services.files import extraction, file_storage, upload_reservations, uploads
from tests.conftest import People, until


@pytest.fixture
async def data(
    people: People, tmp_path: Path, settings_env: Callable[[str, str], None]
) -> AsyncIterator[Path]:
    settings_env("DATA_DIR", str(tmp_path))
    settings_env("FILE_QUOTA_MB", "1")
    yield tmp_path
    # What came is being read; that needs the database, which goes after this.
    await extraction.stop()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how much of the disk may still be used."""

    def has(room: int) -> None:
        monkeypatch.setattr(upload_reservations, "free_room", lambda _: room)

    return has


def on_disk(data: Path) -> list[str]:
    return [each.name for each in data.rglob("*") if each.is_file() and "files" in each.parts]


class Slow:
    """Uploads that have begun and do not end."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[Any]] = []
        self._go_on = asyncio.Event()

    async def _chunks(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        await self._go_on.wait()

    def begin(self, actor: Actor, size: int | None) -> None:
        chunks = self._chunks(b"x" * (size or 1))
        self.tasks.append(asyncio.create_task(uploads.receive(actor, "slow", chunks, size)))

    async def end(self) -> None:
        self._go_on.set()
        await asyncio.gather(*self.tasks)

    async def cut(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def sent(size: int) -> AsyncIterator[bytes]:
    yield b"y" * size


async def test_what_is_on_its_way_takes_room_from_the_quota(people: People, data: Path):
    """Quota bypass by what is on its way."""
    slow = Slow()
    slow.begin(people.bob, 700_000)
    await until(lambda: on_disk(data))
    with pytest.raises(TooLarge) as refused:
        await uploads.receive(people.bob, "more", sent(700_000), 700_000)
    assert refused.value.message_key == "error.file_quota"
    # Of others nothing is taken, nor of what fits.
    await uploads.receive(people.charlie, "own", sent(700_000), 700_000)
    await uploads.receive(people.bob, "little", sent(100_000), 100_000)
    await slow.cut()
    await until(lambda: len(on_disk(data)) == 2)
    await uploads.receive(people.bob, "more", sent(700_000), 700_000)


async def test_who_does_not_say_how_much_takes_what_there_is(people: People, data: Path):
    """Quota bypass by what is on its way: in chunks of which nobody knows how many come."""
    slow = Slow()
    slow.begin(people.bob, None)
    await until(lambda: on_disk(data))
    with pytest.raises(TooLarge):
        await uploads.receive(people.bob, "more", sent(10), None)
    await slow.end()
    # What was not needed is free again.
    await uploads.receive(people.bob, "more", sent(900_000), None)
    with pytest.raises(TooLarge):
        await uploads.receive(people.bob, "more", sent(900_000), None)


async def test_of_one_person_a_few_are_on_their_way(people: People, data: Path):
    slow = Slow()
    for _number in range(uploads.AT_ONCE):
        slow.begin(people.bob, 10)
    await until(lambda: len(on_disk(data)) == uploads.AT_ONCE)
    with pytest.raises(TooManyRequests) as refused:
        await uploads.receive(people.bob, "one more", sent(10), 10)
    assert refused.value.message_key == "error.uploads_many"
    await uploads.receive(people.charlie, "own", sent(10), 10)
    await slow.end()
    await uploads.receive(people.bob, "one more", sent(10), 10)


async def test_the_disk_keeps_some_room_whoever_sends(
    people: People, data: Path, disk: Callable[[int], None]
):
    disk(1500)
    with pytest.raises(DiskFull):
        await uploads.receive(people.bob, "large", sent(2000), 2000)
    slow = Slow()
    slow.begin(people.bob, 1000)
    await until(lambda: on_disk(data))
    # What somebody else's upload still needs is not there for this one. (None of it is written
    # yet: it gathers in memory at first.)
    with pytest.raises(DiskFull):
        await uploads.receive(people.charlie, "small", sent(1000), 1000)
    await slow.end()
    disk(-1)
    for claimed in (1, None):
        with pytest.raises(DiskFull):
            await uploads.receive(people.charlie, "small", sent(1), claimed)


async def test_an_upload_that_is_cut_leaves_nothing(people: People, data: Path):
    slow = Slow()
    slow.begin(people.bob, 10)
    await until(lambda: on_disk(data))
    await slow.cut()
    await until(lambda: not on_disk(data))


async def test_what_a_dead_worker_left_is_removed_and_takes_no_room(people: People, data: Path):
    folder = file_storage.folder() / file_storage.ARRIVING
    code = (
        "import asyncio, os\n"
        "from pathlib import Path\n"
        "from llm_ui.services.files.upload_reservations import arrive\n"
        "async def main():\n"
        f"    async with arrive(Path({str(folder)!r}), {people.bob.user_id!r}, 900_000,\n"
        "            largest=9, room=10**6, at_once=3) as arrival:\n"
        "        print('there', flush=True)\n"
        "        input()\n"
        "        os._exit(1)\n"
        "asyncio.run(main())\n"
    )
    worker = subprocess.Popen(  # noqa: ASYNC220 - it waits for us
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert await asyncio.to_thread(worker.stdout.readline) == b"there\n"
    # While it lives, what it writes stays, and counts.
    await file_storage.remove_orphans()
    assert len(on_disk(data)) == 1
    with pytest.raises(TooLarge):
        await uploads.receive(people.bob, "more", sent(200_000), 200_000)
    await asyncio.to_thread(worker.communicate, b"\n")
    await uploads.receive(people.bob, "more", sent(200_000), 200_000)
    assert len(on_disk(data)) == 1


async def test_model_files_share_the_disk_and_come_one_or_two_at_once(
    people: People, data: Path, disk: Callable[[int], None]
):
    disk(1000)
    folder = model_files.folder() / model_files.ARRIVING

    async def model(size: int) -> AsyncIterator[bytes]:
        yield b"GGUF" + b"\0" * (size - 4)

    async with AsyncExitStack() as stack:
        one = upload_reservations.arrive(
            folder, model_files.KIND, 600, largest=9, room=2**63, at_once=2
        )
        await stack.enter_async_context(one)
        with pytest.raises(TooLarge) as refused:
            await model_files.receive(people.alice, "large", model(500), 500)
        assert refused.value.message_key == "error.gguf_room"
        two = upload_reservations.arrive(
            folder, model_files.KIND, 1, largest=9, room=2**63, at_once=2
        )
        await stack.enter_async_context(two)
        with pytest.raises(TooManyRequests):
            await model_files.receive(people.alice, "small", model(10), 10)
    await model_files.receive(people.alice, "small", model(10), 10)
    await model_files.remove_interrupted()
    assert [each.name for each in model_files.folder().rglob("*") if each.is_file()] == [
        "small.gguf"
    ]
