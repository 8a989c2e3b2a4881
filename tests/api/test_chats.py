"""Chats over REST: the whole way of a question, and what outsiders get."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from llm_ui.generation import Engine
from llm_ui.services.answers import browsing
from tests.api.conftest import Caller
from tests.conftest import People
from tests.scripted import ScriptedServer, expected_text, parse_script


def events_of(body: bytes) -> list[tuple[str, int, dict]]:
    """A server-sent event stream as (event, id, data)."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line[:8])
        if "event" in fields:
            found.append((fields["event"], int(fields["id"]), orjson.loads(fields["data"])))
    return found


def end_of(events: list[tuple[str, int, dict]]) -> dict:
    """How it ended, without what was used for it."""
    name, _, data = events[-1]
    assert name == "end"
    assert data["state"] == data["status"], "its former name"
    return {key: value for key, value in data.items() if key not in ("usage", "state")}


async def ask(caller: Caller, model_id: str, content: str = "Hello") -> tuple[str, dict]:
    chat = (await caller.post("/api/v1/chats", json={"model": model_id})).json()
    answer = await caller.post(f"/api/v1/chats/{chat['id']}/messages", json={"content": content})
    assert answer.status_code == 202, answer.text
    return chat["id"], answer.json()


async def test_a_question_its_stream_and_the_stored_answer(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("split-utf8 tokens=100 reasoning=5")
    models = (await bob.get("/api/v1/models")).json()
    assert model_id in [model["id"] for model in models["items"]]
    chat_id, started = await ask(bob, model_id)
    stream = await bob.get(f"/api/v1/runs/{started['run_id']}/events")
    events = events_of(stream.content)
    text = ""
    for name, _, data in events:
        text = (
            data["text"] if name == "snapshot" else text + data["text"] if name == "text" else text
        )
    chat = (await bob.get(f"/api/v1/chats/{chat_id}")).json()
    stored = chat["messages"][-1]
    assert text == stored["content"] == expected_text("split-utf8 tokens=100")
    assert stored["reasoning"]
    assert [name for name, _, _ in events][-2:] == ["usage", "end"]
    assert end_of(events) == {"status": "done", "finish_reason": "stop", "truncated": False}
    assert (stored["finish_reason"], stored["truncated"]) == ("stop", False)
    assert stored["output_tokens"] == events[-2][2]["output_tokens"]
    listed = (await bob.get("/api/v1/chats")).json()
    assert [item["id"] for item in listed["items"]] == [chat_id]
    assert listed["items"][0]["title"] == "Hello"


async def test_a_failed_run_tells_its_error_before_its_end(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("cut-after=5")
    _, started = await ask(bob, model_id)
    events = events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    names = [name for name, _, _ in events]
    assert names[-2:] == ["error", "end"]
    assert events[-2][2]["code"] == "provider_cut_off"


async def test_a_cut_answer_says_so_and_is_continued(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("finish=length say:First, never")
    upstream.script("say: lie.")
    chat_id, started = await ask(bob, model_id)
    events = events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    assert end_of(events) == {"status": "done", "finish_reason": "length", "truncated": True}
    stored = (await bob.get(f"/api/v1/chats/{chat_id}")).json()["messages"][-1]
    assert (stored["status"], stored["finish_reason"], stored["truncated"]) == (
        "done",
        "length",
        True,
    )
    url = f"/api/v1/chats/{chat_id}/messages/{stored['id']}/continue"
    assert (await charlie.post(url)).status_code == 404
    again = await bob.post(url)
    assert again.status_code == 202
    await bob.get(f"/api/v1/runs/{again.json()['run_id']}/events")
    whole = (await bob.get(f"/api/v1/chats/{chat_id}")).json()["messages"][-1]
    assert (whole["content"], whole["truncated"]) == ("First, never lie.", False)
    assert (await bob.post(url)).status_code == 409


async def test_a_stopped_run_keeps_what_it_said(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=50")
    chat_id, started = await ask(bob, model_id)
    assert (await bob.post(f"/api/v1/runs/{started['run_id']}/stop")).status_code == 204
    events = events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    assert end_of(events) == {"status": "stopped", "finish_reason": None, "truncated": False}
    stored = (await bob.get(f"/api/v1/chats/{chat_id}")).json()["messages"][-1]
    assert stored["status"] == "stopped"


async def test_the_same_idempotency_key_starts_one_run(
    bob: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()
    body = {"content": "Hello", "idempotency_key": "one"}
    first = await bob.post(f"/api/v1/chats/{chat['id']}/messages", json=body)
    second = await bob.post(f"/api/v1/chats/{chat['id']}/messages", json=body)
    assert first.json() == second.json()


async def test_rename_delete_and_bring_back(bob: Caller, model_id: str):
    chat = (await bob.post("/api/v1/chats", json={"model": model_id, "title": "Old"})).json()
    url = f"/api/v1/chats/{chat['id']}"
    assert (await bob.patch(url, json={"title": " New  title "})).json()["title"] == "New title"
    assert (await bob.patch(url, json={"title": "  "})).status_code == 422
    assert (await bob.delete(url)).status_code == 204
    assert (await bob.get(url)).status_code == 404
    assert (await bob.get("/api/v1/chats")).json()["items"] == []
    assert (await bob.post(f"{url}/undelete")).json()["title"] == "New title"
    assert (await bob.get(url)).status_code == 200


async def test_pages_of_chats_hold_each_chat_once(bob: Caller, model_id: str):
    made = [
        (await bob.post("/api/v1/chats", json={"model": model_id, "title": f"c{n}"})).json()["id"]
        for n in range(7)
    ]
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await bob.get("/api/v1/chats", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "bm90fGFjdXJzb3I="])
async def test_a_forged_cursor_is_refused(bob: Caller, cursor: str):
    answer = await bob.get("/api/v1/chats", params={"cursor": cursor})
    assert answer.status_code == 422


async def test_charlie_gets_for_what_is_bobs_what_a_missing_thing_gives(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("tokens=5000 rate=50")
    chat_id, started = await ask(bob, model_id)
    run_id, missing = started["run_id"], "01a00000-0000-7000-8000-000000000000"
    calls = [
        ("GET", "/api/v1/chats/{}", chat_id, None),
        ("PATCH", "/api/v1/chats/{}", chat_id, {"title": "mine"}),
        ("DELETE", "/api/v1/chats/{}", chat_id, None),
        ("POST", "/api/v1/chats/{}/undelete", chat_id, None),
        ("POST", "/api/v1/chats/{}/messages", chat_id, {"content": "x", "model": model_id}),
        ("GET", "/api/v1/runs/{}/events", run_id, None),
        ("POST", "/api/v1/runs/{}/stop", run_id, None),
    ]
    for method, path, own, body in calls:
        foreign = await charlie.request(method, path.format(own), json=body)
        absent = await charlie.request(method, path.format(missing), json=body)
        assert (foreign.status_code, foreign.json()) == (absent.status_code, absent.json())
        assert foreign.status_code == 404, (method, path)
    assert (await charlie.get("/api/v1/chats")).json()["items"] == []
    await bob.post(f"/api/v1/runs/{run_id}/stop")


async def test_a_foreign_message_id_as_page_start_shows_nothing(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=2")
    _, started = await ask(bob, model_id)
    own, _ = await ask(charlie, model_id)
    answer = await charlie.get(f"/api/v1/chats/{own}", params={"before": started["message_id"]})
    assert answer.json()["messages"] == []


async def test_a_chat_is_read_from_a_message_on(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.always = parse_script("tokens=2")
    chat_id, started = await ask(bob, model_id)
    for _ in range(3):
        await bob.get(f"/api/v1/runs/{started['run_id']}/events")
        asked = await bob.post(f"/api/v1/chats/{chat_id}/messages", json={"content": "More"})
        started = asked.json()
    await bob.get(f"/api/v1/runs/{started['run_id']}/events")
    path = f"/api/v1/chats/{chat_id}"
    every = [each["id"] for each in (await bob.get(path)).json()["messages"]]
    around = (await bob.get(path, params={"around": every[3], "limit": 2})).json()
    assert [each["id"] for each in around["messages"]] == every[3:5]
    later = (await bob.get(path, params={"after": around["later"], "limit": 2})).json()
    assert [each["id"] for each in later["messages"]] == every[5:7]
    earlier = (await bob.get(path, params={"before": around["earlier"], "limit": 2})).json()
    assert [each["id"] for each in earlier["messages"]] == every[1:3]
    end = (await bob.get(path, params={"around": "01890000-0000-7000-8000-000000000000"})).json()
    assert [each["id"] for each in end["messages"]] == every
    assert end["later"] is None
    both = await bob.get(path, params={"around": every[0], "before": every[1]})
    assert both.status_code == 422
    # To an outsider the chat is missing, and the message is in none of theirs.
    for place in ("around", "after", "before"):
        assert (await charlie.get(path, params={place: every[0]})).status_code == 404
    own, _ = await ask(charlie, model_id)
    for place in ("around", "after"):
        answer = (await charlie.get(f"/api/v1/chats/{own}", params={place: every[0]})).json()
        assert not {each["id"] for each in answer["messages"]} & set(every)


async def test_nobody_signed_in_gets_nothing(visitor: Caller, people: People):
    for path in ("/chats", "/chats/x", "/models", "/auth/me", "/runs/x/events"):
        answer = await visitor.get(f"/api/v1{path}")
        assert answer.status_code == 401, path
        assert answer.json()["code"] == "not_authenticated"


async def test_a_question_with_modes_names_its_sources(
    bob: Caller,
    charlie: Caller,
    engine: Engine,
    upstream: ScriptedServer,
    model_id: str,
    settings_env: Callable[[str, str], None],
    tmp_path: Path,
):
    settings_env("DATA_DIR", str(tmp_path / "data"))
    chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()
    path = f"/api/v1/chats/{chat['id']}/messages"
    body = {"content": "Read http://127.0.0.1/secret", "modes": ["browsing"]}
    assert (await bob.post(path, json={**body, "modes": ["magic"]})).status_code == 422
    assert (await bob.post(path, json={**body, "modes": ["browsing"] * 9})).status_code == 422
    assert (await charlie.post(path, json=body)).status_code == 404
    started = (await bob.post(path, json=body)).json()
    events = events_of((await bob.get(f"/api/v1/runs/{started['run_id']}/events")).content)
    last = [data for name, _, data in events if name == "source"][-1]
    assert (last["number"], last["state"], last["problem"]) == (1, "failed", "refused")
    question, answer = (await bob.get(f"/api/v1/chats/{chat['id']}")).json()["messages"]
    assert question["modes"] == ["browsing"]
    assert answer["status"] == "done"
    assert answer["sources"] == [last]
    assert (await charlie.get(f"/api/v1/runs/{started['run_id']}/events")).status_code == 404
    await browsing.close_fetcher()


async def test_a_chat_is_taken_away_as_a_file_by_its_owner_alone(
    bob: Caller, charlie: Caller, engine: Engine, upstream: ScriptedServer, model_id: str
):
    upstream.script("say:Herons-stand-still.")
    chat_id, started = await ask(bob, model_id, "What do herons do?")
    await bob.get(f"/api/v1/runs/{started['run_id']}/events")
    address = f"/api/v1/chats/{chat_id}/export"
    text = await bob.get(address)
    assert text.headers["content-type"].startswith("text/markdown")
    assert 'filename="What-do-herons-do.md"' in text.headers["content-disposition"]
    assert "What do herons do?" in text.text
    assert "Herons-stand-still." in text.text
    whole = (await bob.get(address, params={"format": "json"})).json()
    assert [each["role"] for each in whole["messages"]] == ["user", "assistant"]
    assert [each["model"] for each in whole["messages"]] == [None, "markdown"]
    missing = await charlie.get("/api/v1/chats/nothing/export")
    foreign = await charlie.get(address)
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json()["code"] == missing.json()["code"]
