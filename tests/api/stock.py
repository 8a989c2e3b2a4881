"""Things to name in requests: one of everything that somebody can have, made over REST.

Sweeps put their ids where a path or a body of the OpenAPI document asks for one. What this
does not know (a route that is new) is looked up in the list that stands before the id.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx

API = "/api/v1"
MISSING = "01a00000-0000-7000-8000-000000000000"
PARAMETER = re.compile(r"\{(\w+)\}")
# Fields of bodies that name a thing, by the parameter of paths that names the same.
FIELDS = {
    "model": "model_id",
    "also_model": "model_id",
    "default_model_id": "model_id",
    "default_prompt_id": "prompt_id",
    "ids": "chat_id",
    "project_id": "project_id",
    "file_ids": "file_id",
    "hand_over_to": "heir_id",
}


async def _made(caller: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await caller.post(f"{API}{path}", json=body)
    assert answer.is_success, (path, answer.text)
    found: dict[str, Any] = answer.json()
    return found


async def until(caller: httpx.AsyncClient, path: str, over: Any) -> dict[str, Any]:
    for _ in range(600):
        found: dict[str, Any] = (await caller.get(f"{API}{path}")).json()
        if over(found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} does not come to an end: {found}")


async def belongings(caller: httpx.AsyncClient, mark: str = "kept") -> dict[str, str]:
    """One of each thing that a person has, with `mark` in every text of theirs.

    Returns:
        ids by the name of the parameter that takes them.
    """
    model = (await caller.get(f"{API}/models")).json()["items"][0]["id"]
    project = await _made(
        caller, "/projects", name=f"P {mark}", description=mark, system_prompt=f"{mark} s"
    )
    chat = await _made(caller, "/chats", model=model, title=f"T {mark}")
    asked = await _made(caller, f"/chats/{chat['id']}/messages", content=f"say:{mark}-a")
    await until(
        caller, f"/chats/{chat['id']}", lambda told: told["messages"][-1]["status"] == "done"
    )
    placed = {"ids": [chat["id"]], "project_id": project["id"], "add_tag": mark[:30]}
    assert (await caller.post(f"{API}/chats/organize", json=placed)).is_success
    prompt = await _made(caller, "/prompts", name=f"R {mark}", text=f"{mark} {{{{x}}}}")
    file = await caller.post(f"{API}/files?name={mark}.txt", content=f"{mark} f".encode())
    assert file.is_success, file.text
    inside = f"{API}/projects/{project['id']}/files/{file.json()['id']}"
    assert (await caller.put(inside)).is_success
    key = await _made(caller, "/keys", key_name=f"K {mark}", scopes=["read"], days=30)
    job = await _made(caller, "/account/export")
    browsers = (await caller.get(f"{API}/account/sessions")).json()["items"]
    return {
        "model_id": model,
        "project_id": project["id"],
        "chat_id": chat["id"],
        "run_id": asked["run_id"],
        "message_id": asked["message_id"],
        "prompt_id": prompt["id"],
        "file_id": file.json()["id"],
        "key_id": key["item"]["id"],
        "job_id": job["id"],
        "session_id": next((e["id"] for e in browsers if not e["is_current"]), browsers[0]["id"]),
    }


async def charge(caller: httpx.AsyncClient, mark: str = "") -> dict[str, str]:
    """One of each thing that an administrator looks after, with `mark` in what each may be called
    only once."""
    made = [
        await _made(caller, "/admin/users", email=f"{name}@example.org", username=name)
        for name in (f"wanda{mark}", f"xenia{mark}")
    ]
    invited = await _made(caller, "/admin/invitations", email=f"yves{mark}@example.org")
    provider = await _made(
        caller, "/admin/providers",
        name=f"Spare{mark}", provider_type="openai", api_url="http://127.0.0.1:9/v1",
    )  # fmt: skip
    further = await _made(
        caller, f"/admin/providers/{provider['id']}/addresses", api_url="http://127.0.0.1:9/v2"
    )
    shared = await _made(caller, "/prompts", name="For all", text="Be brief.", is_public=True)
    return {
        "shared_prompt_id": shared["id"],
        "user_id": made[0]["user"]["id"],
        "heir_id": made[1]["user"]["id"],
        "invitation_id": invited["invitation"]["id"],
        "provider_id": provider["id"],
        "address_id": further["addresses"][-1]["id"],
    }


async def look_up(caller: httpx.AsyncClient, path: str, ids: dict[str, str]) -> dict[str, str]:
    """Ids for the parameters of a path that are not known: the first of the list before."""
    found = dict(ids)
    for match in PARAMETER.finditer(path):
        if match[1] in found:
            continue
        listed = await caller.get(filled(path[: match.start() - 1], found))
        items = listed.json().get("items") if listed.is_success else None
        if items:
            found[match[1]] = items[0].get("id") or items[0].get("name")
    return found


def filled(path: str, ids: dict[str, str], otherwise: str = MISSING) -> str:
    """The path with the parameters' values."""
    return PARAMETER.sub(lambda match: ids.get(match[1], otherwise), path)


def naming(body: Any, ids: dict[str, str]) -> Any:
    """A body whose fields name these things."""
    if isinstance(body, dict):
        return {
            name: _named(value, ids.get(FIELDS.get(name, name), "")) or naming(value, ids)
            for name, value in body.items()
        }
    return body


def _named(value: Any, given: str) -> Any:
    if not given:
        return None
    return given if isinstance(value, str) else [given] if isinstance(value, list) else None
