"""Model files of the bundled service: uploaded, chosen, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput, NotAllowed, NotFound, TooLarge
from llm_ui.llm_api import supervisor as module
from llm_ui.llm_api.supervisor import Supervisor
from llm_ui.services.catalogue import model_files
from tests.conftest import People
from tests.unit.llm_api.test_supervisor import STUB, free_port

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MODEL = b"GGUF" + b"\x03" * 200


@pytest.fixture(autouse=True)
def data(
    settings_env: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.delenv("LLM_API_URL", raising=False)
    settings_env("DATA_DIR", str(tmp_path / "data"))
    settings_env("LLM_API_PORT", str(free_port()))
    return tmp_path / "data"


async def sent(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def upload(actor: Actor, name: str, *chunks: bytes) -> str:
    return (await model_files.receive(actor, name, sent(*chunks))).path


def kept(data: Path) -> list[str]:
    """The names of all files on the disk, what is on its way included."""
    return [each.name for each in (data / "models").rglob("*") if each.is_file()]


async def test_files_are_uploaded_listed_and_deleted(people: People, data: Path):
    path = await upload(people.alice, "../../My model (v2).Q4.gguf", b"GG", b"UF", b"\0" * 9)
    assert path == str(data / "models" / "My-model-v2-.Q4.gguf")
    assert (data / "models" / "My-model-v2-.Q4.gguf").read_bytes() == b"GGUF" + b"\0" * 9
    found = await model_files.list_files(people.alice)
    assert [(each.name, each.is_usual, each.is_current) for each in found.files] == [
        ("", True, True),
        ("My-model-v2-.Q4.gguf", False, False),
    ]
    assert found.room > 0
    for chunks in ((b"PK\x03\x04" * 9,), (b"GGU",), (), (b"G", b"IF89a")):
        with pytest.raises(InvalidInput) as refused:
            await upload(people.alice, "x.gguf", *chunks)
        assert refused.value.message_key == "error.gguf_magic"
    with pytest.raises(InvalidInput):
        await upload(people.alice, "My model (v2).Q4.gguf", MODEL)
    with pytest.raises(TooLarge):
        await model_files.receive(people.alice, "big", sent(MODEL), claimed=2**60)
    assert kept(data) == ["My-model-v2-.Q4.gguf"]
    for name in ("../app.db", "nothing.gguf", "", ".."):
        with pytest.raises(NotFound):
            await model_files.delete(people.alice, name)
    await model_files.delete(people.alice, "My-model-v2-.Q4.gguf")
    assert kept(data) == []


async def test_who_may_and_what_may_be_chosen(
    people: People, data: Path, tmp_path: Path, settings_env: Callable[[str, str], None]
):
    (tmp_path / "text.gguf").write_text("words")
    for actor in (people.bob, people.charlie):
        with pytest.raises(NotAllowed):
            await model_files.list_files(actor)
        with pytest.raises(NotAllowed):
            await upload(actor, "x", MODEL)
        with pytest.raises(NotAllowed):
            await model_files.delete(actor, "x")
    async with unit_of_work() as session:
        with pytest.raises(NotAllowed):
            await model_files.switch(session, people.bob, "")
        for path in (
            "models/x.gguf",
            "/nowhere/x.gguf",
            str(tmp_path),
            str(tmp_path / "text.gguf"),
            "/x\0y",
        ):
            with pytest.raises(InvalidInput):
                await model_files.switch(session, people.alice, path)
    settings_env("LLM_API_URL", "http://127.0.0.1:9")
    with pytest.raises(Conflict):
        await model_files.list_files(people.alice)


async def test_a_path_tells_nothing_of_what_lies_elsewhere(
    people: People, data: Path, tmp_path: Path, settings_env: Callable[[str, str], None]
):
    """File path taken from the client: a file outside of the folders for models and one that is
    not there get the same answer, however the path is written."""
    models, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    for each in (models, elsewhere, data / "models"):
        each.mkdir(parents=True)
    for path in (models / "in.gguf", elsewhere / "out.gguf", tmp_path / "models.gguf"):
        path.write_bytes(MODEL)

    async def answer(path: object) -> str:
        try:
            async with unit_of_work() as session:
                return str(
                    (await model_files.switch(session, people.alice, str(path))).id and "queued"
                )
        except InvalidInput as refused:
            return refused.message_key + str(refused.params or "")

    outside = (
        "/etc/passwd",
        "/etc/shadow",
        "/nowhere",
        "/",
        "/proc/self/environ",
        elsewhere / "out.gguf",
        elsewhere / "none.gguf",
        f"{models}/../elsewhere/out.gguf",
        f"{data}/models/../../x.gguf",
        tmp_path / "models.gguf",
        models / "in.gguf",
    )
    assert {await answer(each) for each in outside} == {"error.gguf_missing"}
    settings_env("MODEL_FOLDERS", f"/srv/none, {models}")
    assert {await answer(each) for each in outside[:-1]} == {"error.gguf_missing"}
    assert await answer(f"{elsewhere}/../models/./in.gguf") == "queued"


async def test_a_file_is_taken_into_use_or_the_one_of_before_stays(
    people: People, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.1)
    notes: list[str] = []

    async def progress(_: float, note: str, **__: object) -> None:
        notes.append(note)

    keeper = Supervisor(get_settings(), STUB)
    await keeper.start()
    try:
        await keeper.wait()
        good, bad = [await upload(people.alice, name, MODEL) for name in ("good", "bad")]
        assert (await model_files.load(good, progress))["name"] == "good.gguf"
        assert "jobs.note.gguf_loading" in notes
        with pytest.raises(Conflict) as failed:
            await model_files.load(bad, progress)
        assert failed.value.params == {"detail": "bad tensors"}
        found = await model_files.list_files(people.alice)
        assert [each.name for each in found.files if each.is_current] == ["good.gguf"]
        assert (found.state, found.detail) == ("failed", "bad tensors")
        with pytest.raises(Conflict):
            await model_files.delete(people.alice, "good.gguf")
        await model_files.delete(people.alice, "bad.gguf")
    finally:
        await keeper.stop()


async def test_a_worker_that_dies_in_the_middle_leaves_work_that_is_done_again(
    people: People, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.1)
    begun = asyncio.Event()

    async def progress(*_: object, **__: object) -> None:
        begun.set()

    keeper = Supervisor(get_settings(), STUB)
    await keeper.start()
    try:
        await keeper.wait()
        good = await upload(people.alice, "good", MODEL)
        first = asyncio.create_task(model_files.load(good, progress))
        await begun.wait()
        # It has no way of tidying up, as little as a process that is killed.
        first.cancel()
        await asyncio.wait([first])
        assert (await model_files.load(good, progress))["name"] == "good.gguf"
        found = await model_files.list_files(people.alice)
        assert [each.name for each in found.files if each.is_current] == ["good.gguf"]
        assert found.state == "ready"
    finally:
        await keeper.stop()


async def test_without_a_keeper_nobody_waits_for_ever(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_files, "NOTICED_WITHIN_S", 0.1)

    async def progress(*_: object, **__: object) -> None:
        return

    with pytest.raises(Conflict) as failed:
        await model_files.load("", progress)
    assert failed.value.message_key == "error.gguf_silent"
