"""Providers and models of images of before are ordinary ones after the migration, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from llm_ui.config import get_settings
from llm_ui.db import script_engine
from llm_ui.security import encryption
from tests.conftest import ROOT, fresh_postgres

BEFORE = "0011n"
DAY = "2026-01-01 00:00:00.000000"
OPENAI, ELSEWHERE = "https://api.openai.com/v1", "http://10.0.0.1:8000/v1"
Row = dict[str, Any]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A database of the version of before, without rows."""
    url = f"sqlite:///{tmp_path / 'before.db'}"
    if request.param == "postgres":
        url = fresh_postgres(request.getfixturevalue("postgres_server"), "images")
    found = Config(ROOT / "alembic.ini")
    found.attributes["url"] = url
    command.upgrade(found, BEFORE)
    return found


@pytest.fixture
def database(config: Config) -> Iterator[sa.Engine]:
    engine = script_engine(config.attributes["url"])
    yield engine
    engine.dispose()


def insert(database: sa.Engine, table: str, *rows: Row) -> None:
    with database.execution_options(writes=True).begin() as connection:
        for row in rows:
            values = {
                name: json.dumps(value) if isinstance(value, (dict, list)) else value
                for name, value in row.items()
            }
            names = ", ".join(values)
            marks = ", ".join(f":{each}" for each in values)
            connection.execute(sa.text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'), values)


def rows(database: sa.Engine, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query)).all()]


def secret(text: str) -> str:
    return encryption.encrypt(get_settings().secret_keys, text)


def key_of(database: sa.Engine, provider_id: str) -> str:
    ((stored,),) = rows(database, f"SELECT api_key FROM aiprovider WHERE id = '{provider_id}'")
    return encryption.decrypt(get_settings().secret_keys, stored)


def media_provider(id: str, url: str, key: str | None, **more: Any) -> Row:
    made = {"id": id, "name": f"Media {id}", "provider_type": "openai", "api_url": url}
    times = {"created_at": DAY, "updated_at": DAY}
    return {**made, "api_key": key and secret(key), "is_active": True, **times, **more}


def provider(id: str, url: str, key: str | None, **more: Any) -> Row:
    rest = {"origin": "admin", "timeouts": {}, "status": "ok", "status_detail": ""}
    return {**media_provider(id, url, key), "name": f"Provider {id}", **rest, **more}


def media_model(id: str, provider_id: str, name: str, **more: Any) -> Row:
    made = {"id": id, "provider_id": provider_id, "model_type": "kind", "name": name}
    rest = {"display_name": f"Shown {id}", "default_params": {}, "is_active": True}
    return {**made, **rest, "created_at": DAY, **more}


def model(id: str, provider_id: str, name: str, kind: str, **more: Any) -> Row:
    rest: Row = {"description": "", "icon": "", "capabilities": [], "system_prompt": ""}
    rest |= {"visibility": "everyone", "sort_order": 0, "is_default": False, "is_available": True}
    return {**media_model(id, provider_id, name), "model_type": kind, **rest} | {
        "updated_at": DAY,
        **more,
    }


