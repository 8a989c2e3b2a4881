"""Files of projects over REST: put, listed, asked about, removed; and what outsiders get."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from llm_ui.generation import Engine
from llm_ui.services.files import extraction
from tests.api.conftest import Caller
from tests.api.test_files import upload
from tests.conftest import People
from tests.scripted import ScriptedServer

MISSING = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
async def folder(tmp_path: Path, settings_env: Callable[[str, str], None]) -> AsyncIterator[None]:
    settings_env("DATA_DIR", str(tmp_path / "data"))
    yield
    await extraction.stop()


async def a_project(caller: Caller, name: str = "House") -> str:
    return str((await caller.post("/api/v1/projects", json={"name": name})).json()["id"])


async def names(caller: Caller, project: str) -> list[str]:
    answer = (await caller.get(f"/api/v1/projects/{project}/files")).json()
    assert answer["next_cursor"] is None
    return [each["name"] for each in answer["items"]]


async def ask(caller: Caller, chat: str, words: str) -> list[dict[str, Any]]:
    """The chat's messages when the answer is there."""
    answer = await caller.post(f"/api/v1/chats/{chat}/messages", json={"content": words})
    await caller.get(f"/api/v1/runs/{answer.json()['run_id']}/events")
    found: list[dict[str, Any]] = (await caller.get(f"/api/v1/chats/{chat}")).json()["messages"]
    return found


async def test_a_file_is_put_into_a_project_listed_and_removed(bob: Caller) -> None:
    project = await a_project(bob)
    one = await upload(bob, b"words", "roof.txt")
    url = f"/api/v1/projects/{project}/files/{one['id']}"
    for _ in range(2):
        put = await bob.put(url)
        assert (put.status_code, put.json()["name"], put.json()["status"]) == (
            200,
            "roof.txt",
            "ready",
        )
    assert await names(bob, project) == ["roof.txt"]
    assert (await bob.get(f"/api/v1/projects/{project}")).json()["files"] == 1
    for _ in range(2):
        assert (await bob.delete(url)).status_code == 204
    assert await names(bob, project) == []
    assert (await bob.get(f"/api/v1/files/{one['id']}")).status_code == 200


async def test_the_chats_of_a_project_draw_on_its_files_and_cite_them(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
) -> None:
    project = await a_project(bob)
    one = await upload(bob, b"The annex was built in 1987.", "annex.txt")
    await bob.put(f"/api/v1/projects/{project}/files/{one['id']}")
    chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()["id"]
    [_, outside] = await ask(bob, chat, "When was it built?")
    assert "1987" not in str(upstream.requests[-1].body)
    assert outside["sources"] == []

    await bob.post("/api/v1/chats/organize", json={"ids": [chat], "project_id": project})
    [*_, question, answer] = await ask(bob, chat, "When was it built?")
    last = upstream.requests[-1].body["messages"][-1]["content"]
    assert '<file name="annex.txt">\n[1]\nThe annex was built in 1987.\n</file>' in last
    assert last.endswith("When was it built?")
    assert "1987" not in str(upstream.requests[-1].body["messages"][:-1])
    assert question["files"] == []
    assert [(each["number"], each["title"], each["url"]) for each in answer["sources"]] == [
        (1, "annex.txt", f"/api/v1/files/{one['id']}/content")
    ]

    await bob.delete(f"/api/v1/projects/{project}/files/{one['id']}")
    [*_, answer] = await ask(bob, chat, "Are you sure?")
    assert "1987" not in str(upstream.requests[-1].body["messages"])
    assert answer["sources"] == []


async def test_an_outsider_gets_what_a_missing_thing_gives(bob: Caller, charlie: Caller) -> None:
    project, own = await a_project(bob), await a_project(charlie, "Own")
    bobs = await upload(bob, b"bob's words", "secret.txt")
    mine = await upload(charlie, b"words", "mine.txt")
    await bob.put(f"/api/v1/projects/{project}/files/{bobs['id']}")
    for method, path, foreign in (
        ("GET", "{}/files", project),
        ("PUT", f"{{}}/files/{mine['id']}", project),
        ("PUT", f"{own}/files/{{}}", bobs["id"]),
        ("DELETE", f"{{}}/files/{bobs['id']}", project),
        ("DELETE", f"{own}/files/{{}}", bobs["id"]),
    ):
        answers = [
            await charlie.request(method, f"/api/v1/projects/{path.format(id_)}")
            for id_ in (foreign, MISSING)
        ]
        assert answers[0].status_code == answers[1].status_code == 404, (method, path)
        assert answers[0].json() == answers[1].json()
    assert await names(charlie, own) == []
    assert await names(bob, project) == ["secret.txt"]


async def test_a_visitor_and_a_call_without_its_token_change_nothing(
    bob: Caller, visitor: Caller, people: People
) -> None:
    project = await a_project(bob)
    one = await upload(bob, b"words")
    url = f"/api/v1/projects/{project}/files"
    for method, path in (("GET", url), ("PUT", f"{url}/{one['id']}"), ("DELETE", f"{url}/x")):
        assert (await visitor.request(method, path)).status_code == 401
    del bob.headers["X-CSRF-Token"]
    assert (await bob.put(f"{url}/{one['id']}")).status_code == 403
    assert await names(bob, project) == []
