"""Alice looks after providers: what may be written, what is told, what goes nowhere."""

import asyncio
from dataclasses import asdict
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.generation import Engine
from llm_ui.models import AIModel, AIProvider, ChatHistory, ChatMessage, MonitoringLog, UsageLog
from llm_ui.providers.types import Found
from llm_ui.schemas.catalogue.providers import AddressDraft, ProviderDraft, ProviderItem
from llm_ui.services.answers import runs
from llm_ui.services.catalogue import (
    adapters,
    provider_addresses,
    provider_admin,
    provider_checks,
    provider_connection,
    provider_views,
    providers,
)
from llm_ui.services.chats import chats, messages
from tests.conftest import People, until
from tests.scripted import ScriptedServer
from tests.unit.test_engine import watch

KEY = "sk-very-secret-4711"
HEADER = "team-blue-0815"


async def create(alice: Actor, type: str = "openai", **fields) -> ProviderItem:
    given = {"name": "Cellar", "api_url": "http://10.1.2.3:8000/v1"} | fields
    async with unit_of_work() as session:
        return await provider_admin.create_provider(session, alice, type, ProviderDraft(**given))


async def update(alice: Actor, provider_id: str, **fields) -> ProviderItem:
    async with unit_of_work() as session:
        draft = ProviderDraft(**fields)
        return await provider_admin.update_provider(session, alice, provider_id, draft)


async def row_of(provider_id: str) -> AIProvider:
    async with unit_of_work(writes=False) as session:
        found = await session.get(AIProvider, provider_id)
    assert found is not None
    return found


async def logged(kind: str) -> list[MonitoringLog]:
    async with unit_of_work(writes=False) as session:
        query = sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == kind)
        return list(await session.scalars(query.order_by(col(MonitoringLog.id))))


async def refused(call) -> AppError:
    with pytest.raises(AppError) as caught:
        await call
    return caught.value


# --- writing and looking --------------------------------------------------------------


async def test_what_is_created_is_told_without_its_secrets(db: Database, people: People):
    made = await create(
        people.alice, api_key=KEY, headers={"X-Team": HEADER}, limit=3, timeouts={"first_token": 5}
    )
    assert (made.key_stored, made.headers, made.limit) == (True, ["X-Team"], 3)
    assert made.timeouts == {"first_token": 5.0}
    row = await row_of(made.id)
    assert adapters.key_of(row) == KEY
    assert adapters.headers_of(row) == {"X-Team": HEADER}
    (record,) = await logged("admin.provider_created")
    everything = f"{asdict(made)} {record.message} {record.details} {row.model_dump()}"
    assert KEY not in everything
    assert HEADER not in everything


async def test_lists_come_in_pages_oldest_first(db: Database, people: People):
    names = [(await create(people.alice, name=f"No. {n}")).name for n in range(5)]
    found: list[str] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while True:
            page = await provider_views.list_providers(session, people.alice, cursor, limit=2)
            found += [each.name for each in page.items]
            if (cursor := page.next_cursor) is None:
                break
    assert found == names


