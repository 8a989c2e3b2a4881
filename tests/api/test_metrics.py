"""Request ids, and what Prometheus reads."""

import pytest

from llm_ui.config import get_settings
from llm_ui.generation import Engine
from tests.api.conftest import Caller

TOKEN = "a-token-for-prometheus"
ROUTE = 'method="GET",route="/api/v1/chats/{chat_id}"'


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    get_settings.cache_clear()
    yield {"Authorization": f"Bearer {TOKEN}"}
    get_settings.cache_clear()


async def test_each_call_has_an_id_of_its_own(bob: Caller):
    del bob.headers["X-Request-ID"]
    first, second = [(await bob.get("/api/v1/models")).headers["x-request-id"] for _ in "12"]
    assert len(first) == 16
    assert first != second


async def test_a_proxys_id_is_kept_and_nonsense_is_not(bob: Caller):
    given = await bob.get("/api/v1/models", headers={"X-Request-ID": "proxy-0123456789"})
    assert given.headers["x-request-id"] == "proxy-0123456789"
    forged = await bob.get("/api/v1/models", headers={"X-Request-ID": "<script>alert(1)"})
    assert forged.headers["x-request-id"] != "<script>alert(1)"


async def test_a_problem_names_its_call(bob: Caller):
    answer = await bob.get("/api/v1/chats/nothing")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_metrics_are_not_there_without_a_token(visitor: Caller):
    assert (await visitor.get("/metrics")).status_code == 404


async def test_metrics_are_only_for_who_holds_the_token(
    with_token: dict[str, str], visitor: Caller, engine: Engine
):
    for wrong in ({}, {"Authorization": "Bearer another-token"}, {"Authorization": TOKEN}):
        assert (await visitor.get("/metrics", headers=wrong)).status_code == 401
    answer = await visitor.get("/metrics", headers=with_token)
    assert answer.status_code == 200
    assert "llm_ui_answers_running 0.0" in answer.text


async def test_calls_are_counted_by_their_route(
    with_token: dict[str, str], bob: Caller, engine: Engine
):
    for chat_id in ("one", "two"):
        await bob.get(f"/api/v1/chats/{chat_id}")
    text = (await bob.get("/metrics", headers=with_token)).text
    (line,) = [
        each
        for each in text.splitlines()
        if each.startswith("llm_ui_http_requests_total") and ROUTE in each and "404" in each
    ]
    assert float(line.split()[-1]) >= 2
    assert "one" not in line