@pytest.fixture
def filled(database: sa.Engine) -> sa.Engine:
    """What an installation may have had."""
    insert(
        database,
        "aitype",
        {
            "id": "chat",
            "slug": "chat",
            "name": "chat",
            "description": "",
            "icon": "bot",
            "sort_order": 3,
        },
        {
            "id": "mine",
            "slug": None,
            "name": "image",
            "description": "",
            "icon": "",
            "sort_order": 4,
        },
    )
    insert(
        database,
        "mediatype",
        {"id": "kind", "name": "image", "description": "Pictures", "icon": "palette"},
    )
    insert(
        database,
        "aiprovider",
        provider("same", f"{OPENAI}/", "key-1"),
        provider("other-key", ELSEWHERE, "key-2"),
        provider("own-headers", ELSEWHERE, None, headers_encrypted=secret("{}")),
        provider("off", ELSEWHERE, None, is_active=False),
    )
    insert(
        database,
        "mediaprovider",
        media_provider("joins", OPENAI, "key-1"),
        media_provider("second", OPENAI, "key-1"),
        media_provider("alone", ELSEWHERE, None),
        media_provider("idle", ELSEWHERE, "key-3"),
        media_provider("switched-off", ELSEWHERE, "key-4", is_active=False),
    )
    insert(
        database,
        "aimodel",
        model("gpt", "same", "gpt-5", "chat", sort_order=7),
        model("dalle", "same", "dall-e-3", "chat", is_default=True),
        model("listed", "same", "gpt-image-1", "chat", default_params={"temperature": 1}),
        model("mine-1", "same", "drawings", "mine"),
    )
    insert(
        database,
        "mediamodel",
        media_model("canvas", "joins", "gpt-image-1", default_params={"size": "auto", "n": 2}),
        media_model("brush", "joins", "own-brush", model_type=None),
        media_model("again", "second", "gpt-image-1", default_params={"quality": "hd"}),
        media_model("sketch", "alone", "sketch", is_active=False),
        media_model("dark", "switched-off", "dark"),
    )
    insert(
        database,
        "user",
        {
            "id": "bob",
            "email": "b@example.org",
            "username": "bob",
            "password_hash": "",
            "role": "user",
            "is_active": True,
            "preferences": {},
            "created_at": DAY,
            "updated_at": DAY,
        },
    )
    insert(
        database,
        "chathistory",
        {
            "id": "c",
            "user_id": "bob",
            "title": "x",
            "title_is_automatic": True,
            "settings": {},
            "is_temporary": False,
            "created_at": DAY,
            "updated_at": DAY,
        },
    )
    message = {
        "chat_id": "c",
        "role": "assistant",
        "content": "",
        "reasoning": "",
        "status": "done",
        "error_code": "",
        "error_key": "",
        "error_params": {},
        "model_name": "Canvas",
        "is_estimated": False,
        "created_at": DAY,
    }
    run = {
        "chat_id": "c",
        "user_id": "bob",
        "state": "done",
        "stop_requested": False,
        "params": {},
        "error_code": "",
        "is_estimated": False,
        "created_at": DAY,
    }
    asked = {"r1": "canvas", "r2": "brush", "r3": "again", "r4": None}
    for number, media_id in asked.items():
        insert(database, "chatmessage", {"id": f"m-{number}", **message})
        run_model = {"model_id": None if media_id else "gpt", "media_model_id": media_id}
        insert(
            database, "generation", {"id": number, "message_id": f"m-{number}", **run_model, **run}
        )
    insert(
        database,
        "usagelog",
        {
            "id": "u",
            "run_id": "r1",
            "model_name": "Canvas",
            "provider_name": "Media joins",
            "endpoint": "images",
            "status": "done",
            "input_tokens": 5,
            "cached_tokens": 0,
            "output_tokens": 6,
            "reasoning_tokens": 0,
            "is_estimated": False,
            "cost_micro": 0,
            "currency": "USD",
            "created_at": DAY,
        },
    )
    return database


RUNS = "SELECT id, model_id FROM generation ORDER BY id"


def test_an_installation_without_images_gets_none(config: Config, database: sa.Engine):
    command.upgrade(config, "head")
    command.check(config)
    assert rows(database, "SELECT id FROM aitype") == []
    assert rows(database, "SELECT id FROM mediamodel") == []