async def test_nobody_but_an_admin_does_any_of_it(db: Database, people: People):
    made = await create(people.alice)
    for outsider in (people.bob, people.charlie):
        async with unit_of_work() as session:
            draft = ProviderDraft(name="Mine")
            address = AddressDraft(api_url="http://10.1.2.4")
            calls = (
                provider_views.list_providers(session, outsider),
                provider_views.get_provider(session, outsider, made.id),
                provider_views.dependents(session, outsider, made.id),
                provider_admin.create_provider(session, outsider, "openai", draft),
                provider_admin.update_provider(session, outsider, made.id, draft),
                provider_admin.delete_provider(outsider, made.id),
                provider_addresses.add_address(session, outsider, made.id, address),
                provider_addresses.update_address(session, outsider, made.id, "x", address),
                provider_addresses.move_address(session, outsider, made.id, "x", 0),
                provider_addresses.delete_address(session, outsider, made.id, "x"),
                provider_connection.try_draft(outsider, "openai", draft, ""),
                provider_connection.try_provider(outsider, made.id),
                provider_connection.sync_now(outsider, made.id),
            )
            for call in calls:
                assert type(await refused(call)) is NotAllowed
        for look in (provider_views.types, provider_views.presets):
            with pytest.raises(NotAllowed):
                look(outsider)
    assert (await row_of(made.id)).name == "Cellar"


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": "  "}),
    ("name", {"name": "x" * 101}),
    ("api_url", {"api_url": "ftp://host"}),
    ("api_url", {"api_url": "host:8000"}),
    ("api_url", {"api_url": "http://user:word@host"}),
    ("api_url", {"api_url": "http://host/v1?key=1"}),
    ("api_url", {"api_url": "http://host/v1#x"}),
    ("api_url", {"api_url": "http://ho st"}),
    ("api_url", {"api_url": "http://host\r\nx: y"}),
    ("api_url", {"api_url": "http://169.254.169.254/latest"}),
    ("api_url", {"api_url": "http://[::ffff:169.254.169.254]/"}),
    ("api_url", {"api_url": "http://2852039166/"}),
    ("api_url", {"api_url": "http://host:99999"}),
    ("api_url", {"api_url": "http://" + "x" * 600}),
    ("api_key", {"api_key": "with space"}),
    ("api_key", {"api_key": "two\r\nlines"}),
    ("api_key", {"api_key": "schlüssel"}),
    ("headers", {"headers": {"Authorization": "Bearer x"}}),
    ("headers", {"headers": {"x-API-key": "x"}}),
    ("headers", {"headers": {"Host": "elsewhere"}}),
    ("headers", {"headers": {"Cookie": "a=b"}}),
    ("headers", {"headers": {"Content-Length": "0"}}),
    ("headers", {"headers": {"X Y": "x"}}),
    ("headers", {"headers": {"X:Y": "x"}}),
    ("headers", {"headers": {"X-Y": "a\r\nb: c"}}),
    ("headers", {"headers": {"X-Y": "a\nb"}}),
    ("headers", {"headers": {"X-Y": ""}}),
    ("headers", {"headers": {"X-Y": "ä"}}),
    ("headers", {"headers": {"X-Y": None}}),
    ("headers", {"headers": {"X-Y": "1", "x-y": "2"}}),
    ("headers", {"headers": {f"X-{n}": "1" for n in range(21)}}),
    ("limit", {"limit": -1}),
    ("limit", {"limit": 10_001}),
    ("connect", {"timeouts": {"connect": 0}}),
    ("connect", {"timeouts": {"connect": 301}}),
    ("total", {"timeouts": {"total": float("nan")}}),
    ("lunch", {"timeouts": {"lunch": 60}}),
]


async def test_what_cannot_be_is_refused_by_its_field(db: Database, people: People):
    told = []
    for _, fields in WRONG:
        error = await refused(create(people.alice, **fields))
        told.append((isinstance(error, InvalidInput) and error.field, fields))
    assert told == WRONG


async def test_an_admins_addresses_may_be_private(db: Database, people: People):
    for url in (
        "http://127.0.0.1:8000/v1",
        "http://192.168.1.20",
        "https://models.intern/v1/",
        "http://[fd00::1]:8080",
        "http://gpu-box:1234/v1",
    ):
        assert (await create(people.alice, api_url=url)).api_url == url.rstrip("/")


async def test_an_unknown_type_and_a_missing_key_are_refused(db: Database, people: People):
    assert (await refused(create(people.alice, type="scripted"))).message_key == (
        "error.provider_type"
    )
    error = await refused(create(people.alice, type="anthropic"))
    assert error.message_key == "error.provider_key_needed"
    made = await create(people.alice, type="anthropic", api_url=None, api_key=KEY)
    assert made.api_url == "https://api.anthropic.com"
    error = await refused(update(people.alice, made.id, api_key=""))
    assert error.message_key == "error.provider_key_needed"


async def test_changes_are_in_the_log_with_before_and_after(db: Database, people: People):
    made = await create(people.alice, api_key=KEY)
    await update(people.alice, made.id, name="Attic", limit=2)
    await update(people.alice, made.id, api_key="sk-another-one")
    await update(people.alice, made.id, headers={"X-Team": HEADER})
    await update(people.alice, made.id, headers={"X-Team": "team-red-0815"})
    await update(people.alice, made.id, headers={"X-Team": None})
    await update(people.alice, made.id, api_key="")
    await update(people.alice, made.id, name="Attic")
    changes = [row.details["changes"] for row in await logged("admin.provider_changed")]
    assert changes == [
        {"name": ["Cellar", "Attic"], "limit": [None, 2]},
        {"api_key": ["stored", "replaced"]},
        {"headers": [[], ["X-Team"]]},
        {"headers": [["X-Team"], ["X-Team"]]},
        {"api_key": ["stored", "none"]},
    ]
    row = await row_of(made.id)
    assert (row.api_key, adapters.headers_of(row)) == (None, {"X-Team": "team-red-0815"})
    assert (await logged("admin.provider_changed"))[0].user_id == people.alice.user_id


