"""Search, projects, and where chats are kept, over REST."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller
from tests.conftest import People

MISSING = "01890000-0000-7000-8000-000000000000"


async def a_chat(caller: Caller, model_id: str, title: str) -> str:
    made = await caller.post("/api/v1/chats", json={"model": model_id, "title": title})
    return made.json()["id"]


async def test_search_gives_parts(bob: Caller, model_id: str):
    chat = await a_chat(bob, model_id, "Heat pumps & <b>winter</b>")
    page = (await bob.get("/api/v1/search", params={"q": "winter"})).json()
    assert page["next_cursor"] is None
    (hit,) = page["items"]
    assert hit["chat_id"] == chat
    assert [part["text"] for part in hit["title"] if part["hit"]] == ["winter"]
    assert "".join(part["text"] for part in hit["title"]) == "Heat pumps & <b>winter</b>"


@pytest.mark.parametrize(
    "params",
    [{}, {"q": "x" * 1001}, {"q": "x", "limit": 0}, {"q": "x", "limit": 101},
     {"q": "x", "cursor": "x"}, {"q": "x", "since": "yesterday"}],
)  # fmt: skip
async def test_a_search_that_is_none_is_refused(bob: Caller, params: dict[str, str]):
    answer = await bob.get("/api/v1/search", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_projects_and_their_chats(bob: Caller, model_id: str):
    made = await bob.post("/api/v1/projects", json={"name": "House", "icon": "house"})
    assert made.status_code == 201
    url = f"/api/v1/projects/{made.json()['id']}"
    assert (await bob.patch(url, json={"description": "Roof"})).json()["description"] == "Roof"
    assert (await bob.post("/api/v1/projects", json={"name": " "})).status_code == 422
    chat, other = await a_chat(bob, model_id, "In"), await a_chat(bob, model_id, "Out")
    body = {"ids": [chat], "project": made.json()["id"], "pinned": True, "add_tag": "Roof"}
    assert (await bob.post("/api/v1/chats/place", json=body)).status_code == 204
    listed = (await bob.get("/api/v1/chats", params={"project": made.json()["id"]})).json()
    assert [(each["id"], each["pinned"], each["tags"]) for each in listed["items"]] == [
        (chat, True, ["roof"])
    ]
    assert (await bob.get(url)).json()["chats"] == 1
    tags = await bob.put(f"/api/v1/chats/{other}/tags", json={"tags": ["A", "b"]})
    assert tags.json() == {"tags": ["a", "b"]}
    names = [each["name"] for each in (await bob.get("/api/v1/tags")).json()["items"]]
    assert names == ["a", "b", "roof"]
    assert (await bob.delete(url)).status_code == 204
    assert (await bob.get(url)).status_code == 404
    assert len((await bob.get("/api/v1/chats")).json()["items"]) == 2


async def test_archived_chats_are_listed_apart(bob: Caller, model_id: str):
    chat = await a_chat(bob, model_id, "Old")
    place = "/api/v1/chats/place"
    assert (await bob.post(place, json={"ids": [chat], "archived": True})).status_code == 204
    assert (await bob.get("/api/v1/chats")).json()["items"] == []
    away = (await bob.get("/api/v1/chats", params={"archived": True})).json()["items"]
    assert [each["id"] for each in away] == [chat]
    assert (await bob.post(place, json={"ids": [chat], "deleted": True})).status_code == 204
    assert (await bob.get(f"/api/v1/chats/{chat}")).status_code == 404
    assert (await bob.post(place, json={"ids": [chat], "deleted": False})).status_code == 204
    assert (await bob.get(f"/api/v1/chats/{chat}")).status_code == 200


async def test_placing_is_all_or_nothing(bob: Caller, model_id: str):
    chat = await a_chat(bob, model_id, "Here")
    body = {"ids": [chat], "archived": True, "add_tag": "x" * 41}
    assert (await bob.post("/api/v1/chats/place", json=body)).status_code == 422
    assert len((await bob.get("/api/v1/chats")).json()["items"]) == 1


async def test_charlie_gets_for_what_is_bobs_what_a_missing_thing_gives(
    bob: Caller, charlie: Caller, model_id: str
):
    chat = await a_chat(bob, model_id, "Private words")
    project = (await bob.post("/api/v1/projects", json={"name": "Private"})).json()["id"]
    own = await a_chat(charlie, model_id, "Own")
    calls = [
        ("GET", "/api/v1/projects/{}", project, None),
        ("PATCH", "/api/v1/projects/{}", project, {"name": "mine"}),
        ("DELETE", "/api/v1/projects/{}", project, None),
        ("PUT", "/api/v1/chats/{}/tags", chat, {"tags": ["x"]}),
        ("POST", "/api/v1/chats/place", chat, {"ids": ["{}"], "pinned": True}),
        ("POST", "/api/v1/chats/place", chat, {"ids": ["{}"], "archived": True}),
        ("POST", "/api/v1/chats/place", chat, {"ids": ["{}"], "deleted": True}),
        ("POST", "/api/v1/chats/place", chat, {"ids": ["{}"], "deleted": False}),
        ("POST", "/api/v1/chats/place", project, {"ids": [own], "project": "{}"}),
    ]

    def fill(body: object, id_: str) -> object:
        if isinstance(body, dict):
            return {name: fill(value, id_) for name, value in body.items()}
        if isinstance(body, list):
            return [fill(value, id_) for value in body]
        return id_ if body == "{}" else body

    for method, path, foreign, body in calls:
        answers = [
            await charlie.request(method, path.format(id_), json=fill(body, id_))
            for id_ in (foreign, MISSING)
        ]
        assert answers[0].status_code == answers[1].status_code == 404, (method, path)
        assert answers[0].json() == answers[1].json()
    for path in ("search?q=private", f"chats?project={project}", "projects", "tags"):
        assert (await charlie.get(f"/api/v1/{path}")).json()["items"] == []


async def test_nobody_signed_in_gets_nothing(visitor: Caller, people: People):
    for path in ("search?q=x", "projects", "projects/x", "tags"):
        assert (await visitor.get(f"/api/v1/{path}")).status_code == 401
