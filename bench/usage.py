"""What the administrator's figures cost on a large ledger: usage, and performance.

python -m bench.usage [--postgres URL] [--rows 2000000] [--metrics 1000000] [--repeat 20]

Two years of 200 people and 50 models, most of a person's answers by a few models of their own,
some people busier than others. Each figure is the time of the service call on a connection of
the pool, as a page's handler and a REST route make it; ranges are the longest that can be asked
for. The rows are made by the database itself. `--postgres` names a server on which a scratch
database is made; without it SQLite alone is measured.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.databases import on_each
from bench.row import Figure, Row
from bench.search import timed
from llm_ui.auth import Actor
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.models import User
from llm_ui.schemas.figures import UsageFilters
from llm_ui.services import performance, usage_admin, usage_days

GOAL_MS = 300.0
PEOPLE, MODELS, PROVIDERS, DAYS = 200, 50, 4, 730
YEAR, MONTHS = 366, 90
# What the table shows, beside the slowest of the usage's views; the details have all.
SHOWN = tuple(
    f"usage {view}, {YEAR} days"
    for view in ("by day", "by model", "by person", "by provider", "one person's by model",
                 "one model's by person")
)  # fmt: skip
SHOWN_SPEEDS = (
    "performance, last day", "performance, last month", "performance, last month, by address",
)  # fmt: skip
# A row's number makes its chances: u and v are spread evenly over [0, 1) (Knuth's
# multiplicative hashing, The Art of Computer Programming, vol. 3, section 6.4).
SPREAD = "(i * {by} % 4294967296) / 4294967296.0"
SQLITE = {
    "numbers": "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n "
               "WHERE i < {last}) ",
    "from": "n",
    "hex": "printf('%08x', {})",
    "time": "strftime('%Y-%m-%d %H:%M:%f', {}, 'unixepoch') || '000'",
    "floor": "CAST({} AS INTEGER)",
}  # fmt: skip
POSTGRES = {
    "numbers": "",
    "from": "generate_series({first}::bigint, {last}::bigint) AS n(i)",
    "hex": "lpad(to_hex({}), 8, '0')",
    "time": "to_timestamp({})",
    "floor": "CAST(floor({}) AS INTEGER)",
}


def _id(of: dict[str, str], number: str, kind: int) -> str:
    return f"{of['hex'].format(number)} || '-0000-7000-8000-00000000000{kind}'"


def _insert(of: dict[str, str], table: str, first: int, last: int, columns: dict[str, str]) -> str:
    names, values = ", ".join(columns), ", ".join(columns.values())
    numbers = of["numbers"].format(first=first, last=last)
    rows = of["from"].format(first=first, last=last)
    return f"INSERT INTO {table} ({names}) {numbers}SELECT {values} FROM (SELECT i, " + (
        f"{SPREAD.format(by=2654435761)} AS u, {SPREAD.format(by=2246822519)} AS v FROM {rows}) r"
    )


def ledger(of: dict[str, str], rows: int, now: float) -> str:
    """The rows of the ledger, spread evenly over the days."""
    floor, step = of["floor"].format, DAYS * 86400 / rows
    person = floor(f"{PEOPLE} * u * u")
    model = f"({person} * 7 + {floor(f'{MODELS} * v * v * v * v')}) % {MODELS}"
    return _insert(of, "usagelog", 0, rows - 1, {
        "id": _id(of, "i", 1),
        "user_id": _id(of, person, 0),
        "run_id": _id(of, "i", 2),
        "model_name": f"'Model ' || ({model})",
        "provider_name": f"'Provider ' || (({model}) % {PROVIDERS})",
        "endpoint": "'chat'",
        "status": "CASE WHEN i % 50 = 0 THEN 'failed' WHEN i % 33 = 0 THEN 'stopped' "
                  "ELSE 'done' END",
        "input_tokens": floor("200 + 4000 * v"),
        "cached_tokens": floor("100 * v"),
        "output_tokens": floor("50 + 900 * u"),
        "reasoning_tokens": "0",
        "is_estimated": "i % 9 = 0",
        "cost_micro": floor("9000 * u"),
        "currency": "CASE WHEN i % 7 = 0 THEN 'EUR' ELSE 'USD' END",
        "created_at": of["time"].format(f"{now} - ({rows} - i) * {step}"),
    })  # fmt: skip


# Name, unit, and how the value comes about: most are small, some large.
MEASURES = (
    ("duration", "ms", "2000 + 20000 * u * u * u"),
    ("time_to_first_token", "ms", "200 + 3000 * v * v * v"),
    ("tokens_per_second", "tokens/s", "15 + 80 * u"),
)


def measures(of: dict[str, str], rows: int, metrics: int, now: float) -> list[str]:
    """What was measured of the newest answers."""
    floor, step, first = of["floor"].format, DAYS * 86400 / rows, rows - metrics // len(MEASURES)
    person = floor(f"{PEOPLE} * u * u")
    model = f"({person} * 7 + {floor(f'{MODELS} * v * v * v * v')}) % {MODELS}"
    return [
        _insert(of, "performancemetric", first, rows - 1, {
            "id": _id(of, "i", 3 + number),
            "name": f"'{name}'",
            "value": value,
            "unit": f"'{unit}'",
            "model_name": f"'Model ' || ({model})",
            "provider_name": f"'Provider ' || (({model}) % {PROVIDERS})",
            "endpoint": "'chat'",
            "address": f"CASE WHEN ({model}) % {PROVIDERS} = 0 THEN 'http://10.0.0.' || (i % 3) "
                       "|| ':8000/v1' ELSE '' END",
            "run_id": _id(of, "i", 2),
            "created_at": of["time"].format(f"{now} - ({rows} - i) * {step}"),
        })
        for number, (name, unit, value) in enumerate(MEASURES)
    ]  # fmt: skip


async def fill(rows: int, metrics: int, *, is_sqlite: bool) -> float:
    """All rows; seconds that the sums took."""
    of, now = SQLITE if is_sqlite else POSTGRES, time.time()
    people = [
        User(id=f"{n:08x}-0000-7000-8000-000000000000", email=f"p{n}@example.org",
             username=f"Person {n}", password_hash="").model_dump()
        for n in range(PEOPLE)
    ]  # fmt: skip
    async with unit_of_work() as session:
        await session.execute(sa.insert(User), people)
        # Colons in texts are no parameters.
        for statement in (ledger(of, rows, now), *measures(of, rows, metrics, now)):
            await session.execute(sa.text(statement.replace(":", r"\:")))
    began = time.perf_counter()
    async with unit_of_work() as session:
        await usage_days.rebuild(session)
    took = time.perf_counter() - began
    async with unit_of_work() as session:
        await session.execute(sa.text("ANALYZE"))
    return round(took, 1)


def usage_views() -> dict[str, tuple[UsageFilters, Any]]:
    """What can be asked of the usage: filters, and what the table is by."""
    today = datetime.now(UTC).date()
    start = {days: today - timedelta(days=days - 1) for days in (MONTHS, YEAR)}
    found: dict[str, tuple[UsageFilters, Any]] = {}
    for by in ("day", "model", "person", "provider"):
        for days in (MONTHS, YEAR):
            whole = UsageFilters(start[days], today)
            found[f"by {by}, {days} days"] = (whole, by)
        # The busiest ones.
        person = "00000000-0000-7000-8000-000000000000"
        found[f"one person's by {by}, {YEAR} days"] = (
            UsageFilters(start[YEAR], today, person=person), by,
        )  # fmt: skip
        found[f"one model's by {by}, {YEAR} days"] = (
            UsageFilters(start[YEAR], today, model="Model 0", provider="Provider 0"), by,
        )  # fmt: skip
    return found


def performance_views() -> dict[str, dict[str, Any]]:
    """What can be asked of the performance."""
    longest: dict[str, Any] = {"span": "month"}
    found = {f"last {span}": {"span": span} for span in ("hour", "day", "week", "month")}
    for by in ("provider", "address"):
        found[f"last month, by {by}"] = longest | {"by": by}
    for name in ("tokens_per_second", "errors"):
        found[f"last month, {name}"] = longest | {"measure": name}
    found["last month, errors by address"] = longest | {"measure": "errors", "by": "address"}
    found["last month, one model"] = longest | {"only": ("Model 0", "Provider 0")}
    return found


async def measure(url: str, rows: int, metrics: int, repeat: int) -> dict[str, Any]:
    """The times on one database, which is migrated and empty."""
    database = start_database(url)
    admin = Actor("bench", "bench", "bench@example.org", "admin")
    try:
        began = time.perf_counter()
        sums_s = await fill(rows, metrics, is_sqlite=database.is_sqlite)
        found: dict[str, Any] = {
            "filling_s": round(time.perf_counter() - began, 1), "rebuilding_s": sums_s,
        }  # fmt: skip
        for name, (filters, by) in usage_views().items():
            found[f"usage {name}"] = await timed(
                [lambda s, f=filters, b=by: usage_admin.overview(s, admin, f, by=b)] * repeat
            )
        for name, asked in performance_views().items():
            found[f"performance, {name}"] = await timed(
                [lambda s, a=asked: performance.view(s, admin, **a)] * repeat
            )
        if database.is_sqlite and database.url.database:
            found["megabytes"] = round(Path(database.url.database).stat().st_size / 1e6)  # noqa: ASYNC240
        return found
    finally:
        await stop_database()


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default=os.environ.get("TEST_POSTGRES_URL", ""))
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--metrics", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    given = parser.parse_args()
    sizes = (given.rows, given.metrics, given.repeat)
    row = Row(f"figures of {given.rows:,} answers", "python -m bench.usage")
    row.details |= on_each(given.postgres, lambda url: measure(url, *sizes))
    for name, found in row.details.items():
        usage = {view: times for view, times in found.items() if view.startswith("usage")}
        slowest = max(usage, key=lambda view: usage[view]["p95"])
        row.figures += [
            Figure(f"{view}, {name}, p95", found[view]["p95"], "ms", GOAL_MS)
            for view in dict.fromkeys((*SHOWN, slowest))
        ]
        row.figures += [
            Figure(f"{view}, {name}, p95", found[view]["p95"], "ms") for view in SHOWN_SPEEDS
        ]
    row.print()


if __name__ == "__main__":
    main()
