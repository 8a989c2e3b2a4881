"""Media over REST: an admin sets them up, people have images made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llm_ui.generation import Engine
from tests.api.conftest import Caller
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.scripted.images import png

ADMIN = "/api/v1/admin"
KEY = "sk-images-4711"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_image_from_setting_up_to_its_bytes(
    alice: Caller,
    bob: Caller,
    charlie: Caller,
    people: People,
    engine: Engine,
    model_id: str,
    upstream: ScriptedServer,
    settings_env: Callable[[str, str], None],
    tmp_path: Path,
):
    settings_env("DATA_DIR", str(tmp_path))
    body = {
        "name": "Studio",
        "provider_type": "openai",
        "api_url": f"{upstream.url}/v1",
        "api_key": KEY,
        "offers_new_models": False,
    }
    made = await alice.post(f"{ADMIN}/providers", json=body)
    assert (made.status_code, made.json()["offers_new_models"]) == (201, False)
    assert KEY not in made.text
    path = f"{ADMIN}/providers/{made.json()['id']}"
    added = await alice.post(f"{path}/models", json={"name": "gpt-image-1"})
    assert (added.status_code, added.json()["type"]) == (201, "image")
    assert (await alice.post(f"{path}/models", json={"name": "gpt-image-1"})).status_code == 422
    model = f"{ADMIN}/models/{added.json()['id']}"
    canvas = await alice.patch(
        model, json={"name": "Canvas", "default_params": {"size": "256x256"}}
    )
    told = canvas.json()
    assert (told["default_params"], told["chats"]) == ({"size": "256x256"}, False)
    assert told["accepts"] == ["size", "quality", "style", "n"]
    wrong = await alice.patch(model, json={"default_params": {"size": "huge"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "default_params.size")

    (item,) = (await bob.get("/api/v1/models/images")).json()["items"]
    assert item == {"id": told["id"], "name": "Canvas", "provider": "Studio"}
    chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()
    question = {"content": "A heron", "modes": ["image"], "image_model": item["id"]}
    url = f"/api/v1/chats/{chat['id']}"
    assert (await charlie.post(f"{url}/messages", json=question)).status_code == 404
    started = await bob.post(f"{url}/messages", json=question)
    assert started.status_code == 202
    events = (await bob.get(f"/api/v1/runs/{started.json()['run_id']}/events")).text
    assert '"done"' in events
    answer = (await bob.get(url)).json()["messages"][-1]
    (file,) = answer["files"]
    assert (answer["status"], answer["modes"], file["kind"]) == ("done", ["image"], "image")
    content = f"/api/v1/files/{file['id']}/content"
    shown = await bob.get(content, params={"inline": True})
    assert (shown.content, shown.headers["content-type"]) == (png(), "image/png")
    assert (await charlie.get(content)).status_code == 404
    both = {**question, "modes": ["image", "browsing"]}
    assert (await bob.post(f"{url}/messages", json=both)).status_code == 422

    wanted = {"If-Match": 'W/"0.0"'}
    assert (await alice.delete(model, headers=wanted)).status_code == 412
    assert (await alice.delete(model)).status_code == 204
    assert (await alice.get(model)).status_code == 404
    assert (await bob.get("/api/v1/models/images")).json()["items"] == []
    assert (await bob.get(content)).status_code == 200
