"""Enums are plain words wherever they leave Python: in columns, JSON, OpenAPI and on the page."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import orjson
import pytest
import reflex as rx
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from pydantic import TypeAdapter
from reflex.utils.format import json_dumps

from llm_ui.api.app import create_api
from llm_ui.db import script_url
from llm_ui.enums import Choices, JobStatus, UserRole
from llm_ui.models import metadata
from tests.conftest import ROOT, fresh_postgres

# The ledger has no CHECK: its rows outlive what they were made of.
UNCHECKED = {"ck_usagelog_status"}


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    status: JobStatus = JobStatus.DONE


def enum_columns() -> Iterator[tuple[str, sa.Column[str], set[str]]]:
    """Each column that holds an enum's word: its table, itself, and the words."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.Enum):
                yield table.name, column, set(column.type.enums)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Inspector]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'words.db'}"
    else:
        url = fresh_postgres(request.getfixturevalue("postgres_server"), "words")
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    engine = sa.create_engine(script_url(url))
    yield sa.inspect(engine)
    engine.dispose()


def test_the_database_takes_just_the_words_of_an_enum(migrated: sa.Inspector):
    """A word that is added to an enum needs a migration, as a new column does."""
    found = {}
    for table, column, words in enum_columns():
        checks = {each["name"]: each["sqltext"] for each in migrated.get_check_constraints(table)}
        name = f"ck_{table}_{column.name}"
        if name in UNCHECKED:
            assert name not in checks
            continue
        found[name] = words
        assert set(re.findall(r"'([^']*)'", checks[name])) == words, name
    assert len(found) > 10


def test_columns_are_as_wide_as_before():
    assert {column.type.length for _, column, _ in enum_columns()} == {16}


def test_json_has_plain_words():
    value = {"roles": [UserRole.ADMIN], UserRole.USER: UserRole.USER}
    plain = '{"roles":["admin"],"user":"user"}'
    assert json.dumps(value, separators=(",", ":")) == plain
    assert orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode() == plain
    assert f"{UserRole.ADMIN} {UserRole.ADMIN!s}" == "admin admin"


def test_a_page_gets_and_compares_plain_words():
    class WordsState(rx.State):
        jobs: list[Job] = []
        role: UserRole = UserRole.USER

    assert json.loads(json_dumps([Job(), UserRole.ADMIN])) == [{"status": "done"}, "admin"]
    status = WordsState.jobs[0].status
    assert str(status == JobStatus.DONE) == str(status == "done")
    assert str(rx.match(status, (JobStatus.DONE, "a"), "b")) == str(
        rx.match(status, ("done", "a"), "b")
    )
    assert (
        "users.role." + WordsState.role
    )._js_expr == f'("users.role."+{WordsState.role._js_expr})'


def test_the_document_lists_the_words_in_place():
    words = TypeAdapter(UserRole).json_schema()
    assert words == TypeAdapter(Literal["user", "admin"]).json_schema()
    kinds = {each.__name__ for each in Choices.__subclasses__()}
    assert kinds > {"UserRole", "RunState"}
    assert not kinds & set(create_api().openapi()["components"]["schemas"])
