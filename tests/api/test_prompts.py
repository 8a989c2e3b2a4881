"""The prompt library over REST, and what outsiders get of it."""

import pytest

from tests.api.conftest import Caller
from tests.conftest import People

MISSING = "01a00000-0000-7000-8000-000000000000"
BODY = {
    "name": " Friendly  e-mail ",
    "text": "Write to {{person}} about {{ topic }}. Greet {{person}}.\r\n",
    "tags": ["Büro", "e-mail", "büro", " "],
}


async def keep(caller: Caller, **changes) -> dict:
    answer = await caller.post("/api/v1/prompts", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def names(caller: Caller, **params) -> list[str]:
    answer = await caller.get("/api/v1/prompts", params=params)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_a_prompt_is_kept_cleaned_changed_and_deleted(bob: Caller):
    made = await keep(bob)
    assert made["name"] == "Friendly e-mail"
    assert made["text"] == "Write to {{person}} about {{ topic }}. Greet {{person}}."
    assert made["tags"] == ["Büro", "e-mail"]
    assert made["variables"] == ["person", "topic"]
    assert (made["own"], made["is_public"], made["owner"]) == (True, False, None)
    url = f"/api/v1/prompts/{made['id']}"
    changed = await bob.put(url, json={"name": "Short", "text": "Be short.", "is_public": True})
    assert changed.json()["variables"] == []
    assert (await bob.get(url)).json()["text"] == "Be short."
    assert (await bob.delete(url)).status_code == 204
    assert (await bob.get(url)).status_code == 404
    assert await names(bob) == []


async def test_words_and_tags_find_prompts(bob: Caller):
    await keep(bob)
    await keep(bob, name="100% sure_", text="Nothing else", tags=["Büro/x"])
    assert await names(bob, q="PERSON friendly") == ["Friendly e-mail"]
    assert await names(bob, q="büro") == ["100% sure_", "Friendly e-mail"]
    assert await names(bob, q="100%") == ["100% sure_"]
    assert await names(bob, q="e_") == ["100% sure_"]
    assert await names(bob, q="nowhere") == []
    assert await names(bob, tag="Büro") == ["Friendly e-mail"]
    assert await names(bob, tag="%") == []


async def test_pages_of_prompts_hold_each_once(bob: Caller):
    made = [(await keep(bob, name=f"p{n}"))["name"] for n in range(5)]
    seen, params = [], {"limit": 2}
    while True:
        page = (await bob.get("/api/v1/prompts", params=params)).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    assert (await bob.get("/api/v1/prompts", params={"cursor": "x"})).status_code == 422


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": [f"t{n}" for n in range(11)]}, "tags"),
    ],
)
async def test_what_is_no_prompt_is_refused_by_field(bob: Caller, changes: dict, field: str):
    for call in (
        bob.post("/api/v1/prompts", json=BODY | changes),
        bob.put(f"/api/v1/prompts/{(await keep(bob))['id']}", json=BODY | changes),
    ):
        answer = await call
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_charlie_gets_for_bobs_private_prompt_what_a_missing_one_gives(
    bob: Caller, charlie: Caller
):
    own = (await keep(bob))["id"]
    calls = [
        ("GET", "/api/v1/prompts/{}", None),
        ("PUT", "/api/v1/prompts/{}", BODY),
        ("DELETE", "/api/v1/prompts/{}", None),
        ("POST", "/api/v1/prompts/{}/copy", None),
    ]
    for method, path, body in calls:
        foreign = await charlie.request(method, path.format(own), json=body)
        absent = await charlie.request(method, path.format(MISSING), json=body)
        assert (foreign.status_code, foreign.json()) == (absent.status_code, absent.json())
        assert foreign.status_code == 404, (method, path)
    assert await names(charlie) == await names(charlie, q="e-mail") == []
    chosen = await charlie.patch("/api/v1/account", json={"default_prompt_id": own})
    assert chosen.status_code == 404


async def test_a_public_prompt_is_read_and_copied_by_others_but_changed_by_its_owner_alone(
    bob: Caller, charlie: Caller
):
    shared = (await keep(bob, is_public=True))["id"]
    seen = (await charlie.get(f"/api/v1/prompts/{shared}")).json()
    assert (seen["own"], seen["owner"]) == (False, "bob")
    assert (await charlie.put(f"/api/v1/prompts/{shared}", json=BODY)).status_code == 404
    assert (await charlie.delete(f"/api/v1/prompts/{shared}")).status_code == 404
    copied = (await charlie.post(f"/api/v1/prompts/{shared}/copy")).json()
    assert (copied["own"], copied["is_public"], copied["text"]) == (True, False, seen["text"])
    await bob.delete(f"/api/v1/prompts/{shared}")
    assert await names(charlie) == ["Friendly e-mail"]


async def test_a_visitor_and_a_call_without_its_token_get_nothing(
    visitor: Caller, bob: Caller, people: People
):
    assert (await visitor.get("/api/v1/prompts")).status_code == 401
    del bob.headers["X-CSRF-Token"]
    assert (await bob.post("/api/v1/prompts", json=BODY)).status_code == 403


async def test_an_admin_takes_a_public_prompt_back(alice: Caller, bob: Caller, charlie: Caller):
    """Shared content as injection, kept after its owner is out: it leaves everybody's library,
    its owner keeps it, and the log says so. What is private is none of an admin's business."""
    shared, own = await keep(bob, is_public=True), await keep(bob, name="Diary")
    path = "/api/v1/admin/prompts/{}/unshare"
    assert (await charlie.post(path.format(shared["id"]))).status_code == 403
    assert await names(charlie) == ["Friendly e-mail"]
    for prompt_id in (own["id"], MISSING):
        assert (await alice.post(path.format(prompt_id))).status_code == 404
    assert (await alice.post(path.format(shared["id"]))).status_code == 204
    assert await names(charlie) == []
    assert (await charlie.get(f"/api/v1/prompts/{shared['id']}")).status_code == 404
    assert (await bob.get(f"/api/v1/prompts/{shared['id']}")).json()["is_public"] is False
    told = (await alice.get("/api/v1/admin/log", params={"log_type": "admin"})).json()["items"][0]
    assert (told["log_type"], told["message"]) == ("admin.prompt_unshared", "Friendly e-mail")
