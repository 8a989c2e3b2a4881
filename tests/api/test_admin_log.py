"""The monitoring log over REST."""

import json

import pytest

from llm_ui.db import unit_of_work
from llm_ui.services.audit.recording import record
from llm_ui.services.operations import instance_settings
from tests.api.conftest import Caller
from tests.conftest import People

LOG = "/api/v1/admin/log"
ROUTES = (LOG, f"{LOG}/errors", f"{LOG}/export")


@pytest.fixture
async def history(people: People) -> None:
    """Alice changes a setting, a provider fails, and the same bug strikes three times."""
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, log_days=30)
        record(session, "provider.down", "Ollama: refused", level="error", provider="Ollama")
        for number in range(3):
            record(
                session,
                "error.unhandled",
                "KeyError in GET /x",
                level="error",
                reference=f"ABCD234{number}",
                user_id=people.bob.user_id,
                address="10.0.0.9",
            )


async def test_alice_sees_what_was_changed_from_what_to_what(history: None, alice: Caller):
    answer = await alice.get(LOG, params={"log_type": "admin"})
    (entry,) = answer.json()["items"]
    assert entry["log_type"] == "admin.settings"
    assert entry["user"] == "alice"
    (change,) = [fact for fact in entry["facts"] if fact["is_change"]]
    assert (change["name"], change["before"], change["value"]) == ("log_days", "365", "30")


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"log_level": "error"}, 4),
        ({"log_type": "error.unhandled"}, 3),
        ({"log_type": "error"}, 3),
        ({"log_type": "err"}, 0),
        ({"q": "ABCD2341"}, 1),
        ({"q": "bob KeyError"}, 3),
        ({"q": "10.0.0.9"}, 3),
        ({"q": "100%"}, 0),
        ({"hours": 1, "log_level": "error"}, 4),
    ],
)
async def test_rows_are_found_by_what_they_hold(history: None, alice: Caller, wanted, count):
    answer = await alice.get(LOG, params=wanted)
    assert len(answer.json()["items"]) == count


async def test_pages_follow_one_another_without_gap_or_double(history: None, alice: Caller):
    whole = [each["id"] for each in (await alice.get(LOG)).json()["items"]]
    found, cursor = [], None
    while True:
        page = await alice.get(LOG, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += [each["id"] for each in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert found == whole


async def test_the_same_bug_is_one_group_with_its_latest_number(history: None, alice: Caller):
    (group,) = (await alice.get(f"{LOG}/errors")).json()
    assert (group["message"], group["count"]) == ("KeyError in GET /x", 3)
    assert group["reference"] == "ABCD2342"


async def test_the_export_holds_every_row_and_no_formula(history: None, alice: Caller):
    async with unit_of_work() as session:
        record(session, "sign_in.failed", "=HYPERLINK(1)", level="warning")
    lines = (await alice.get(f"{LOG}/export")).text.splitlines()
    assert lines[0].startswith("created_at,log_level,log_type")
    assert any("'=HYPERLINK(1)" in line for line in lines)
    rows = (await alice.get(f"{LOG}/export", params={"format": "ndjson"})).text.splitlines()
    assert len(rows) == len(lines) - 1
    assert json.loads(rows[0])["log_type"] == "sign_in.failed"


async def test_a_cursor_of_somebodys_own_making_is_refused(alice: Caller):
    answer = await alice.get(LOG, params={"cursor": "bm90aGluZw=="})
    assert answer.status_code == 422
    assert answer.json()["field"] == "cursor"


async def test_nobody_but_an_admin_reads_any_of_it(
    history: None, bob: Caller, charlie: Caller, visitor: Caller
):
    for route in ROUTES:
        assert (await visitor.get(route)).status_code == 401
        for outsider in (bob, charlie):
            assert (await outsider.get(route)).status_code == 403


async def test_no_route_changes_the_log(alice: Caller):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await alice.request(method, LOG)).status_code in (404, 405)
