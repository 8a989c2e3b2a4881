"""The documented data model, in the tables and in the mapped classes, by its own names."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import undefer
from sqlmodel import SQLModel

from llm_ui import models
from llm_ui.db import script_engine, unit_of_work
from llm_ui.models import AIModel, AIProvider, ChatHistory, ChatMessage, UsageLog, User
from llm_ui.services.operations import backup_restore, backup_writing
from llm_ui.services.operations.backup_reading import Archive
from llm_ui.services.operations.migrations import SCHEMA
from tests.conftest import ROOT, People, fresh_postgres
from tests.filled import contents, fill

PROVIDER = "name api_url api_key provider_type is_active created_at updated_at"
MODEL = "name display_name provider_id model_type is_active created_at"
TYPE = "name description icon"
DOCUMENTED = {
    "User": "email username password_hash is_admin created_at last_login",
    "AIProvider": PROVIDER,
    "AIModel": f"{MODEL} context_window max_tokens",
    "AIType": TYPE,
    "MediaProvider": PROVIDER,
    "MediaModel": MODEL,
    "MediaType": TYPE,
    "ProviderEndpoint": "provider_id api_url api_key is_active created_at",
    "ChatHistory": "user_id project_id model_name title created_at updated_at",
    "Project": "user_id name description icon",
    "SystemPrompt": "user_id name prompt is_public tags",
    "UsageLog": "user_id model_name input_tokens output_tokens total_tokens cost duration "
    "created_at",
    "BackgroundJob": "job_id job_type status progress result error created_at started_at "
    "finished_at",
    "APIKey": "key_name api_key user_id is_active expires_at last_used created_at",
    "MonitoringLog": "log_level log_type message user_id metadata created_at",
    "PerformanceMetric": "metric_name metric_value model_name endpoint created_at",
}
# What is no column of its own: read from other rows, and by another name on the class.
READ = {"ChatHistory": {"messages"}}
ATTRIBUTES = {"metadata": "details"}
BEFORE, RENAMING = "0009i", "0010d"
RENAMED = {
    "user": {"last_login_at": "last_login"},
    "aiprovider": {"type": "provider_type", "base_url": "api_url", "api_key_encrypted": "api_key"},
    "providerendpoint": {"base_url": "api_url", "api_key_encrypted": "api_key"},
    "aimodel": {"type_id": "model_type"},
    "mediaprovider": {
        "type": "provider_type",
        "base_url": "api_url",
        "api_key_encrypted": "api_key",
    },
    "mediamodel": {"type_id": "model_type"},
    "backgroundjob": {"id": "job_id", "kind": "job_type"},
    "apikey": {"name": "key_name", "key_hash": "api_key", "last_used_at": "last_used"},
    "monitoringlog": {"level": "log_level", "kind": "log_type", "details": "metadata"},
    "performancemetric": {"name": "metric_name", "value": "metric_value"},
}

ADDED = {
    "user": ("is_admin",),
    "chathistory": ("model_name",),
    "usagelog": ("total_tokens", "cost", "duration"),
}


def _columns(url: str) -> dict[str, set[str]]:
    engine = script_engine(url)
    found = sa.inspect(engine)
    columns = {
        name: {each["name"] for each in found.get_columns(name)}
        for name in (*found.get_table_names(), *found.get_view_names())
    }
    engine.dispose()
    return columns


# Views of the rows of AIProvider, AIModel and AIType that are about images: no classes.
VIEWS = ("MediaProvider", "MediaModel", "MediaType")


@pytest.mark.parametrize("documented", [name for name in DOCUMENTED if name not in VIEWS])
def test_classes_have_the_documented_attributes(documented: str):
    mapped = sa.inspect(getattr(models, documented)).attrs.keys()
    names = {ATTRIBUTES.get(each, each) for each in DOCUMENTED[documented].split()}
    assert names | READ.get(documented, set()) <= set(mapped)


def test_tables_have_the_documented_columns(database_url: str):
    columns = _columns(database_url)
    missing = {
        name: sorted(set(names.split()) - columns[name.lower()])
        for name, names in DOCUMENTED.items()
    }
    assert {name: each for name, each in missing.items() if each} == {}
    older = {
        f"{table}.{before}"
        for table, names in RENAMED.items()
        for before in names
        if before in columns[table]
    }
    assert older == set()


def test_indexes_and_constraints_go_by_the_names_of_their_columns(database_url: str):
    engine = script_engine(database_url)
    found = sa.inspect(engine)
    names = {
        str(each["name"])
        for table in RENAMED.keys() & SQLModel.metadata.tables.keys()
        for each in (
            *found.get_check_constraints(table),
            *found.get_unique_constraints(table),
            *found.get_foreign_keys(table),
            *found.get_indexes(table),
        )
    }
    wanted = {
        str(each.name)
        for table in RENAMED.keys() & SQLModel.metadata.tables.keys()
        for each in (
            *SQLModel.metadata.tables[table].constraints,
            *SQLModel.metadata.tables[table].indexes,
        )
        if not isinstance(each, sa.PrimaryKeyConstraint)
    }
    engine.dispose()
    assert names == wanted


async def test_what_follows_from_other_columns_is_worked_out_by_the_database(people: People):
    async with unit_of_work() as session:
        user = await session.get_one(User, people.bob.user_id)
        before = user.is_admin
        user.role = "admin"
        usage = UsageLog(input_tokens=3, output_tokens=4, cost_micro=1_234_567)
        session.add(usage)
        await session.flush()
        assert (before, user.is_admin) == (False, True)
        assert (usage.total_tokens, usage.cost) == (7, 1.234567)
        admins = sa.select(User.username).where(User.is_admin)  # type: ignore[arg-type]
        assert set(await session.scalars(admins)) == {"alice", "bob"}
    with pytest.raises(sa.exc.DBAPIError):
        async with unit_of_work() as session:
            await session.execute(sa.text('UPDATE "user" SET is_admin = true'))


async def _model(session, name: str) -> AIModel:
    provider = AIProvider(name="P", provider_type="openai", api_url="http://127.0.0.1:9/v1")
    session.add(provider)
    await session.flush()
    model = AIModel(provider_id=provider.id, name=name, display_name=name.title())
    session.add(model)
    await session.flush()
    return model


async def test_a_chat_keeps_the_name_of_its_model_when_the_model_is_gone(people: People):
    async with unit_of_work() as session:
        first, second = await _model(session, "otter"), await _model(session, "heron")
        chat = ChatHistory(user_id=people.bob.user_id, title="x", model_id=first.id)
        session.add(chat)
        await session.flush()
        assert chat.model_name == "Otter"
        chat.model_id = second.id
        await session.flush()
        assert chat.model_name == "Heron"
        chat_id, model_id = chat.id, second.id
    async with unit_of_work() as session:
        await session.delete(await session.get_one(AIModel, model_id))
    async with unit_of_work() as session:
        left = await session.get_one(ChatHistory, chat_id)
        assert (left.model_id, left.model_name) == (None, "Heron")


async def test_a_chat_s_messages_are_the_branch_shown_and_only_when_asked_for(people: People):
    made = datetime(2026, 3, 1, 12, 0, 0, 120000, tzinfo=UTC)
    async with unit_of_work() as session:
        chat = ChatHistory(user_id=people.bob.user_id, title="x")
        session.add(chat)
        await session.flush()
        parent = None
        for role, text in (("user", 'a "q" 100%'), ("assistant", "beside"), ("assistant", "ä\n😀")):
            message = ChatMessage(
                chat_id=chat.id, parent_id=parent, role=role, content=text, created_at=made
            )
            message.model_name = "Otter" if role == "assistant" else ""
            session.add(message)
            await session.flush()
            parent = parent or message.id
        chat.active_leaf_id, chat_id = message.id, chat.id
    async with unit_of_work(writes=False) as session:
        plain = await session.get_one(ChatHistory, chat_id)
        with pytest.raises(InvalidRequestError):
            _ = plain.messages
    query = sa.select(ChatHistory).where(ChatHistory.id == chat_id)  # type: ignore[arg-type]
    async with unit_of_work(writes=False) as session:
        whole = (await session.scalars(query.options(undefer(ChatHistory.messages)))).one()
        moment = "2026-03-01T12:00:00.120000+00:00"
        assert whole.messages == [
            {"role": "user", "content": 'a "q" 100%', "model": "", "created_at": moment},
            {"role": "assistant", "content": "ä\n😀", "model": "Otter", "created_at": moment},
        ]
    async with unit_of_work() as session:
        empty = ChatHistory(user_id=people.bob.user_id, title="y")
        session.add(empty)
        await session.flush()
        asked = sa.select(ChatHistory.messages).where(ChatHistory.id == empty.id)
        assert await session.scalar(asked) == []


# --- the migration, on a filled database ------------------------------------------------------


def _rows(url: str, names: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Every row by the names of before."""
    engine = script_engine(url)
    tables = sa.MetaData()
    with engine.connect() as connection:
        tables.reflect(connection, only=lambda name, _: not name.startswith(("search", "alembic")))
        found = {
            table.name: sorted(
                repr(
                    sorted(
                        (names.get(table.name, {}).get(k, k), str(v))
                        for k, v in row.items()
                        if k not in ADDED.get(table.name, ())
                    )
                )
                for row in connection.execute(sa.select(table)).mappings()
            )
            for table in tables.sorted_tables
        }
    engine.dispose()
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def filled_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """A database of the newest schema with rows in every table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'filled.db'}"
    else:
        url = fresh_postgres(request.getfixturevalue("postgres_server"), "documented")
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")
    fill(url)
    return url


def _fill_media(url: str) -> None:
    """A row in each table that there is no more."""
    engine = script_engine(url)
    day = "2026-01-01 00:00:00.000000"
    with engine.execution_options(writes=True).begin() as connection:
        for statement in (
            "INSERT INTO mediatype (id, name, description, icon) VALUES ('t', 'image', 'x', 'y')",
            "INSERT INTO mediaprovider (id, name, type, base_url, api_key_encrypted, is_active, "
            "created_at, updated_at) "
            f"VALUES ('p', 'P', 'openai', 'u', 'k', true, '{day}', '{day}')",
            "INSERT INTO mediamodel (id, provider_id, type_id, name, display_name, default_params, "
            f"is_active, created_at) VALUES ('m', 'p', 't', 'n', 'N', '{{}}', true, '{day}')",
        ):
            connection.execute(sa.text(statement))
    engine.dispose()


def test_renaming_loses_nothing(filled_url: str):
    """Down, so that it is what an older version left, and up again."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = filled_url
    command.downgrade(config, BEFORE)
    _fill_media(filled_url)
    before = _rows(filled_url, {})
    assert all(before.values()), "a table without rows proves nothing"
    columns = _columns(filled_url)
    for table, names in RENAMED.items():
        assert names.keys() <= columns[table]
    command.upgrade(config, RENAMING)
    backwards = {t: {new: old for old, new in names.items()} for t, names in RENAMED.items()}
    after = _rows(filled_url, backwards)
    for table, rows in before.items():
        assert rows == after[table], table
    command.upgrade(config, "head")
    command.check(config)


