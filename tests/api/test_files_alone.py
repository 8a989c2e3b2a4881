"""Files as questions by themselves, what was read in them, and those that nothing uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import AIModel
from llm_ui.services.files import extraction
from tests import files
from tests.api.conftest import Caller
from tests.api.test_files import ask, upload
from tests.office import line, pages
from tests.scripted import ScriptedServer


@pytest.fixture(autouse=True)
async def folder(tmp_path: Path, settings_env: Callable[[str, str], None]) -> AsyncIterator[None]:
    """A data folder of the test's own."""
    settings_env("DATA_DIR", str(tmp_path / "data"))
    yield
    await extraction.stop()


async def test_a_file_is_a_question_by_itself(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
) -> None:
    one = await upload(bob, b"Translate me: guten Tag", "letter.txt")
    asked = await ask(bob, model_id, "", one["id"])
    assert asked["status"] == 202
    prompt = upstream.requests[-1].body["messages"][-1]["content"]
    assert prompt == '<file name="letter.txt">\nTranslate me: guten Tag\n</file>'
    chat = (await bob.get(f"/api/v1/chats/{asked['chat']}")).json()
    assert chat["title"] == "letter.txt"
    question, _ = chat["messages"]
    assert (question["content"], question["files"][0]["id"]) == ("", one["id"])
    messages = f"/api/v1/chats/{asked['chat']}/messages"
    # The same as blanks, and without the field.
    for body in ({"content": " \n"}, {}):
        again = await bob.post(messages, json={**body, "file_ids": [one["id"]]})
        assert again.status_code == 202, again.text
        await bob.get(f"/api/v1/runs/{again.json()['run_id']}/events")
    # Other words for it, and none again.
    for words in ("In French, please", ""):
        edited = await bob.post(f"{messages}/{question['id']}/edit", json={"content": words})
        assert edited.status_code == 202, edited.text
        await bob.get(f"/api/v1/runs/{edited.json()['run_id']}/events")
        assert "guten Tag" in upstream.requests[-1].body["messages"][-1]["content"]
    found = (await bob.get("/api/v1/search", params={"q": "letter"})).json()["items"]
    assert [each["chat_id"] for each in found] == [asked["chat"]]
    for form in ("markdown", "json"):
        exported = await bob.get(f"/api/v1/chats/{asked['chat']}/export", params={"format": form})
        assert exported.status_code == 200


async def test_an_image_is_a_question_by_itself(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
) -> None:
    async with unit_of_work() as session:
        await session.execute(
            sa.update(AIModel).where(col(AIModel.id) == model_id).values(capabilities=["vision"])
        )
    one = await upload(bob, files.png(), "a.png")
    two = await upload(bob, files.png(), "b.png")
    asked = await ask(bob, model_id, "", one["id"], two["id"])
    parts = upstream.requests[-1].body["messages"][-1]["content"]
    assert [each["type"] for each in parts] == ["image_url", "image_url"]
    assert (await bob.get(f"/api/v1/chats/{asked['chat']}")).json()["title"] == "a.png, b.png"


async def test_nothing_at_all_is_no_question(bob: Caller, engine: Engine, model_id: str) -> None:
    for words in ("", " \n "):
        refused = await ask(bob, model_id, words)
        assert refused["status"] == 422
        assert refused["field"] == "content"


async def test_a_question_whose_file_is_gone_says_so_to_the_model(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
) -> None:
    one = await upload(bob, b"words")
    asked = await ask(bob, model_id, "", one["id"])
    await bob.delete(f"/api/v1/files/{one['id']}")
    again = await bob.post(
        f"/api/v1/chats/{asked['chat']}/messages/{asked['message_id']}/retry", json={}
    )
    await bob.get(f"/api/v1/runs/{again.json()['run_id']}/events")
    prompt = upstream.requests[-1].body["messages"][-1]["content"]
    assert prompt == "(A file stood here. It has been deleted.)"


async def test_what_was_read_in_part_says_what_was_not(bob: Caller) -> None:
    broken = pages(line("Page one"), b"BT /F1 12 Tf <ZZ> Tj ET", line("Page three"))
    one = await upload(bob, broken, "a.pdf")
    assert (one["status"], one["note"]) == ("ready", "Page 2 could not be read.")
    text = (await bob.get(f"/api/v1/files/{one['id']}/text")).json()
    assert text == {
        "text": "Page one\n\n[Page 2 could not be read.]\n\nPage three",
        "next": None,
    }
    whole = await upload(bob, b"words")
    assert whole["note"] is None


async def test_a_long_text_is_shown_in_stretches(bob: Caller, charlie: Caller) -> None:
    words = "".join(f"line {n}\n" for n in range(20_000))
    one = await upload(bob, words.encode())
    found, start = "", 0
    while start is not None:
        part = (await bob.get(f"/api/v1/files/{one['id']}/text", params={"start": start})).json()
        found, start = found + part["text"], part["next"]
    assert found == words.strip()
    assert (await charlie.get(f"/api/v1/files/{one['id']}/text")).status_code == 404


async def test_what_nothing_uses_is_found_and_goes_alone(
    bob: Caller, charlie: Caller, engine: Engine, model_id: str
) -> None:
    used = await upload(bob, b"words", "used.txt")
    project = (await bob.post("/api/v1/projects", json={"name": "House"})).json()
    shelved = await upload(bob, b"words", "shelved.txt")
    await bob.put(f"/api/v1/projects/{project['id']}/files/{shelved['id']}")
    removed = await upload(bob, b"%PDF-1.4 broken", "broken.pdf")
    await ask(bob, model_id, "What is this?", used["id"])

    async def names(**query: str) -> list[str]:
        page = (await bob.get("/api/v1/files", params=query)).json()
        return [each["name"] for each in page["items"]]

    assert await names(unused="true") == ["broken.pdf"]
    await charlie.delete(f"/api/v1/files/{removed['id']}", params={"unused": "true"})
    for each in (used, shelved, removed):
        gone = await bob.delete(f"/api/v1/files/{each['id']}", params={"unused": "true"})
        assert gone.status_code == 204
    assert await names() == ["shelved.txt", "used.txt"]
