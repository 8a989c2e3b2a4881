"""Files in prompts: what goes in whole, what in part, what not; which models see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.models import AIModel, FilePassage, StoredFile
from llm_ui.services.answers.file_prompts import put_in
from llm_ui.services.catalogue.capabilities import sees
from llm_ui.services.files import passages
from llm_ui.services.files.file_texts import Given
from llm_ui.services.token_estimates import estimate
from llm_ui.wire.events import PromptMessage
from tests.conftest import People
from tests.files import png


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings_env: Callable[[str, str], None]) -> Path:
    settings_env("DATA_DIR", str(tmp_path))
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


async def stored(actor: Actor, name: str, text: str, kind: str = "text") -> StoredFile:
    """A file of the actor's that has been read."""
    row = StoredFile(
        user_id=actor.user_id,
        name=name,
        kind=kind,
        media_type="text/plain" if kind == "text" else "image/png",
        size=len(text),
        sha256="",
        characters=len(text),
        status="ready",
    )
    async with unit_of_work() as session:
        session.add(row)
        await session.flush()
        for number, part in enumerate(passages.split(text)):
            session.add(FilePassage(file_id=row.id, number=number, text=part))
    return row


def given(row: StoredFile, message_id: str) -> Given:
    return Given(message_id, row.id, row.name, row.kind, row.media_type, row.characters)


TURNS = [
    PromptMessage("user", "First question", message_id="1"),
    PromptMessage("assistant", "First answer", message_id="2"),
    PromptMessage("user", "Who installed the heat pump?", message_id="3"),
]
LONG = "The committee met and adjourned.\n" * 4000


async def test_nothing_changes_without_files() -> None:
    assert await put_in(TURNS, [], seeing=True, tokens=1000) == (TURNS, [])


async def test_the_newest_question_is_served_first(people: People) -> None:
    old = await stored(people.bob, "old.txt", "old words " * 300)
    new = await stored(people.bob, "new.txt", "new words " * 300)
    turns, sources = await put_in(
        TURNS, [given(old, "1"), given(new, "3")], seeing=False, tokens=1100
    )
    assert "new words new words" in turns[2].content
    assert turns[0].content == '<file name="old.txt">(left out: no room)</file>\n\nFirst question'
    assert sources == []


async def test_a_file_of_the_question_that_has_no_room_is_said_to_be_left_out(
    people: People,
) -> None:
    row = await stored(people.bob, "minutes.txt", LONG)
    _, (source,) = await put_in(TURNS, [given(row, "3")], seeing=False, tokens=100)
    assert (source["title"], source["state"]) == ("minutes.txt", "failed")
    assert source["problem"] == "no_room"


async def test_a_long_file_leaves_room_for_the_conversation(people: People) -> None:
    text = f"{LONG}The heat pump was installed by Brunhilde Kowalski.\n{LONG}"
    row = await stored(people.bob, "minutes.txt", text)
    turns, sources = await put_in(TURNS, [given(row, "1")], seeing=False, tokens=4000, before=3)
    assert "Brunhilde Kowalski" in turns[0].content
    assert estimate(turns[0].content) < 4000
    assert [each["number"] for each in sources] == list(range(4, len(sources) + 4))
    assert {each["url"] for each in sources} == {f"/api/v1/files/{row.id}/content"}
    assert {each["title"] for each in sources} == {"minutes.txt"}
    parts = [each["part"] for each in sources]
    assert all(1 <= part["first"] <= part["last"] <= part["of"] for part in parts)
    assert all(f"[{each['number']}]" in turns[0].content for each in sources)


async def test_an_image_goes_to_models_that_see_and_is_named_to_others(
    people: People, folder: Path
) -> None:
    row = await stored(people.bob, "photo.png", "", "image")
    (folder / row.id).write_bytes(png())
    turns, _ = await put_in(TURNS, [given(row, "1")], seeing=True, tokens=None)
    assert [each.data for each in turns[0].images] == [png()]
    turns, _ = await put_in(TURNS, [given(row, "1")], seeing=False, tokens=None)
    assert turns[0].images == ()
    assert "photo.png" in turns[0].content


@pytest.mark.parametrize(
    ("name", "provider", "expected"),
    [
        ("gpt-4o-mini", "openai", True),
        ("gpt-3.5-turbo", "openai", False),
        ("o3", "openai", True),
        ("qwen2.5-vl-7b", "openai", True),
        ("scripted", "openai", False),
        ("claude-sonnet-4", "anthropic", True),
        ("claude-2.1", "anthropic", False),
        ("llava:7b", "ollama", True),
        ("llama3.1:8b", "ollama", False),
        ("gpt-4o", "llm_api", False),
    ],
)
def test_which_models_see(name: str, provider: str, expected: bool) -> None:
    model = AIModel(provider_id="p", name=name, display_name=name)
    assert sees(model, provider) is expected
    model.capabilities = ["vision"]
    assert sees(model, provider)
