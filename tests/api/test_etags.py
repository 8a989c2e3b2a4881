"""Nobody's change is lost under another one's, and what is known is not sent again."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from llm_ui.api.catalogue import model_shapes, models_admin, provider_shapes, providers
from llm_ui.api.chats import chats
from llm_ui.api.projects import projects
from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller
from tests.conftest import People

API = "/api/v1"


@pytest.fixture
async def things(
    bob: Caller, alice: Caller, people: People, model_id: str, engine: Engine
) -> dict[str, tuple[Caller, str, str, dict[str, Any], dict[str, Any]]]:
    """What people edit: whose it is, its address, the method, and two changes of it."""
    chat = (await bob.post(f"{API}/chats", json={"model": model_id, "title": "One"})).json()
    text = {"name": "Mail", "text": "Write."}
    prompt = (await bob.post(f"{API}/prompts", json=text)).json()
    project = (await bob.post(f"{API}/projects", json={"name": "House"})).json()
    provider = (await alice.get(f"{API}/admin/providers")).json()["items"][0]
    return {
        "chat": (bob, f"/chats/{chat['id']}", "PATCH", {"title": "Two"}, {"title": "Three"}),
        "prompt": (
            bob,
            f"/prompts/{prompt['id']}",
            "PUT",
            {**text, "name": "Two"},
            {**text, "name": "Three"},
        ),
        "project": (
            bob,
            f"/projects/{project['id']}",
            "PATCH",
            {"name": "Two"},
            {"name": "Three"},
        ),
        "provider": (
            alice,
            f"/admin/providers/{provider['id']}",
            "PATCH",
            {"name": "Two"},
            {"name": "Three"},
        ),
        "model": (
            alice,
            f"/admin/models/{model_id}",
            "PATCH",
            {"description": "Two"},
            {"description": "Three"},
        ),
    }


THINGS = ("chat", "prompt", "project", "provider", "model")


@pytest.mark.parametrize("which", THINGS)
async def test_of_two_changes_from_the_same_state_one_is_refused(things, which: str):
    caller, path, method, one, two = things[which]
    etag = (await caller.get(f"{API}{path}")).headers["ETag"]
    assert etag.startswith('W/"')
    guarded = {"If-Match": etag}
    first = await caller.request(method, f"{API}{path}", json=one, headers=guarded)
    assert first.status_code == 200, first.text
    late = await caller.request(method, f"{API}{path}", json=two, headers=guarded)
    assert (late.status_code, late.json()["code"]) == (412, "changed")
    now = await caller.get(f"{API}{path}")
    (changed,) = one.items() - things[which][4].items() if which != "prompt" else [("name", "Two")]
    assert now.json()[changed[0]] == late.json()["current"][changed[0]] == changed[1]
    again = {"If-Match": late.headers["ETag"]}
    assert (await caller.request(method, f"{API}{path}", json=two, headers=again)).is_success
    assert (await caller.request(method, f"{API}{path}", json=one)).is_success


@pytest.mark.parametrize("which", THINGS)
async def test_what_is_known_is_not_sent_again(things, which: str):
    caller, path, method, one, _ = things[which]
    found = await caller.get(f"{API}{path}")
    known = {"If-None-Match": f'"other", {found.headers["ETag"]}'}
    same = await caller.get(f"{API}{path}", headers=known)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == found.headers["ETag"]
    changed = await caller.request(method, f"{API}{path}", json=one)
    other = await caller.get(f"{API}{path}", headers=known)
    assert other.status_code == 200
    assert changed.headers["ETag"].partition(".")[0] == other.headers["ETag"].partition(".")[0]


@pytest.mark.parametrize("which", THINGS)
async def test_any_state_will_do_for_a_star(things, which: str):
    caller, path, method, one, _ = things[which]
    star = {"If-Match": "*"}
    assert (await caller.request(method, f"{API}{path}", json=one, headers=star)).is_success


@pytest.mark.parametrize("which", THINGS)
async def test_who_may_not_is_told_that_and_nothing_of_the_state(
    things, which: str, charlie: Caller
):
    _, path, method, one, _ = things[which]
    wrong = {"If-Match": 'W/"0.0"'}
    answer = await charlie.request(method, f"{API}{path}", json=one, headers=wrong)
    assert answer.status_code in (403, 404)
    assert "current" not in answer.json()
    assert (await charlie.get(f"{API}{path}", headers={"If-None-Match": "*"})).status_code in (
        403,
        404,
    )


async def test_a_new_answer_is_no_change_of_what_people_edit(things, bob: Caller, engine: Engine):
    _, path, _, one, _ = things["chat"]
    before = await bob.get(f"{API}{path}")
    await bob.post(f"{API}{path}/messages", json={"content": "say:one"})
    await stock.until(bob, f"{path}/messages", lambda it: it["items"][-1]["status"] == "done")
    guarded = {"If-Match": before.headers["ETag"]}
    assert (await bob.patch(f"{API}{path}", json=one, headers=guarded)).status_code == 200
    known = {"If-None-Match": before.headers["ETag"]}
    assert (await bob.get(f"{API}{path}", headers=known)).status_code == 200


@pytest.mark.parametrize("which", ["chat", "prompt", "project", "provider"])
async def test_what_has_changed_since_is_not_deleted(things, which: str):
    caller, path, method, one, _ = things[which]
    before = (await caller.get(f"{API}{path}")).headers["ETag"]
    changed = await caller.request(method, f"{API}{path}", json=one)
    late = await caller.delete(f"{API}{path}", headers={"If-Match": before})
    assert (late.status_code, late.json()["code"]) == (412, "changed")
    assert "Somebody" not in late.json()["detail"]
    assert (await caller.get(f"{API}{path}")).status_code == 200
    now = {"If-Match": changed.headers["ETag"]}
    assert (await caller.delete(f"{API}{path}", headers=now)).status_code == 204


async def test_what_was_made_has_its_tag_at_once(bob: Caller, alice: Caller, model_id: str):
    provider = {"name": "Spare", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"}
    for caller, path, body in (
        (bob, "/chats", {"model": model_id, "settings": {"seed": 1}}),
        (bob, "/prompts", {"name": "Mail", "text": "Write."}),
        (bob, "/projects", {"name": "House"}),
        (alice, "/admin/providers", provider),
    ):
        made = await caller.post(f"{API}{path}", json=body)
        known = {"If-Match": made.headers["ETag"]}
        assert (await caller.delete(made.headers["Location"], headers=known)).status_code == 204


async def test_a_model_that_one_may_choose_is_read_alone(bob: Caller, alice: Caller, model_id: str):
    found = await bob.get(f"{API}/models/{model_id}")
    assert found.json() in (await bob.get(f"{API}/models")).json()["items"]
    known = {"If-None-Match": found.headers["ETag"]}
    assert (await bob.get(f"{API}/models/{model_id}", headers=known)).status_code == 304
    await alice.patch(f"{API}/admin/models/{model_id}", json={"visibility": "admins"})
    assert (await bob.get(f"{API}/models/{model_id}", headers=known)).status_code == 404
    assert (await bob.get(f"{API}/models/images")).status_code == 200


async def test_the_bytes_of_a_file_are_sent_once(bob: Caller, charlie: Caller):
    made = await bob.post(f"{API}/files?name=a.txt", content=b"text")
    address = f"{API}/files/{made.json()['id']}/content"
    first: httpx.Response = await bob.get(address)
    known = {"If-None-Match": first.headers["ETag"]}
    again = await bob.get(address, headers=known)
    assert (first.content, again.status_code, again.content) == (b"text", 304, b"")
    assert (await charlie.get(address, headers=known)).status_code == 404


@pytest.mark.parametrize(
    ("moving", "view"),
    [
        (chats.MOVING, chats.Chat),
        (projects.MOVING, projects.ProjectView),
        (providers.MOVING, provider_shapes.ProviderView),
        (models_admin.MOVING, model_shapes.ModelFull),
    ],
)
def test_what_a_tag_leaves_out_is_there(moving: tuple[str, ...], view: type):
    """A field that was renamed would count again, and each look at a provider change its tag."""
    assert set(moving) <= TypeAdapter(view).json_schema(mode="serialization")["properties"].keys()
