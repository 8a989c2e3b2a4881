"""How much one person may write: enough for anybody, and less than a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from llm_ui.generation import Engine
from tests.api import stock
from tests.api.conftest import Caller

LONG = 400_000


@pytest.fixture(autouse=True)
def one_megabyte(settings_env: Callable[[str, str], None]) -> None:
    settings_env("TEXT_QUOTA_MB", "1")


async def ask(caller: Caller, chat_id: str, text: str) -> httpx.Response:
    answer = await caller.post(f"/api/v1/chats/{chat_id}/messages", json={"content": text})
    if answer.is_success:
        await stock.until(
            caller, f"/chats/{chat_id}", lambda told: told["messages"][-1]["status"] == "done"
        )
    return answer


def refused(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 429, answer.text
    told: dict[str, Any] = answer.json()
    assert "1 MB of text" in told["detail"]
    assert 0 < told["retry_after"] <= 24 * 3600
    assert answer.headers["retry-after"] == str(told["retry_after"])
    return told


async def test_who_has_written_as_much_as_a_day_allows_waits_and_nobody_else(
    bob: Caller, charlie: Caller, engine: Engine, model_id: str
):
    """Quota bypass by text: questions, other words for one, copies of a chat, prompts, projects
    and instructions all count, each before it is kept."""
    chat = (await bob.post("/api/v1/chats", json={"model": model_id})).json()["id"]
    long = "say:x " + "w" * LONG
    first = await ask(bob, chat, long[:LONG])
    question = (await bob.get(f"/api/v1/chats/{chat}")).json()["messages"][0]["id"]
    assert (await ask(bob, chat, long[:LONG])).status_code == 202
    refused(await ask(bob, chat, long[:LONG]))
    refused(
        await bob.post(
            f"/api/v1/chats/{chat}/messages/{question}/edit", json={"content": long[:LONG]}
        )
    )
    refused(await bob.post(f"/api/v1/chats/{chat}/messages/{first.json()['message_id']}/fork"))
    kept = (await bob.get(f"/api/v1/chats/{chat}")).json()["messages"]
    assert len(kept) == 4
    # What is left is enough for what people write.
    assert (await ask(bob, chat, "say:x")).status_code == 202
    assert (await charlie.post("/api/v1/prompts", json={"name": "n", "text": "t"})).is_success


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/prompts", {"name": "n", "text": "é" * 19_000}),
        ("/projects", {"name": "n", "system_prompt": "é" * 19_000}),
        ("/chats", {"model": "{model}", "settings": {"system_prompt": "é" * 19_000}}),
    ],
)
async def test_whatever_can_be_long_is_counted(
    bob: Caller, engine: Engine, model_id: str, path: str, body: dict[str, Any]
):
    body = {name: model_id if value == "{model}" else value for name, value in body.items()}
    answers = [await bob.post(f"/api/v1{path}", json=body) for _ in range(28)]
    assert [each.status_code for each in answers[:27]] == [201] * 27
    refused(answers[27])


async def test_without_a_quota_nothing_is_counted(
    bob: Caller, settings_env: Callable[[str, str], None]
):
    settings_env("TEXT_QUOTA_MB", "0")
    for _ in range(30):
        answer = await bob.post("/api/v1/prompts", json={"name": "n", "text": "é" * 19_000})
        assert answer.is_success
