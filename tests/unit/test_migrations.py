"""Migrations: from nothing to the newest tables and back, the same on both databases."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui import indexing
from llm_ui.db import script_url
from llm_ui.models import metadata
from llm_ui.services.chats.search_words import fts5, parse, tsquery
from tests.conftest import ROOT, fresh_postgres

DOCUMENTED = {
    "user",
    "aiprovider",
    "aimodel",
    "aitype",
    "mediaprovider",
    "mediamodel",
    "mediatype",
    "chathistory",
    "project",
    "systemprompt",
    "usagelog",
    "backgroundjob",
    "apikey",
    "monitoringlog",
    "performancemetric",
}


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
    found = sa.inspect(engine)
    assert {*found.get_table_names(), *found.get_view_names()} >= DOCUMENTED
    command.downgrade(config, "base")
    found = sa.inspect(engine)
    assert {*found.get_table_names(), *found.get_view_names()} <= {"alembic_version"}
    command.upgrade(config, "head")
    command.check(config)
    engine.dispose()


def test_types_and_prices_of_before_keep_what_they_mean(empty_url: str):
    """Types were known by their names; a part of a price that nobody could set was 0."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = empty_url
    command.upgrade(config, "0007f")
    engine = sa.create_engine(script_url(empty_url))
    day = "2026-01-01 00:00:00.000000"
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO aitype VALUES ('t', 'reasoning', '', 'brain', 1)",
            "INSERT INTO aitype VALUES ('u', 'poets', '', '', 2)",
            "INSERT INTO aiprovider (id, name, type, base_url, origin, is_active, timeouts, "
            f"status, status_detail, created_at, updated_at) VALUES ('p', 'P', 'openai', 'x', "
            f"'admin', true, '{{}}', 'ok', '', '{day}', '{day}')",
            "INSERT INTO aimodel (id, provider_id, name, display_name, description, icon, "
            "capabilities, default_params, system_prompt, visibility, sort_order, is_default, "
            "is_active, is_available, created_at, updated_at) VALUES ('m', 'p', 'm', 'M', '', '', "
            f"'[]', '{{}}', '', 'everyone', 0, false, true, true, '{day}', '{day}')",
            f"INSERT INTO modelprice VALUES ('x', 'm', '{day}', 'USD', 5, 0, 7, 0)",
        ):
            connection.execute(sa.text(statement))
    command.upgrade(config, "head")
    with engine.connect() as connection:
        slugs = connection.execute(sa.text("SELECT id, slug FROM aitype ORDER BY id")).all()
        price = connection.execute(
            sa.text(
                "SELECT input_micro, cached_input_micro, output_micro, reasoning_micro, source "
                "FROM modelprice"
            )
        ).one()
    engine.dispose()
    assert [tuple(each) for each in slugs] == [("t", "reasoning"), ("u", None)]
    assert tuple(price) == (5, None, 7, None, "")


def test_chats_of_before_are_found_by_their_words_in_every_script(empty_url: str):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = empty_url
    command.upgrade(config, "0007i")
    engine = sa.create_engine(script_url(empty_url))
    day = "2026-01-01 00:00:00.000000"
    with engine.begin() as connection:
        for statement in (
            'INSERT INTO "user" (id, email, username, password_hash, role, is_active, '
            "preferences, created_at, updated_at) "
            f"VALUES ('b-o', 'b@example.org', 'bob', '', 'user', true, '{{}}', '{day}', '{day}')",
            "INSERT INTO chathistory (id, user_id, title, title_is_automatic, settings, "
            "created_at, updated_at) VALUES ('c', 'b-o', '한국 여행', true, '{}', "
            f"'{day}', '{day}')",
            "INSERT INTO chatmessage (id, chat_id, role, content, reasoning, status, error_code, "
            "error_key, error_params, model_name, is_estimated, created_at) VALUES ('m', 'c', "
            f"'user', '请帮我写设备清单', '', 'done', '', '', '{{}}', '', false, '{day}')",
        ):
            connection.execute(sa.text(statement))
    command.upgrade(config, "head")
    is_sqlite = engine.dialect.name == "sqlite"

    def found(*typed: str) -> int:
        wanted = parse(" ".join(typed))
        with engine.connect() as connection:
            if is_sqlite:
                query = "SELECT count(*) FROM searchindex WHERE searchindex MATCH :asked"
                asked = fts5(wanted, "b-o")
            else:
                query = "SELECT count(*) FROM searchentry WHERE words @@ CAST(:asked AS tsquery)"
                asked = tsquery(wanted)
            return int(connection.execute(sa.text(query), {"asked": asked}).scalar_one())

    assert [found("여행"), found("设备清单"), found("备单")] == [1, 1, 0]
    command.downgrade(config, "0007i")
    command.upgrade(config, "head")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE chathistory SET title = 'Reise'"))
        connection.execute(sa.text("DELETE FROM chatmessage"))
    if not is_sqlite:
        with engine.begin() as connection:
            assert indexing.fill(connection) == 1
    assert [found("여행"), found("设备清单"), found("reise")] == [0, 0, 1]
    engine.dispose()


def test_prompts_of_others_that_were_chosen_become_copies(empty_url: str):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = empty_url
    command.upgrade(config, "0008s")
    engine = sa.create_engine(script_url(empty_url))
    day = "2026-01-01 00:00:00.000000"
    people = (("bob", "shared"), ("charlie", "own"), ("dora", "private"), ("erin", "left"))
    prompts = (
        ("shared", "writer", "true"),
        ("own", "charlie", "true"),
        ("private", "writer", "false"),
        ("left", "gone", "true"),
    )
    with engine.begin() as connection:
        for name, chosen in (*people, ("writer", ""), ("gone", "")):
            preferences = f'{{"theme": "dark", "default_prompt_id": "{chosen}"}}'
            connection.execute(
                sa.text(
                    'INSERT INTO "user" (id, email, username, password_hash, role, is_active, '
                    "preferences, created_at, updated_at) VALUES (:name, :name, :name, '', 'user', "
                    f"{'false' if name == 'gone' else 'true'}, :preferences, '{day}', '{day}')"
                ),
                {"name": name, "preferences": preferences},
            )
        for prompt, owner, is_public in prompts:
            connection.execute(
                sa.text(
                    "INSERT INTO systemprompt (id, user_id, name, prompt, tags, is_public, "
                    f"created_at, updated_at) VALUES ('{prompt}', '{owner}', 'n', 'Be {prompt}.', "
                    f"'[\"t\"]', {is_public}, '{day}', '{day}')"
                )
            )
    command.upgrade(config, "head")
    copies = sa.text(
        "SELECT user_id, prompt, is_public, id FROM systemprompt "
        "WHERE id NOT IN ('shared', 'own', 'private', 'left')"
    )
    with engine.connect() as connection:
        (copy,) = connection.execute(copies).all()
        chosen = connection.execute(
            sa.text("SELECT preferences FROM \"user\" WHERE id = 'bob'")
        ).scalar_one()
    engine.dispose()
    assert (copy.user_id, copy.prompt, bool(copy.is_public)) == ("bob", "Be shared.", False)
    chosen = json.loads(chosen) if isinstance(chosen, str) else chosen
    assert chosen == {"theme": "dark", "default_prompt_id": copy.id}


def test_every_foreign_key_says_what_happens_on_delete():
    keys = [key for table in metadata.tables.values() for key in table.foreign_key_constraints]
    assert keys
    assert [key.name for key in keys if not key.ondelete] == []
