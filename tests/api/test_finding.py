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
    [
        {},
        {"q": "x" * 1001},
        {"q": "x", "limit": 0},
        {"q": "x", "limit": 101},
        {"q": "x", "cursor": "x"},
        {"q": "x", "from": "yesterday"},
    ],
)
async def test_a_search_that_is_none_is_refused(bob: Caller, params: dict[str, str]):
    answer = await bob.get("/api/v1/search", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_chats_come_in_the_order_that_is_asked_for(bob: Caller, model_id: str):
    for title in ("banana", "Apple", "cherry", "apple"):
        await a_chat(bob, model_id, title)
    for query, expected in (
        ("", ["apple", "cherry", "Apple", "banana"]),
        ("order=asc", ["banana", "Apple", "cherry", "apple"]),
        ("sort=title", ["Apple", "apple", "banana", "cherry"]),
        ("sort=title&order=desc", ["cherry", "banana", "apple", "Apple"]),
    ):
        address, seen = f"/api/v1/chats?limit=1&{query}", []
        while address:
            page = await bob.get(address)
            seen += [each["title"] for each in page.json()["items"]]
            address = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
        assert seen == expected, query
    first = (await bob.get("/api/v1/chats", params={"limit": 1})).json()["next_cursor"]
    other = await bob.get("/api/v1/chats", params={"sort": "title", "cursor": first})
    assert (other.status_code, other.json()["field"]) == (422, "cursor")


@pytest.mark.parametrize("path", ["/chats", "/search?q=x"])
async def test_a_filter_that_names_nothing_says_so(
    bob: Caller, charlie: Caller, model_id: str, path: str
):
    own = (await bob.post("/api/v1/projects", json={"name": "House"})).json()["id"]
    for project in (MISSING, own):
        wrong = {"project_id": project, "model": "nonesuch"}
        answer = await charlie.get(
            f"/api/v1{path}", params={**wrong, "q": "x"} if "?" in path else wrong
        )
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == ["project_id", "model"]
    right = {"project_id": own, "model": model_id} | ({"q": "x"} if "?" in path else {})
    assert (await bob.get(f"/api/v1{path}", params=right)).status_code == 200


async def test_null_takes_chats_out_of_their_project_and_is_refused_elsewhere(
    bob: Caller, model_id: str
):
    project = (await bob.post("/api/v1/projects", json={"name": "House"})).json()["id"]
    chat = await a_chat(bob, model_id, "In")
    for sent, found in (
        ({"project_id": project}, project),
        ({}, project),
        ({"project_id": None}, None),
    ):
        answer = await bob.post(
            "/api/v1/chats/organize", json={"ids": [chat], "pinned": True, **sent}
        )
        assert answer.status_code == 204
        assert (await bob.get(f"/api/v1/chats/{chat}")).json()["project_id"] == found
    for name in ("pinned", "archived", "deleted", "add_tag", "remove_tag"):
        answer = await bob.post("/api/v1/chats/organize", json={"ids": [chat], name: None})
        assert (answer.status_code, answer.json()["field"]) == (422, name)


async def test_what_there_is_none_of_is_null(bob: Caller, model_id: str):
    await a_chat(bob, model_id, "Winter")
    (hit,) = (await bob.get("/api/v1/search", params={"q": "winter"})).json()["items"]
    assert (hit["project_id"], hit["message_id"], hit["role"]) == (None, None, None)
    account = (await bob.get("/api/v1/account")).json()
    for name in ("default_model_id", "default_prompt_id", "theme", "language"):
        assert account[name] is None, name
    key = await bob.post("/api/v1/keys", json={"key_name": "K", "scopes": ["read"]})
    assert key.json()["item"]["owner"] is None


async def test_projects_and_their_chats(bob: Caller, model_id: str):
    made = await bob.post("/api/v1/projects", json={"name": "House", "icon": "house"})
    assert made.status_code == 201
    url = f"/api/v1/projects/{made.json()['id']}"
    assert (await bob.patch(url, json={"description": "Roof"})).json()["description"] == "Roof"
    assert (await bob.post("/api/v1/projects", json={"name": " "})).status_code == 422
    chat, other = await a_chat(bob, model_id, "In"), await a_chat(bob, model_id, "Out")
    body = {"ids": [chat], "project_id": made.json()["id"], "pinned": True, "add_tag": "Roof"}
    assert (await bob.post("/api/v1/chats/organize", json=body)).status_code == 204
    listed = (await bob.get("/api/v1/chats", params={"project_id": made.json()["id"]})).json()
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
    place = "/api/v1/chats/organize"
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
    assert (await bob.post("/api/v1/chats/organize", json=body)).status_code == 422
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
        ("POST", "/api/v1/chats/organize", chat, {"ids": ["{}"], "pinned": True}),
        ("POST", "/api/v1/chats/organize", chat, {"ids": ["{}"], "archived": True}),
        ("POST", "/api/v1/chats/organize", chat, {"ids": ["{}"], "deleted": True}),
        ("POST", "/api/v1/chats/organize", chat, {"ids": ["{}"], "deleted": False}),
        ("POST", "/api/v1/chats/organize", project, {"ids": [own], "project_id": "{}"}),
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
    for path in ("search?q=private", "projects", "tags"):
        assert (await charlie.get(f"/api/v1/{path}")).json()["items"] == []
    filtered = [
        await charlie.get("/api/v1/chats", params={"project_id": each})
        for each in (project, MISSING)
    ]
    assert filtered[0].status_code == filtered[1].status_code == 422
    assert filtered[0].json() == filtered[1].json()


async def test_nobody_signed_in_gets_nothing(visitor: Caller, people: People):
    for path in ("search?q=x", "projects", "projects/x", "tags"):
        assert (await visitor.get(f"/api/v1/{path}")).status_code == 401