def test_names_and_durations_are_filled_where_they_are_known(filled_url: str):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = filled_url
    command.downgrade(config, BEFORE)
    engine = script_engine(filled_url)
    day = "2026-01-01 00:00:00.000000"
    one, continued = (700, ["r1"]), (900, ["r2", "r3"])
    with engine.execution_options(writes=True).begin() as connection:
        chat_id, user_id, named, shown = connection.execute(
            sa.text(
                "SELECT c.id, c.user_id, c.model_id, m.display_name FROM chathistory c "
                "JOIN aimodel m ON m.id = c.model_id LIMIT 1"
            )
        ).one()
        for took, runs in (one, continued):
            message = str(uuid.uuid4())
            connection.execute(
                sa.text(
                    "INSERT INTO chatmessage (id, chat_id, role, content, reasoning, status, "
                    "error_code, error_key, error_params, model_name, is_estimated, duration_ms, "
                    "created_at) VALUES (:id, :chat, 'assistant', '', '', 'done', '', '', '{}', "
                    f"'', false, :took, '{day}')"
                ),
                {"id": message, "chat": chat_id, "took": took},
            )
            for run in runs:
                connection.execute(
                    sa.text(
                        "INSERT INTO generation (id, message_id, chat_id, user_id, state, "
                        "stop_requested, params, error_code, is_estimated, created_at) VALUES "
                        f"(:run, :message, :chat, :person, 'done', false, '{{}}', '', false, "
                        f"'{day}')"
                    ),
                    {"run": run, "message": message, "chat": chat_id, "person": user_id},
                )
                connection.execute(
                    sa.text(
                        "INSERT INTO usagelog (id, run_id, model_name, provider_name, endpoint, "
                        "status, input_tokens, cached_tokens, output_tokens, reasoning_tokens, "
                        "is_estimated, cost_micro, currency, created_at) VALUES (:run, :run, '', "
                        f"'', 'chat', 'done', 5, 0, 6, 0, false, 2500000, 'USD', '{day}')"
                    ),
                    {"run": run},
                )
    command.upgrade(config, "head")
    with engine.connect() as connection:
        usage = connection.execute(
            sa.text(
                "SELECT id, duration, total_tokens, cost FROM usagelog "
                "WHERE id IN ('r1', 'r2', 'r3') ORDER BY id"
            )
        ).all()
        name = connection.execute(
            sa.text("SELECT model_name FROM chathistory WHERE id = :id"), {"id": chat_id}
        ).scalar_one()
    engine.dispose()
    assert [(*each[:3], float(each[3])) for each in usage] == [
        ("r1", 700, 11, 2.5),
        ("r2", None, 11, 2.5),
        ("r3", None, 11, 2.5),
    ]
    assert (bool(named), name) == (True, shown)


def test_a_backup_of_the_names_of_before_is_restored(filled_url: str, tmp_path: Path):
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = filled_url
    command.downgrade(config, BEFORE)
    archive, target = tmp_path / "backup.zip", f"sqlite:///{tmp_path / 'target.db'}"
    secret = b"a secret for archives, long enough"
    backup_writing.write(filled_url, tmp_path / "data", archive, secret, with_files=False)
    with Archive(archive) as opened:
        backup_restore.restore(opened, target, SCHEMA)
    command.upgrade(config, "head")
    assert contents(target) == contents(filled_url)
