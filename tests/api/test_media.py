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

MEDIA = "/api/v1/admin/media"
KEY = "sk-images-4711"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_image_from_setting_up_to_its_bytes(
    alice: Caller, bob: Caller, charlie: Caller, people: People, engine: Engine, model_id: str,
    upstream: ScriptedServer, settings_env: Callable[[str, str], None], tmp_path: Path,
):  # fmt: skip
    settings_env("DATA_DIR", str(tmp_path))
    body = {"name": "Studio", "base_url": f"{upstream.url}/v1", "api_key": KEY}
    tried = (await alice.post(f"{MEDIA}/providers/test", json=body)).json()
    assert (tried["ok"], tried["key_unused"]) == (True, True)
    made = await alice.post(f"{MEDIA}/providers", json=body)
    assert made.status_code == 201
    assert KEY not in made.text
    path = f"{MEDIA}/providers/{made.json()['id']}"
    model = {"name": "gpt-image-1", "display_name": "Canvas", "params": {"size": "256x256"}}
    canvas = await alice.post(f"{path}/models", json=model)
    assert (canvas.status_code, canvas.json()["params"]["size"]) == (201, "256x256")
    assert (await alice.post(f"{path}/models", json=model)).status_code == 422
    odd = {"params": {"size": "huge"}}
    wrong = await alice.patch(f"{MEDIA}/models/{canvas.json()['id']}", json=odd)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "params.size")
    (kind,) = (await alice.get(f"{MEDIA}/types")).json()["items"]
    told = await alice.patch(f"{MEDIA}/types/{kind['id']}", json={"icon": "palette"})
    assert told.json()["icon"] == "palette"

    (item,) = (await bob.get("/api/v1/models/images")).json()["items"]
    assert item == {"id": canvas.json()["id"], "name": "Canvas", "provider": "Studio"}
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

    assert (await alice.get(f"{path}/hanging")).json() == {"models": 1, "running": 0}
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.get(path)).status_code == 404
    assert (await bob.get("/api/v1/models/images")).json()["items"] == []
    assert (await bob.get(content)).status_code == 200
