"""Migrations: from nothing to the newest tables and back, the same on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui.db import script_url
from llm_ui.models import metadata
from tests.conftest import ROOT, fresh_postgres

DOCUMENTED = {
    "user", "aiprovider", "aimodel", "aitype", "mediaprovider", "mediamodel", "mediatype",
    "chathistory", "project", "systemprompt", "usagelog", "backgroundjob", "apikey",
    "monitoringlog", "performancemetric",
}  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return fresh_postgres(request.getfixturevalue("postgres_server"), "migrations")


def test_up_checked_down_and_up_again(empty_url: str):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = empty_url
    command.upgrade(config, "head")
    command.check(config)
    engine = sa.create_engine(script_url(empty_url))
    assert set(sa.inspect(engine).get_table_names()) >= DOCUMENTED
    command.downgrade(config, "base")
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
    command.upgrade(config, "head")
    command.check(config)
    engine.dispose()


def test_every_foreign_key_says_what_happens_on_delete():
    keys = [key for table in metadata.tables.values() for key in table.foreign_key_constraints]
    assert keys
    assert [key.name for key in keys if not key.ondelete] == []
