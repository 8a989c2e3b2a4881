"""What an admin sets for the whole installation."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import InvalidInput, NotAllowed, PasswordNeeded
from llm_ui.models import MonitoringLog
from llm_ui.services.operations import instance_settings
from tests.conftest import People


async def test_the_defaults_hold_until_something_is_set(db: Database, people: People):
    async with unit_of_work() as session:
        assert (await instance_settings.load(session)).log_days == 365
        await instance_settings.keep(session, people.alice, log_days=30)
    async with unit_of_work(writes=False) as session:
        assert (await instance_settings.load(session)).log_days == 30


async def test_a_change_is_in_the_log_with_before_and_after(db: Database, people: People):
    async with unit_of_work() as session:
        await instance_settings.change(session, people.alice, registration="closed")
        await instance_settings.change(session, people.alice, registration="closed")
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == "admin.settings")
        (row,) = list(await session.scalars(query))
    assert row.details == {"changes": {"registration": ["open", "closed"]}}


@pytest.mark.parametrize(
    "changes",
    [{"backup_days": -1}, {"registration": "maybe"}, {"no_such_thing": 1}, {"log_days": 30}],
)
async def test_what_cannot_be_is_refused_by_name(db: Database, people: People, changes):
    async with unit_of_work() as session:
        with pytest.raises(InvalidInput) as refused:
            await instance_settings.change(session, people.alice, **changes)
    assert refused.value.field == next(iter(changes))


# What is kept, from what to what.
LESS = [(0, 365), (365, 364), (7, 1)]
MORE = [(30, 0), (30, 31), (0, 0), (30, 30)]
KEEPS = ["log_days", "metric_days", "backups_kept"]


@pytest.mark.parametrize("name", KEEPS)
@pytest.mark.parametrize(("before", "after"), LESS)
async def test_keeping_less_is_deleting_and_wants_the_password(
    db: Database, people: People, name: str, before: int, after: int
):
    """Deleting by way of what is kept: a stolen cookie ends neither backups nor the log."""
    cookie = replace(people.alice, is_confirmed=False)
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, **{name: before})
        with pytest.raises(PasswordNeeded):
            await instance_settings.keep(session, cookie, **{name: after})
        assert getattr(await instance_settings.load(session), name) == before
        await instance_settings.keep(session, people.alice, **{name: after})
        assert getattr(await instance_settings.load(session), name) == after


@pytest.mark.parametrize("name", KEEPS)
@pytest.mark.parametrize(("before", "after"), MORE)
async def test_keeping_more_wants_nothing(
    db: Database, people: People, name: str, before: int, after: int
):
    cookie = replace(people.alice, is_confirmed=False)
    async with unit_of_work() as session:
        await instance_settings.keep(session, people.alice, **{name: before})
        await instance_settings.keep(session, cookie, **{name: after})
        assert getattr(await instance_settings.load(session), name) == after


@pytest.mark.parametrize("changes", [{"log_days": -1}, {"registration": "open"}])
async def test_what_cannot_be_kept_is_refused_by_name(db: Database, people: People, changes):
    async with unit_of_work() as session:
        with pytest.raises(InvalidInput) as refused:
            await instance_settings.keep(session, people.alice, **changes)
    assert refused.value.field == next(iter(changes))


async def test_bob_sets_nothing(db: Database, people: People):
    async with unit_of_work() as session:
        with pytest.raises(NotAllowed):
            await instance_settings.keep(session, people.bob, log_days=1)
