"""Branches, settings and temporary chats over REST, and what outsiders get."""

import pytest

from llm_ui.generation import Engine
from tests.api.conftest import Caller
from tests.api.test_chats import events_of
from tests.scripted import ScriptedServer


async def answered(caller: Caller, started: dict) -> dict:
    for name in ("run_id", "also_run_id"):
        if started.get(name):
            stream = await caller.get(f"/api/v1/runs/{started[name]}/events")
            assert events_of(stream.content)[-1][0] == "end"
    return started


async def new_chat(caller: Caller, model_id: str, **more: object) -> str:
    made = await caller.post("/api/v1/chats", json={"model": model_id, **more})
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def ask(caller: Caller, chat_id: str, content: str, **more: object) -> dict:
    answer = await caller.post(
        f"/api/v1/chats/{chat_id}/messages", json={"content": content, **more}
    )
    assert answer.status_code == 202, answer.text
    return await answered(caller, answer.json())


async def test_edit_show_fork_and_rate(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    chat_id = await new_chat(bob, model_id)
    await ask(bob, chat_id, "say:one")
    url = f"/api/v1/chats/{chat_id}"
    question, answer = (await bob.get(url)).json()["messages"]
    body = {"content": "say:uno", "idempotency_key": "e"}
    edited = await bob.post(f"{url}/messages/{question['id']}/edit", json=body)
    assert edited.status_code == 202
    await answered(bob, edited.json())
    assert (await bob.post(f"{url}/messages/{question['id']}/edit", json=body)).json() == (
        edited.json()
    )
    messages = (await bob.get(url)).json()["messages"]
    assert [each["content"] for each in messages] == ["say:uno", "uno"]
    assert messages[0]["previous_id"] == question["id"]
    assert (messages[0]["sibling"], messages[0]["siblings"]) == (2, 2)
    back = await bob.post(f"{url}/messages/{question['id']}/show")
    assert [each["id"] for each in back.json()["messages"]] == [question["id"], answer["id"]]
    rated = await bob.put(f"{url}/messages/{answer['id']}/feedback", json={"value": -1})
    assert rated.json()["feedback"] == -1
    again = await bob.post(
        f"{url}/messages/{answer['id']}/retry", json={"params": {"temperature": 0.5}}
    )
    await answered(bob, again.json())
    assert upstream.requests[-1].body["temperature"] == 0.5
    forked = await bob.post(f"{url}/messages/{answer['id']}/fork")
    assert forked.status_code == 201
    assert [each["content"] for each in forked.json()["messages"]] == ["say:one", "one"]


async def test_two_models_and_one_kept(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    chat_id = await new_chat(bob, model_id)
    started = await ask(bob, chat_id, "say:x", also_model=model_id, idempotency_key="two")
    assert started["also_run_id"]
    url = f"/api/v1/chats/{chat_id}"
    messages = (await bob.get(url)).json()["messages"]
    assert [each["pair"] for each in messages] == [0, 1, 2]
    kept = await bob.post(f"{url}/messages/{messages[2]['id']}/keep")
    assert [each["id"] for each in kept.json()["messages"]] == [
        messages[0]["id"],
        messages[2]["id"],
    ]
    assert (await bob.post(f"{url}/messages/{messages[1]['id']}/keep")).status_code == 409


async def test_settings_and_the_meter(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    chat_id = await new_chat(bob, model_id, settings={"temperature": 0.3})
    url = f"/api/v1/chats/{chat_id}"
    assert (await bob.get(url)).json()["settings"] == {"temperature": 0.3}
    changed = await bob.patch(url, json={"settings": {"system_prompt": "Be brief.", "seed": 4}})
    given = {"temperature": 0.3, "system_prompt": "Be brief.", "seed": 4}
    assert changed.json()["settings"] == given
    await ask(bob, chat_id, "say:x")
    assert upstream.requests[-1].body["messages"][0]["content"] == "Be brief."
    assert upstream.requests[-1].body["seed"] == 4
    found = (await bob.get(f"{url}/context")).json()
    assert found["used_tokens"] > 0
    assert found["left_out_messages"] == 0


@pytest.mark.parametrize(
    "settings", [{"temperature": 3}, {"stop": ["x"] * 9}, {"unknown": 1}, {"seed": "x"}]
)
async def test_wrong_settings_are_refused(bob: Caller, model_id: str, settings: dict):
    chat_id = await new_chat(bob, model_id)
    answer = await bob.patch(f"/api/v1/chats/{chat_id}", json={"settings": settings})
    assert answer.status_code == 422
    assert (
        await bob.post("/api/v1/chats", json={"model": model_id, "settings": settings})
    ).status_code == 422


async def test_a_temporary_chat_is_in_no_list(bob: Caller, model_id: str):
    chat_id = await new_chat(bob, model_id, temporary=True)
    assert (await bob.get("/api/v1/chats")).json()["items"] == []
    assert (await bob.get(f"/api/v1/chats/{chat_id}")).json()["temporary"] is True


async def test_an_outsider_finds_nothing(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    chat_id = await new_chat(bob, model_id)
    await ask(bob, chat_id, "say:one")
    question, answer = (await bob.get(f"/api/v1/chats/{chat_id}")).json()["messages"]
    own = await new_chat(charlie, model_id)
    # Under the chat it belongs to, and under one of the outsider's own.
    for chat in (chat_id, own):
        url = f"/api/v1/chats/{chat}/messages"
        calls = [
            charlie.post(f"{url}/{question['id']}/edit", json={"content": "mine"}),
            charlie.post(f"{url}/{answer['id']}/retry"),
            charlie.post(f"{url}/{answer['id']}/continue"),
            charlie.post(f"{url}/{answer['id']}/show"),
            charlie.post(f"{url}/{answer['id']}/keep"),
            charlie.post(f"{url}/{answer['id']}/fork"),
            charlie.put(f"{url}/{answer['id']}/feedback", json={"value": 1}),
        ]
        assert [(await call).status_code for call in calls] == [404] * 7
    url = f"/api/v1/chats/{chat_id}"
    assert (await charlie.get(f"{url}/context")).status_code == 404
    assert (await charlie.patch(url, json={"settings": {}})).status_code == 404
    # And a message under another chat of one's own than its own.
    other = await new_chat(bob, model_id)
    assert (
        await bob.post(f"/api/v1/chats/{other}/messages/{answer['id']}/show")
    ).status_code == 404
