"""The ledger's sums by day equal the ledger, whatever has happened."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui.cli import usage as usage_verb
from llm_ui.db import Database, start_database, stop_database, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import DailyUsage, UsageLog, User
from llm_ui.services.accounts import users as service
from llm_ui.services.answers import runs
from llm_ui.services.insights import daily_usage
from tests.conftest import ROOT, People

LATE = datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)
SCRIPTS = ("tokens=20", "error=400", "tokens=5 no-usage", "tokens=4000 rate=20")


def entry(person: str | None, chance: random.Random) -> UsageLog:
    return UsageLog(
        user_id=person,
        model_name=chance.choice(("small", "größer", "")),
        provider_name=chance.choice(("p", "q")),
        status=chance.choice(("done", "done", "stopped", "failed", "interrupted")),
        input_tokens=chance.randrange(2**31 - 1),
        cached_tokens=chance.randrange(50),
        output_tokens=chance.randrange(2**31 - 1),
        reasoning_tokens=chance.randrange(50),
        is_estimated=chance.random() < 0.3,
        cost_micro=chance.randrange(2**31 - 1),
        currency=chance.choice(("USD", "EUR")),
        created_at=LATE + timedelta(microseconds=chance.choice((0, 1, 10**11))),
    )


async def differences() -> list[Any]:
    """Where the sums are not what the ledger says."""
    found: list[Any] = []
    names = [*daily_usage.KEY, *daily_usage.SUMS]
    async with unit_of_work(writes=False) as session:
        kept = {
            tuple(getattr(each, name) for name in names)
            for each in await session.scalars(sa.select(DailyUsage))
        }
        for grain in daily_usage.GRAINS:
            found += [
                tuple(row) for row in await session.execute(daily_usage.from_ledger(session, grain))
            ]
    assert len(found) == len(set(found))
    return sorted(kept ^ set(found))


async def total() -> int:
    async with unit_of_work(writes=False) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(UsageLog)) or 0


async def ledger_has(rows: int) -> None:
    for _ in range(400):
        if await total() >= rows:
            break
        await asyncio.sleep(0.05)
    assert await total() == rows


async def test_answers_of_all_kinds_are_summed_as_they_end(
    engine: Engine, people: People, model_id: str, settings_env
):
    settings_env("RUNS_PER_USER", "50")
    for script in SCRIPTS:
        for who in (people.bob, people.charlie) * 3:
            await runs.ask(who, script, model_id=model_id)
    await ledger_has(18)
    assert await differences() == []
    # The last ones are still being written: they end with their owners.
    await service.delete(people.alice, people.bob.user_id, email="bob@example.org")
    await service.delete(people.alice, people.charlie.user_id, email="charlie@example.org")
    await ledger_has(24)
    assert await differences() == []
    async with unit_of_work(writes=False) as session:
        persons = set(await session.scalars(sa.select(DailyUsage.person_id)))
        failures = await session.scalar(
            sa.select(sa.func.sum(DailyUsage.failures)).where(DailyUsage.grain == "person")
        )
    assert persons == {""}
    assert failures == 6


async def test_ends_that_come_at_once_are_all_counted(db: Database, people: People):
    """As those of several workers do, which hold no lock of one process together."""
    chance = random.Random(3)
    ids = [each.user_id for each in people.actors.values()]

    async def end(person: str) -> None:
        async with unit_of_work() as session:
            row = entry(person, chance)
            session.add(row)
            await daily_usage.count(session, row)

    await asyncio.gather(*(end(chance.choice(ids)) for _ in range(120)))
    assert await total() == 120
    assert await differences() == []


async def test_sums_are_made_anew_while_answers_end(db: Database, people: People):
    chance = random.Random(5)
    async with unit_of_work() as session:
        session.add_all(entry(people.bob.user_id, chance) for _ in range(40))
        session.add(
            DailyUsage(
                **dict.fromkeys(daily_usage.SUMS, 7),
                grain="each",
                day="2020-01-01",
                person_id="",
                model_name="",
                provider_name="",
                currency="USD",
            )
        )
    assert await differences() != []

    async def end() -> None:
        async with unit_of_work() as session:
            row = entry(people.charlie.user_id, chance)
            session.add(row)
            await session.flush()
            await asyncio.sleep(0.01)
            await daily_usage.count(session, row)

    async def anew() -> None:
        async with unit_of_work() as session:
            assert await daily_usage.rebuild(session) > 0

    await asyncio.gather(*(end() for _ in range(6)), anew(), *(end() for _ in range(6)))
    assert await total() == 52
    assert await differences() == []


async def test_somebody_who_goes_joins_those_who_went(db: Database, people: People):
    chance = random.Random(9)
    rows = [entry(None, chance) for _ in range(30)]
    rows += [entry(people.bob.user_id, chance) for _ in range(30)]
    async with unit_of_work() as session:
        for row in rows:
            session.add(row)
            await session.flush()
            await daily_usage.count(session, row)
    async with unit_of_work() as session:
        await daily_usage.forget(session, people.bob.user_id)
        await session.execute(sa.delete(User).where(User.id == people.bob.user_id))
    assert await differences() == []


async def kept_by_an_old_version(entries: Iterable[UsageLog]) -> None:
    """Write rows in the columns that the table has by now, not those of the present code."""
    async with unit_of_work() as session:
        connection = await session.connection()
        table = await connection.run_sync(
            lambda sync: sa.Table("usagelog", sa.MetaData(), autoload_with=sync)
        )
        names = [each.name for each in table.columns]
        rows = [{name: getattr(each, name) for name in names} for each in entries]
        await session.execute(sa.insert(table), rows)


async def test_the_migration_sums_what_is_there_and_the_verb_does_so_again(
    database_url: str, settings_env, capsys: pytest.CaptureFixture[str]
):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    await asyncio.to_thread(command.downgrade, config, "0006")
    start_database(database_url)
    chance = random.Random(1)
    await kept_by_an_old_version(entry(None, chance) for _ in range(60))
    await stop_database()
    await asyncio.to_thread(command.upgrade, config, "head")
    start_database(database_url)
    assert await differences() == []
    async with unit_of_work() as session:
        await session.execute(sa.delete(DailyUsage))
    await stop_database()
    settings_env("DATABASE_URL", database_url)
    assert await asyncio.to_thread(usage_verb.main) == 0
    assert "Rebuilt the daily usage" in capsys.readouterr().out
    start_database(database_url)
    assert await differences() == []
    await stop_database()
