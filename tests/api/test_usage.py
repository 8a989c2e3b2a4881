"""One's own usage over REST: the right days, the right sums, nobody else's."""

from datetime import UTC, datetime

import pytest

from llm_ui.db import unit_of_work
from llm_ui.models import UsageLog
from llm_ui.services.accounts.sessions import in_words
from tests.api.conftest import Caller
from tests.conftest import People

USAGE = "/api/v1/usage"


@pytest.fixture
async def ledger(people: People) -> None:
    """Bob's: two answers around a midnight of Berlin, one of another model; one of Charlie's."""
    rows = [
        (people.bob, "2026-03-10T22:59:59", "small", 100, 10, 1500, "USD"),
        (people.bob, "2026-03-10T23:00:00", "small", 200, 20, 2500, "USD"),
        (people.bob, "2026-03-11T12:00:00", "=big", 1, 2, 700, "EUR"),
        (people.charlie, "2026-03-11T12:00:00", "small", 9999, 9999, 9999, "USD"),
    ]
    async with unit_of_work() as session:
        for who, at, model, read, written, cost, currency in rows:
            session.add(
                UsageLog(
                    user_id=who.user_id,
                    model_name=model,
                    provider_name="p",
                    input_tokens=read,
                    output_tokens=written,
                    cost_micro=cost,
                    currency=currency,
                    is_estimated=model == "=big",
                    created_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
                )
            )


RANGE = {"from": "2026-03-09", "to": "2026-03-11"}


@pytest.mark.parametrize(
    ("zone", "answers"),
    [
        ("UTC", [0, 2, 1]),
        ("Europe/Berlin", [0, 1, 2]),
        ("Pacific/Auckland", [0, 0, 2]),
        ("Asia/Kathmandu", [0, 0, 3]),
    ],
)
async def test_a_day_is_the_persons_own_day(
    bob: Caller, ledger: None, zone: str, answers: list[int]
):
    report = (await bob.get(USAGE, params=RANGE | {"zone": zone})).json()
    assert [day["answers"] for day in report["days"]] == answers
    assert [day["day"] for day in report["days"]] == ["2026-03-09", "2026-03-10", "2026-03-11"]


async def test_sums_are_of_ones_own_rows_alone(bob: Caller, ledger: None):
    report = (await bob.get(USAGE, params=RANGE)).json()
    assert (report["answers"], report["input_tokens"], report["output_tokens"]) == (3, 301, 32)
    assert report["costs"] == [
        {"micro": 700, "currency": "EUR"},
        {"micro": 4000, "currency": "USD"},
    ]
    assert [(each["name"], each["answers"]) for each in report["models"]] == [
        ("small", 2),
        ("=big", 1),
    ]
    assert report["is_estimated"] is True


async def test_charlie_sees_charlies(charlie: Caller, ledger: None):
    report = (await charlie.get(USAGE, params=RANGE)).json()
    assert (report["answers"], report["input_tokens"]) == (1, 9999)


async def test_the_csv_is_no_formula(bob: Caller, ledger: None):
    answer = await bob.get(f"{USAGE}.csv", params=RANGE)
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0].startswith("day,model,provider,answers")
    assert lines[1:] == [
        "2026-03-10,small,p,2,300,30,0.004000,USD",
        "2026-03-11,'=big,p,1,1,2,0.000700,EUR",
    ]


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-03-11", "to": "2026-03-10"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"from": "yesterday"},
        {"zone": "Nowhere/At_all"},
        {"zone": "../etc/passwd"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"to": "9999-12-31"},
        {"to": "0001-01-01"},
    ],
)
async def test_what_is_no_range_is_refused(bob: Caller, params: dict):
    for path in ("", ".csv"):
        assert (await bob.get(USAGE + path, params=params)).status_code == 422


async def test_visitors_get_nothing(visitor: Caller):
    assert (await visitor.get(USAGE)).status_code == 401


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "HeadlessChrome/130.0 Safari/537.36",
            ("Chromium", "Linux"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/130.0 Safari/537.36 Edg/130.0",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 "
            "Version/17.0 Mobile/15E148 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.0; rv:130.0) Gecko/20100101 Firefox/130.0",
            ("Firefox", "macOS"),
        ),
        ("curl/8.5.0", ("curl", "")),
        ("", ("", "")),
        ("Mozilla/5.0", ("", "")),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, words: tuple[str, str]):
    assert in_words(agent) == words