async def test_a_stored_secret_does_not_follow_the_address_to_another_host(
    db: Database, people: People
):
    made = await create(people.alice, api_key=KEY, headers={"X-Team": HEADER})
    for elsewhere in ("http://evil.example/v1", "http://10.1.2.3:9000/v1", "https://10.1.2.3/v1"):
        error = await refused(update(people.alice, made.id, api_url=elsewhere))
        assert (error.message_key, error.field) == ("error.provider_key_again", "api_key")
        error = await refused(update(people.alice, made.id, api_url=elsewhere, api_key="new"))
        assert error.field == "headers"
        error = await refused(
            update(people.alice, made.id, api_url=elsewhere, api_key="", headers={"X-Team": None})
        )
        assert error.field == "headers"
        # A test of the connection would carry it just as well.
        draft = ProviderDraft(api_url=elsewhere)
        error = await refused(provider_connection.try_draft(people.alice, "", draft, made.id))
        assert error.field == "api_key"
        draft = ProviderDraft(api_url=elsewhere, api_key="new")
        error = await refused(provider_connection.try_draft(people.alice, "", draft, made.id))
        assert error.field == "headers"
    same_host = await update(people.alice, made.id, api_url="http://10.1.2.3:8000/other/v1")
    assert same_host.key_stored
    moved = await update(
        people.alice,
        made.id,
        api_url="http://evil.example/v1",
        api_key="",
        headers={"X-Team": "typed again"},
    )
    assert (moved.key_stored, moved.api_url) == (False, "http://evil.example/v1")


async def test_a_missing_provider_is_not_found(db: Database, people: People):
    for call in (
        update(people.alice, "x", name="y"),
        provider_admin.delete_provider(people.alice, "x"),
        provider_connection.try_provider(people.alice, "x"),
        provider_connection.sync_now(people.alice, "x"),
    ):
        assert isinstance(await refused(call), NotFound)


# --- those of the environment ---------------------------------------------------------


async def test_of_the_environments_providers_name_and_limits_are_an_admins(
    db: Database, people: People, settings_env
):
    found = [Found("openai", "OpenAI", "http://10.0.0.1/v1", KEY)]
    settings_env("OPENAI_API_KEY", KEY)
    await providers.ensure_providers(found)
    async with unit_of_work(writes=False) as session:
        (item,) = (await provider_views.list_providers(session, people.alice)).items
    assert item.variables == ["OPENAI_BASE_URL", "OPENAI_API_KEY"]
    for fields in ({"api_url": "http://10.0.0.2/v1"}, {"api_key": "mine"}, {"api_key": ""}):
        error = await refused(update(people.alice, item.id, **fields))
        assert isinstance(error, Conflict)
        assert "OPENAI_API_KEY" in error.params["variables"]
    changed = await update(
        people.alice, item.id, name="Ours", is_active=False, limit=1, api_url="http://10.0.0.1/v1"
    )
    assert (changed.name, changed.is_active, changed.limit) == ("Ours", False, 1)
    # The next start finds it again and leaves that as it is.
    await providers.ensure_providers(found)
    row = await row_of(item.id)
    assert (row.name, row.is_active, row.concurrency_limit) == ("Ours", False, 1)
    error = await refused(provider_admin.delete_provider(people.alice, item.id))
    assert error.message_key == "error.provider_comes_back"
    # Once the environment no longer names it, it may go.
    settings_env("OPENAI_API_KEY", "")
    settings_env("OPENAI_BASE_URL", "")
    await provider_admin.delete_provider(people.alice, item.id)
    with pytest.raises(AssertionError):
        await row_of(item.id)


# --- removing -------------------------------------------------------------------------


