"""Kinds of attack of docs/security.md that no other file is about."""

from __future__ import annotations

from typing import Any

import pytest

from llm_ui.generation import Engine
from llm_ui.services.catalogue import providers
from tests.api import stock
from tests.api.conftest import Caller
from tests.conftest import until
from tests.scripted import ScriptedServer, scripted_server

FORGED: dict[str, Any] = {
    "urlIdx": 1,
    "provider": 1,
    "provider_id": "{provider}",
    "model_ref": "{model}",
    "endpoint": "{url}",
    "api_url": "{url}",
    "api_base": "{url}",
    "url": "{url}",
    "headers": {"Authorization": "Bearer x"},
    "index": 1,
}


async def test_nobody_but_the_model_says_which_provider_is_asked(
    bob: Caller, alice: Caller, engine: Engine, model_id: str, upstream: ScriptedServer
):
    """Caller-chosen provider index: nothing in a request leads to another provider than the
    model's, and the models of one that is switched off cannot be named."""
    async with scripted_server() as other:
        made = await alice.post(
            "/api/v1/admin/providers",
            json={"name": "Other", "provider_type": "openai", "api_url": f"{other.url}/v1"},
        )
        provider = made.json()["id"]
        assert (await alice.post(f"/api/v1/admin/providers/{provider}/sync")).json()["answered"]
        listed = (await bob.get("/api/v1/models")).json()["items"]
        model = next(each["id"] for each in listed if each["provider"] == "Other")
        words = {"provider": provider, "model": model, "url": other.url}
        more = {
            name: value.format_map(words) if isinstance(value, str) else value
            for name, value in FORGED.items()
        }
        asked = len(other.requests)
        forged = await bob.post("/api/v1/chats", json={"model": model_id, **more})
        assert forged.json()["code"] == "unknown_field"
        chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()
        path = f"/api/v1/chats/{chat['id']}/messages"
        for query, body in ((f"?urlIdx=1&provider_id={provider}", {}), ("", more)):
            forged = await bob.post(f"{path}{query}", json={"content": "say:here", **body})
            assert forged.status_code == 422
        started = await bob.post(path, json={"content": "say:here"})
        assert started.status_code == 202
        await until(lambda: any("say:here" in str(each.body) for each in upstream.requests))
        assert len(other.requests) == asked
        refused = await bob.post(
            f"/api/v1/chats/{chat['id']}/messages/{started.json()['message_id']}/retry",
            json={"params": {"api_url": other.url, "provider": provider}},
        )
        assert refused.status_code == 422
        off = await alice.patch(f"/api/v1/admin/providers/{provider}", json={"is_active": False})
        assert off.is_success
        answer = await bob.post("/api/v1/chats", json={"model": model})
        assert answer.status_code in (404, 409, 422)
        assert len(other.requests) == asked
        await providers.close_adapters()


# What a create route refuses, in the field of this name; and the route that changes the thing.
CHECKED = [
    ("/projects", "/projects/{project_id}", "patch", {"name": "x"}, "name", ["", " ", "x" * 101]),
    ("/projects", "/projects/{project_id}", "patch", {"name": "x"}, "icon", ["<script>", "💥"]),
    (
        "/projects",
        "/projects/{project_id}",
        "patch",
        {"name": "x"},
        "system_prompt",
        ["x" * 100_001],
    ),
    (
        "/prompts",
        "/prompts/{prompt_id}",
        "put",
        {"name": "x", "text": "y"},
        "name",
        ["", "x" * 101],
    ),
    ("/prompts", "/prompts/{prompt_id}", "put", {"name": "x", "text": "y"}, "text", ["", " "]),
    (
        "/prompts",
        "/prompts/{prompt_id}",
        "put",
        {"name": "x", "text": "y"},
        "tags",
        [["x" * 300], ["x"] * 60],
    ),
    (
        "/chats",
        "/chats/{chat_id}",
        "patch",
        {"model": "{model_id}"},
        "settings",
        [{"temperature": 99}, {"max_tokens": 0}, {"reasoning_effort": "x"}, {"api_url": "x"}],
    ),
    (
        "/admin/users",
        "/admin/users/{user_id}",
        "patch",
        {"email": "z@example.org", "username": "Z"},
        "username",
        ["", "x" * 100],
    ),
    (
        "/admin/users",
        "/admin/users/{user_id}",
        "patch",
        {"email": "z@example.org", "username": "Z"},
        "role",
        ["owner", ""],
    ),
    (
        "/admin/providers",
        "/admin/providers/{provider_id}",
        "patch",
        {"name": "x", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"},
        "api_url",
        ["http://169.254.169.254/", "file:///etc/passwd", "http://0x7f000001/", "x"],
    ),
    (
        "/admin/providers",
        "/admin/providers/{provider_id}",
        "patch",
        {"name": "x", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"},
        "headers",
        [{"Host": "evil"}, {"Authorization": "x"}, {"a b": "c"}, {"x": "a\r\nb"}],
    ),
    (
        "/admin/providers",
        "/admin/providers/{provider_id}",
        "patch",
        {"name": "x", "provider_type": "openai", "api_url": "http://127.0.0.1:9/v1"},
        "timeouts",
        [{"first_token": -1}, {"no_such": 1}],
    ),
    (
        "/admin/providers/{provider_id}/addresses",
        "/admin/providers/{provider_id}/addresses/{address_id}",
        "patch",
        {"api_url": "http://127.0.0.1:9/v3"},
        "api_url",
        ["http://169.254.169.254/", "http://2130706433/", "x"],
    ),
]


async def test_what_a_route_refuses_to_make_another_does_not_make_of_it(
    alice: Caller, engine: Engine, model_id: str
):
    """Update route without the create route's check."""
    ids = await stock.belongings(alice) | await stock.charge(alice)
    for create, change, method, fits, field, wrong in CHECKED:
        body = {
            name: value.format_map(ids) if isinstance(value, str) else value
            for name, value in fits.items()
        }
        for value in wrong:
            made = await alice.post(
                f"/api/v1{stock.filled(create, ids)}", json={**body, field: value}
            )
            assert made.status_code == 422, (create, field, value)
            sent = {**body, field: value} if method == "put" else {field: value}
            path = f"/api/v1{stock.filled(change, ids)}"
            changed = await alice.request(method.upper(), path, json=sent)
            assert changed.status_code == 422, (change, field, value)
            assert changed.json().get("field") == made.json().get("field"), (change, field, value)


@pytest.mark.parametrize("name", ["email", "role", "id", "created_at", "is_admin", "user_id"])
async def test_nobody_makes_themselves_somebody_else_by_a_field_more(
    bob: Caller, alice: Caller, engine: Engine, name: str
):
    """Update route without the create route's check: fields that nobody asked for."""
    before = (await bob.get("/api/v1/auth/me")).json()["user"]
    alices = (await alice.get("/api/v1/auth/me")).json()["user"]["id"]
    value = {"role": "admin", "is_admin": True, "email": "alice@example.org"}.get(name, alices)
    answer = await bob.patch("/api/v1/account", json={"theme": "dark", name: value})
    assert answer.status_code == 422
    assert (await bob.get("/api/v1/auth/me")).json()["user"] == before