def test_nothing_of_before_is_lost(config: Config, filled: sa.Engine):
    command.upgrade(config, "head")
    command.check(config)
    # The same address, type and key are the same provider; two of them make two all the same.
    found = rows(filled, "SELECT id, is_active, offers_new_models FROM aiprovider ORDER BY id")
    assert [(name, bool(active), bool(new)) for name, active, new in found] == [
        ("alone", True, False),
        ("idle", False, False),
        ("off", False, True),
        ("other-key", True, True),
        ("own-headers", True, True),
        ("same", True, True),
        ("second", True, False),
        ("switched-off", False, False),
    ]
    assert (key_of(filled, "second"), key_of(filled, "switched-off")) == ("key-1", "key-4")
    columns = "id, provider_id, name, display_name, is_active, is_default, sort_order"
    found = rows(filled, f"SELECT {columns} FROM aimodel WHERE model_type = 'kind' ORDER BY id")
    assert [(*each[:4], bool(each[4]), bool(each[5]), each[6]) for each in found] == [
        ("again", "second", "gpt-image-1", "Shown again", True, False, 0),
        ("brush", "same", "own-brush", "Shown brush", True, False, 8),
        ("dalle", "same", "dall-e-3", "Shown dalle", False, False, 0),
        ("dark", "switched-off", "dark", "Shown dark", True, False, 0),
        ("listed", "same", "gpt-image-1", "Shown canvas", True, False, 0),
        ("sketch", "alone", "sketch", "Shown sketch", False, False, 0),
    ]
    kept = rows(filled, "SELECT id, default_params, fixed FROM aimodel")
    told = {
        name: tuple(json.loads(each) if isinstance(each, str) else each for each in rest)
        for name, *rest in kept
    }
    assert told["listed"] == ({"size": "auto", "n": 2}, [])
    assert told["again"] == ({"quality": "hd"}, ["available"])
    assert told["gpt"] == ({}, [])
    assert rows(filled, RUNS) == [("r1", "listed"), ("r2", "brush"), ("r3", "again"), ("r4", "gpt")]
    types = rows(filled, "SELECT id, slug, name, description, icon, sort_order FROM aitype")
    assert ("kind", "image", "images", "Pictures", "palette", 5) in types
    assert rows(filled, "SELECT model_type FROM aimodel WHERE id = 'mine-1'") == [("mine",)]
    ledger = rows(filled, "SELECT model_name, provider_name, endpoint FROM usagelog")
    assert ledger == [("Canvas", "Media joins", "images")]


def test_the_documented_names_show_the_same_rows(config: Config, filled: sa.Engine):
    command.upgrade(config, "head")
    models = rows(filled, "SELECT id, provider_id, display_name FROM mediamodel ORDER BY id")
    assert ("listed", "same", "Shown canvas") in models
    assert {each[0] for each in models} == {"again", "brush", "dalle", "dark", "listed", "sketch"}
    providers = rows(filled, "SELECT id, api_url FROM mediaprovider ORDER BY id")
    assert providers == [
        ("alone", ELSEWHERE),
        ("same", f"{OPENAI}/"),
        ("second", OPENAI),
        ("switched-off", ELSEWHERE),
    ]
    assert rows(filled, "SELECT id, name FROM mediatype") == [("kind", "images")]


def test_the_way_back_and_up_again(config: Config, filled: sa.Engine):
    command.upgrade(config, "head")
    command.downgrade(config, BEFORE)
    found = rows(filled, "SELECT id, name, is_active FROM mediaprovider ORDER BY id")
    assert [(*each[:2], bool(each[2])) for each in found] == [
        ("alone", "Media alone", True),
        ("same", "Provider same", True),
        ("second", "Media second", True),
        ("switched-off", "Media switched-off", False),
    ]
    runs = rows(filled, "SELECT id, model_id, media_model_id FROM generation ORDER BY id")
    assert runs == [
        ("r1", None, "listed"),
        ("r2", None, "brush"),
        ("r3", None, "again"),
        ("r4", "gpt", None),
    ]
    # Nothing is asked twice, and no model of images is offered for chats.
    on = rows(filled, "SELECT id FROM aiprovider WHERE is_active ORDER BY id")
    assert on == [("other-key",), ("own-headers",), ("same",)]
    assert rows(filled, "SELECT id FROM aimodel WHERE is_active ORDER BY id") == [
        ("gpt",),
        ("mine-1",),
    ]
    command.upgrade(config, "head")
    command.check(config)
    assert rows(filled, RUNS) == [("r1", "listed"), ("r2", "brush"), ("r3", "again"), ("r4", "gpt")]
    on = rows(filled, "SELECT id FROM aimodel WHERE is_active ORDER BY id")
    assert [each[0] for each in on] == ["again", "brush", "dark", "gpt", "listed", "mine-1"]
    assert key_of(filled, "second") == "key-1"
    assert rows(filled, "SELECT id FROM aiprovider WHERE is_active ORDER BY id") == [
        ("alone",),
        ("other-key",),
        ("own-headers",),
        ("same",),
        ("second",),
    ]