async def test_chats_keep_their_answers_when_their_provider_goes(
    engine: Engine, people: People, upstream: ScriptedServer
):
    made = await create(people.alice, api_url=f"{upstream.url}/v1")
    await providers.sync_all()
    async with unit_of_work(writes=False) as session:
        model_id = (await session.scalars(sa.select(col(AIModel.id)))).first()
    upstream.script("say:Kept.")
    done = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, done.run_id)
    upstream.script("tokens=500 rate=50")
    asked = await runs.ask(people.bob, "Go on", chat_id=done.chat_id)

    def is_writing() -> bool:
        live = engine.live(asked.run_id)
        return live is not None and live.log.length > 20

    await until(is_writing)
    async with unit_of_work(writes=False) as session:
        hangs = await provider_views.dependents(session, people.alice, made.id)
    assert (hangs.models, hangs.chats, hangs.running) == (4, 1, 1)
    await provider_admin.delete_provider(people.alice, made.id)
    async with unit_of_work(writes=False) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(AIModel)) == 0
        kept = await session.get(ChatMessage, done.message_id)
        ended = await session.get(ChatMessage, asked.message_id)
        chat = await session.get(ChatHistory, done.chat_id)
        usage = list(await session.scalars(sa.select(UsageLog)))
    assert kept is not None
    assert (kept.content, kept.status, kept.model_name) == ("Kept.", "done", "scripted")
    assert ended is not None
    assert (ended.status, ended.error_key) == ("failed", "error.provider_removed")
    assert ended.content
    assert chat is not None
    assert chat.model_id is None
    # The ledger has both, with the names of what is gone.
    assert {(row.model_name, row.provider_name) for row in usage} == {("scripted", "Cellar")}
    assert len(usage) == 2
    view = messages.view_of(ended, "en")
    assert "was removed" in view.error
    (record,) = await logged("admin.provider_deleted")
    assert record.details["api_url"] == f"{upstream.url}/v1"
    error = await refused(runs.ask(people.bob, "Once more", chat_id=done.chat_id))
    assert (error.code, error.params["model"]) == ("model_unavailable", "scripted")


async def test_switched_off_it_is_asked_nothing_and_offers_nothing(
    engine: Engine, people: People, upstream: ScriptedServer
):
    made = await create(people.alice, api_url=f"{upstream.url}/v1")
    await providers.sync_all()
    upstream.script("tokens=30 rate=50")
    async with unit_of_work(writes=False) as session:
        model_id = (await session.scalars(sa.select(col(AIModel.id)))).first()
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await until(lambda: engine.live(asked.run_id) and engine.live(asked.run_id).log.length)
    await update(people.alice, made.id, is_active=False)
    # What has begun is written to its end.
    await watch(people.bob, asked.run_id)
    async with unit_of_work(writes=False) as session:
        answer = await session.get(ChatMessage, asked.message_id)
        assert answer is not None
        assert answer.status == "done"
        chat = await chats.get_chat_for(session, people.bob, asked.chat_id)
    error = await refused(runs.ask(people.bob, "Hello", chat_id=chat.id))
    assert (error.code, error.params["model"]) == ("model_unavailable", "scripted")
    error = await refused(provider_connection.sync_now(people.alice, made.id))
    assert error.message_key == "error.provider_off"
    assert await providers.sync_provider(made.id) is None


# --- fallback addresses ----------------------------------------------------------------


async def add(alice: Actor, provider_id: str, url: str, **fields) -> ProviderItem:
    async with unit_of_work() as session:
        draft = AddressDraft(api_url=url, **fields)
        return await provider_addresses.add_address(session, alice, provider_id, draft)


