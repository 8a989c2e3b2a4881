"""What an admin sets for the whole installation."""

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import InvalidInput, NotAllowed
from llm_ui.models import MonitoringLog
from llm_ui.services import installation
from tests.conftest import People


async def test_the_defaults_hold_until_something_is_set(db: Database, people: People):
    async with unit_of_work() as session:
        assert (await installation.load(session)).log_days == 365
        await installation.change(session, people.alice, log_days=30)
    async with unit_of_work(writes=False) as session:
        assert (await installation.load(session)).log_days == 30


async def test_a_change_is_in_the_log_with_before_and_after(db: Database, people: People):
    async with unit_of_work() as session:
        await installation.change(session, people.alice, registration="closed")
        await installation.change(session, people.alice, registration="closed")
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.kind) == "admin.settings")
        (row,) = list(await session.scalars(query))
    assert row.details == {"changes": {"registration": ["open", "closed"]}}


@pytest.mark.parametrize(
    "changes", [{"log_days": -1}, {"registration": "maybe"}, {"no_such_thing": 1}]
)
async def test_what_cannot_be_is_refused_by_name(db: Database, people: People, changes):
    async with unit_of_work() as session:
        with pytest.raises(InvalidInput) as refused:
            await installation.change(session, people.alice, **changes)
    assert refused.value.field == next(iter(changes))


async def test_bob_sets_nothing(db: Database, people: People):
    async with unit_of_work() as session:
        with pytest.raises(NotAllowed):
            await installation.change(session, people.bob, log_days=1)
