"""What everybody used, and how fast answers came, over REST."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from llm_ui.db import unit_of_work
from llm_ui.models import PerformanceMetric, UsageLog
from llm_ui.services.insights import daily_usage, usage
from tests.api.conftest import Caller
from tests.conftest import People

USAGE = "/api/v1/admin/usage"
SPEED = "/api/v1/admin/performance"
RANGE = {"from": "2026-03-09", "to": "2026-03-11"}


@pytest.fixture
async def ledger(people: People) -> None:
    """Bob's and Charlie's answers, and one of somebody who is gone."""
    bob, charlie = people.bob.user_id, people.charlie.user_id
    rows: list[Any] = [
        (bob, "2026-03-10T23:59:59", "small", 100, 10, 1500, "USD", "done"),
        (bob, "2026-03-11T00:00:00", "small", 200, 20, 2500, "USD", "failed"),
        (bob, "2026-03-11T12:00:00", "=big", 1, 2, 700, "EUR", "stopped"),
        (charlie, "2026-03-11T12:00:00", "small", 50, 5, 9000, "USD", "done"),
        (None, "2026-03-09T00:00:00", "@old", 7, 7, 0, "USD", "done"),
        (charlie, "2026-03-12T00:00:00", "small", 9999, 9999, 9999, "USD", "done"),
    ]
    async with unit_of_work() as session:
        for who, at, model, read, written, cost, currency, status in rows:
            row = UsageLog(
                user_id=who,
                model_name=model,
                provider_name="p",
                input_tokens=read,
                output_tokens=written,
                cached_tokens=read // 2,
                reasoning_tokens=written // 2,
                cost_micro=cost,
                currency=currency,
                status=status,
                is_estimated=model == "=big",
                created_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
            )
            session.add(row)
            await daily_usage.count(session, row)


async def asked(alice: Caller, **params: Any) -> Any:
    answer = await alice.get(USAGE, params=RANGE | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_sums_and_days_are_everybodys(alice: Caller, ledger: None):
    found = await asked(alice)
    total = found["total"]
    assert (total["answers"], total["failures"], total["estimated"]) == (5, 1, 1)
    assert (total["input_tokens"], total["cached_tokens"]) == (358, 178)
    assert (total["output_tokens"], total["reasoning_tokens"]) == (44, 21)
    assert total["costs"] == [
        {"micro": 700, "currency": "EUR"},
        {"micro": 13000, "currency": "USD"},
    ]
    assert [(each["day"], each["answers"]) for each in found["days"]] == [
        ("2026-03-09", 1),
        ("2026-03-10", 1),
        ("2026-03-11", 3),
    ]
    assert [each["key"] for each in found["items"]] == ["2026-03-11", "2026-03-10", "2026-03-09"]


TABLES: list[tuple[dict[str, Any], list[tuple[str, int]]]] = [
    ({"by": "person", "sort": "answers"}, [("bob", 3), ("", 1), ("charlie", 1)]),
    ({"by": "person", "sort": "cost"}, [("charlie", 1), ("bob", 3), ("", 1)]),
    (
        {"by": "model", "sort": "name", "descending": False},
        [("=big", 1), ("@old", 1), ("small", 3)],
    ),
    ({"by": "provider"}, [("p", 5)]),
    (
        {"by": "person", "model": "small", "provider": "p", "sort": "input_tokens"},
        [("bob", 2), ("charlie", 1)],
    ),
    (
        {"by": "day", "model": "small", "provider": "p", "descending": False},
        [("2026-03-10", 1), ("2026-03-11", 2)],
    ),
    ({"by": "person", "model": "small", "provider": "q"}, []),
    # Without a provider it is the model of all of them.
    ({"by": "person", "model": "small"}, [("charlie", 1), ("bob", 2)]),
]


async def test_tables_are_kept_apart_narrowed_and_sorted(
    alice: Caller, ledger: None, people: People
):
    for params, rows in TABLES:
        found = await asked(alice, **params)
        assert [(each["name"], each["answers"]) for each in found["items"]] == rows, params
        assert found["total"]["answers"] == sum(count for _, count in rows)
    bob = people.bob.user_id
    for by, names in (("model", ["small", "=big"]), ("person", ["bob"]), ("provider", ["p"])):
        found = await asked(alice, by=by, person=bob, sort="answers")
        assert [each["name"] for each in found["items"]] == names
        assert (found["total"]["answers"], found["person_name"]) == (3, "bob")
    assert (await asked(alice, person="nobody"))["total"]["answers"] == 0
    whole = [each["key"] for each in (await asked(alice, by="model"))["items"]]
    pages, cursor = [], None
    while True:
        page = await asked(alice, by="model", limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["groups"] == 3
        pages += [each["key"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == whole


async def test_the_csv_has_every_row_and_no_formula(
    alice: Caller, ledger: None, monkeypatch: pytest.MonkeyPatch, people: People
):
    monkeypatch.setattr(usage, "CSV_PAGE", 2)
    answer = await alice.get(f"{USAGE}.csv", params=RANGE)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "usage-2026-03-09-2026-03-11.csv" in answer.headers["content-disposition"]
    assert answer.text.count("\r\n") == answer.text.count("\n") == 6
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["day"] for each in rows] == sorted(each["day"] for each in rows)
    assert len(rows) == 5
    assert {each["model"] for each in rows} == {"small", "'=big", "'@old"}
    assert {each["model"]: each["estimated_answers"] for each in rows}["'=big"] == "1"
    assert sum(int(each["input_tokens"]) for each in rows) == 358
    assert sum(float(each["cost"]) for each in rows) == pytest.approx(0.0137)
    bobs = await alice.get(f"{USAGE}.csv", params=RANGE | {"person": people.bob.user_id})
    assert {each["email"] for each in csv.DictReader(io.StringIO(bobs.text))} == {"bob@example.org"}


WRONG: tuple[dict[str, Any], ...] = (
    {"from": "2026-03-11", "to": "2026-03-10"},
    {"from": "2020-01-01", "to": "2026-01-01"},
    {"from": "yesterday"},
    {"to": "9999-12-31"},
    {"by": "password"},
    {"sort": "id"},
    {"cursor": "-1"},
    {"cursor": "x"},
    {"cursor": "²"},
    {"limit": 0},
    {"provider": "p"},
)


async def test_what_cannot_be_asked_for_is_refused(alice: Caller):
    for params in WRONG:
        assert (await alice.get(USAGE, params=params)).status_code == 422, params
        if not params.keys() & {"by", "sort", "cursor", "limit"}:
            assert (await alice.get(f"{USAGE}.csv", params=params)).status_code == 422, params
    for wrong in ({"span": "year"}, {"measure": "x"}, {"by": "user"}, {"percentile": 42}):
        assert (await alice.get(SPEED, params=wrong)).status_code == 422, wrong


async def test_speeds_are_told_over_time(alice: Caller, people: People):
    async with unit_of_work() as session:
        for value in (100.0, 300.0, 200.0):
            session.add(
                PerformanceMetric(
                    metric_name="time_to_first_token",
                    metric_value=value,
                    model_name="small",
                    provider_name="p",
                )
            )
        session.add(UsageLog(model_name="small", provider_name="p", status="failed"))
    found = (await alice.get(SPEED, params={"span": "hour", "percentile": 50})).json()
    (item,) = found["items"]
    assert (item["p50"], item["p95"], item["error_rate"]) == (200.0, 300.0, 100.0)
    (line,) = found["lines"]
    assert [value for value in line["values"] if value is not None] == [200.0]
    assert len(line["values"]) == found["points"] == 60
    one = (await alice.get(SPEED, params={"span": "hour", "name": "small", "detail": "p"})).json()
    assert [each["name"] for each in one["lines"]] == ["p50", "p95", "p99"]


async def test_nobody_but_an_admin_reads_any_of_it(
    ledger: None, bob: Caller, charlie: Caller, visitor: Caller
):
    for route in (USAGE, f"{USAGE}.csv", SPEED):
        assert (await visitor.get(route)).status_code == 401
        for outsider in (bob, charlie):
            assert (await outsider.get(route)).status_code == 403