async def test_addresses_are_added_moved_switched_and_removed(db: Database, people: People):
    made = await create(people.alice)
    for name in ("a", "b", "c"):
        item = await add(people.alice, made.id, f"http://{name}/v1", api_key=KEY)
    assert [each.api_url for each in item.addresses] == [
        "http://a/v1",
        "http://b/v1",
        "http://c/v1",
    ]
    assert item.addresses[0].key_stored
    last = item.addresses[2].id
    alice = people.alice
    async with unit_of_work() as session:
        item = await provider_addresses.move_address(session, alice, made.id, last, 0)
    assert [each.api_url[7] for each in item.addresses] == ["c", "a", "b"]
    async with unit_of_work() as session:
        draft = AddressDraft(is_active=False)
        item = await provider_addresses.update_address(session, alice, made.id, last, draft)
    assert item.addresses[0].is_active is False
    async with unit_of_work() as session:
        draft = AddressDraft(api_url="http://d/v1")
        error = await refused(
            provider_addresses.update_address(session, alice, made.id, last, draft)
        )
    assert error.message_key == "error.provider_key_again"
    async with unit_of_work() as session:
        item = await provider_addresses.delete_address(session, alice, made.id, last)
    assert [each.api_url[7] for each in item.addresses] == ["a", "b"]
    assert isinstance(await refused(add(alice, made.id, "http://a/v1")), Conflict)
    assert isinstance(await refused(add(alice, made.id, made.api_url)), Conflict)
    assert (await refused(add(alice, made.id, "nowhere"))).field == "api_url"
    everything = str([row.details for row in await logged("admin.provider_changed")])
    assert "http://d/v1" not in everything
    assert KEY not in everything


async def test_an_address_of_another_provider_is_not_found(db: Database, people: People):
    one, other = await create(people.alice), await create(people.alice, name="Other")
    item = await add(people.alice, one.id, "http://a/v1")
    address_id = item.addresses[0].id
    async with unit_of_work() as session:
        for call in (
            provider_addresses.update_address(
                session, people.alice, other.id, address_id, AddressDraft(is_active=False)
            ),
            provider_addresses.move_address(session, people.alice, other.id, address_id, 0),
            provider_addresses.delete_address(session, people.alice, other.id, address_id),
        ):
            assert isinstance(await refused(call), NotFound)


async def test_ten_further_addresses_are_enough(db: Database, people: People):
    made = await create(people.alice)
    for n in range(10):
        await add(people.alice, made.id, f"http://host{n}/v1")
    assert isinstance(await refused(add(people.alice, made.id, "http://more/v1")), Conflict)


async def test_the_providers_key_goes_to_its_own_host_only(
    db: Database, people: People, upstream: ScriptedServer
):
    made = await create(
        people.alice, api_url=f"{upstream.url}/v1", api_key=KEY, headers={"X-Team": HEADER}
    )
    await add(people.alice, made.id, f"{upstream.url}/too/v1")
    elsewhere = upstream.url.replace("127.0.0.1", "localhost")
    await add(people.alice, made.id, f"{elsewhere}/v1")
    await add(people.alice, made.id, f"{elsewhere}/other/v1", api_key="own-key-0815")
    async with unit_of_work(writes=False) as session:
        adapter = await adapters.adapter_for(session, await row_of(made.id))
    sent = [route.provider._endpoint for route in adapter.routes]
    assert [each.api_key for each in sent] == [KEY, KEY, None, "own-key-0815"]
    assert [dict(each.headers) for each in sent] == [{"X-Team": HEADER}] * 2 + [{}] * 2


# --- a form's texts -------------------------------------------------------------------


def test_headers_are_written_as_lines():
    text = provider_checks.headers_as_text(["X-Team"])
    assert HEADER not in text
    found = provider_checks.headers_from_text(f"{text}\r\n\r\nX-Url: http://a:1\n")
    assert found == {"X-Team": None, "X-Url": "http://a:1"}
    for wrong in ("no colon", "X: 1\nX: 2"):
        with pytest.raises(InvalidInput) as caught:
            provider_checks.headers_from_text(wrong)
        assert caught.value.field == "headers"


@pytest.mark.parametrize(("text", "number"), [("", None), (" 2,5 ", 2.5), ("30", 30.0)])
def test_seconds_are_read_as_people_write_them(text: str, number: float | None):
    assert provider_checks.number_from_text(text, "connect") == number


@pytest.mark.parametrize("text", ["x", "0", "-1", "1.5", "inf", "nan", "1e999"])
def test_no_number_of_answers(text: str):
    with pytest.raises(InvalidInput) as caught:
        provider_checks.limit_from_text(text)
    assert caught.value.field == "limit"


async def test_two_who_change_it_at_once_do_not_lose_each_others_word(db: Database, people: People):
    made = await create(people.alice)
    await asyncio.gather(
        update(people.alice, made.id, limit=7), update(people.alice, made.id, name="Attic")
    )
    row = await row_of(made.id)
    assert (row.name, row.concurrency_limit) == ("Attic", 7)
