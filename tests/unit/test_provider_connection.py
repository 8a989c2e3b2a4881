"""Connections are tested, models synced, and the next address answers when one fails."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlmodel import col

from llm_ui.db import Database, unit_of_work
from llm_ui.generation import Engine
from llm_ui.models import (
    AIModel,
    AIProvider,
    MonitoringLog,
    PerformanceMetric,
    ProviderEndpoint,
)
from llm_ui.schemas.catalogue.providers import ConnectionTest, ProviderDraft, ProviderItem
from llm_ui.services.answers import runs
from llm_ui.services.catalogue import (
    adapters,
    provider_admin,
    provider_connection,
    provider_views,
    providers,
)
from tests.conftest import People, until
from tests.scripted import ScriptedServer, expected_text, scripted_server
from tests.unit.providers.test_several import free_url
from tests.unit.test_engine import text_of, watch
from tests.unit.test_provider_admin import add, create, logged, row_of, update

KEY = "sk-very-secret-4711"
LIST = {"data": [{"id": "one"}, {"id": "two"}]}


class Answering:
    """A server that gives every request one answer, and remembers the requests."""

    def __init__(self) -> None:
        self.status, self.extra, self.body = 200, "", orjson.dumps(LIST)
        self.wants_key = ""
        self.raw: bytes | None = None
        self.requests: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begin = await reader.read(1)
        if begin in (b"", b"\x16"):
            # Gone, or somebody who wants TLS: servers without it say so in plain text.
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()
            return
        head = (begin + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.requests.append(head)
        status = 401 if self.wants_key and self.wants_key not in head else self.status
        answer = (
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{self.extra}"
            f"content-length: {len(self.body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(answer.encode() + self.body if self.raw is None else self.raw)
        await writer.drain()
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Answering]:
    answering = Answering()
    listening = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    answering.url = f"http://{host}:{port}"
    yield answering
    listening.close()


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """The server's side of TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def attempt(people: People, api_url: str, type: str = "openai", **fields) -> ConnectionTest:
    draft = ProviderDraft(name="New", api_url=api_url, **fields)
    return await provider_connection.try_draft(people.alice, type, draft, "")


# --- testing --------------------------------------------------------------------------------


async def test_a_connection_that_works_names_the_models_it_found(
    db: Database, people: People, upstream: ScriptedServer
):
    upstream.model_names = tuple(f"model-{n}" for n in range(30))
    found = await attempt(people, f"{upstream.url}/v1", api_key=KEY)
    assert (found.ok, found.models, len(found.names)) == (True, 30, 20)
    assert found.names[0] == "model-0"
    assert found.latency_ms >= 0
    # The scripted server wants no key.
    assert found.key_unused
    (record,) = await logged("admin.provider_tested")
    assert record.user_id == people.alice.user_id
    assert KEY not in f"{record.message} {record.details} {asdict(found)}"
    # Nothing has been kept.
    async with unit_of_work(writes=False) as session:
        assert (await provider_views.list_providers(session, people.alice)).items == []


async def test_a_key_that_counts_has_been_tested(db: Database, people: People, server: Answering):
    server.wants_key = KEY
    found = await attempt(people, server.url, api_key=KEY, headers={"X-Team": "blue"})
    assert (found.ok, found.key_unused) == (True, False)
    assert "x-team: blue" in server.requests[0].lower()
    wrong = await attempt(people, server.url, api_key="another-key")
    assert (wrong.ok, wrong.reason) == (False, "key")


@pytest.mark.parametrize("type", ["llm_api", "ollama", "openai", "anthropic"])
async def test_each_type_is_tested_in_its_own_way(
    db: Database, people: People, upstream: ScriptedServer, type: str
):
    found = await attempt(people, upstream.url, type, api_key=KEY)
    assert (found.ok, found.models) == (True, 4)


ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("key", {"status": 401}),
    ("credit", {"status": 402}),
    ("forbidden", {"status": 403}),
    ("not_found", {"status": 404}),
    ("rejected", {"status": 400}),
    ("busy", {"status": 429}),
    ("busy", {"status": 503}),
    ("server", {"status": 500}),
    ("gateway", {"status": 502}),
    ("not_api", {"body": b"hello"}),
    ("not_api", {"body": b"<html>", "extra": "content-type: text/html\r\n"}),
    ("not_api", {"body": b'{"data": 7}'}),
    ("not_api", {"body": b"[7]"}),
    ("redirect", {"status": 302, "extra": "location: http://elsewhere.example/\r\n"}),
    ("redirect", {"status": 308, "extra": "location: /there\r\n"}),
    ("not_http", {"raw": b"220 mail.example ESMTP\r\n"}),
    ("broken", {"raw": b""}),
]


async def test_why_there_is_no_connection_is_said_exactly(
    db: Database, people: People, server: Answering
):
    told = []
    for _, answer in ANSWERS:
        server.__dict__.update({"status": 200, "extra": "", "raw": None} | answer)
        found = await attempt(people, server.url, api_key=KEY)
        assert not found.ok
        told.append((found.reason, answer))
    assert told == ANSWERS


async def test_nobody_there_no_such_name_no_tls_and_too_slow(
    db: Database, people: People, server: Answering, upstream: ScriptedServer
):
    assert (await attempt(people, free_url())).reason == "refused"
    assert (await attempt(people, "http://no-such-host.invalid")).reason == "dns"
    assert (await attempt(people, server.url.replace("http:", "https:"))).reason == "tls"

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    slow = await attempt(people, f"http://127.0.0.1:{port}", timeouts={"first_token": 0.2})
    assert slow.reason == "slow"
    silent.close()


async def test_a_foreign_certificate_is_refused(
    db: Database, people: People, self_signed: ssl.SSLContext
):
    answering = Answering()
    listening = await asyncio.start_server(answering.serve, "127.0.0.1", 0, ssl=self_signed)
    port = listening.sockets[0].getsockname()[1]
    found = await attempt(people, f"https://127.0.0.1:{port}", api_key=KEY)
    assert found.reason == "tls"
    assert not any(KEY in each for each in answering.requests)
    listening.close()


async def test_a_redirect_gets_no_key(db: Database, people: People, server: Answering):
    other = Answering()
    listening = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.status, server.extra = 307, f"location: http://127.0.0.1:{port}/v1/models\r\n"
    assert (await attempt(people, server.url, api_key=KEY)).reason == "redirect"
    assert other.requests == []
    listening.close()


async def test_what_a_server_quotes_of_a_key_or_a_header_is_struck_out(
    db: Database, people: People, server: Answering
):
    server.status = 401
    server.body = orjson.dumps({"error": {"message": f"wrong: {KEY} of team-blue-0815"}})
    found = await attempt(people, server.url, api_key=KEY, headers={"X-Team": "team-blue-0815"})
    assert found.detail == "wrong: ••• of •••"


async def test_the_list_of_together_has_no_object_around_it(
    db: Database, people: People, server: Answering
):
    server.body = orjson.dumps(
        [
            {"id": "chatty", "type": "chat"},
            {"id": "painter", "type": "image"},
            {"id": "finder", "type": "embedding"},
        ]
    )
    assert (await attempt(people, server.url)).names == ["chatty"]


async def test_a_saved_one_is_tested_with_what_is_stored_or_typed(
    db: Database, people: People, server: Answering
):
    server.wants_key = KEY
    made = await create(people.alice, api_url=server.url, api_key=KEY)
    (saved,) = await provider_connection.try_provider(people.alice, made.id)
    assert saved.ok
    row = await row_of(made.id)
    assert (row.status, row.status_reason) == ("ok", "")
    assert row.checked_at is not None
    stored = await provider_connection.try_draft(people.alice, "", ProviderDraft(), made.id)
    assert stored.ok
    typed = ProviderDraft(api_key="another-key")
    assert (await provider_connection.try_draft(people.alice, "", typed, made.id)).reason == "key"
    # What was typed has not been kept.
    assert adapters.key_of(await row_of(made.id)) == KEY


async def test_a_key_that_cannot_be_read_any_more_is_said_to_be_lost(
    db: Database, people: People, server: Answering, settings_env
):
    made = await create(people.alice, api_url=server.url, api_key=KEY)
    settings_env("SECRET_KEY", "another-secret-of-at-least-32-characters")
    (lost,) = await provider_connection.try_provider(people.alice, made.id)
    assert (lost.ok, lost.reason) == (False, "secret")
    assert await providers.sync_provider(made.id) is None
    row = await row_of(made.id)
    assert (row.status, row.status_reason) == ("down", "secret")
    await update(people.alice, made.id, api_key=KEY)
    assert (await providers.sync_provider(made.id)) is not None


# --- syncing --------------------------------------------------------------------------------


async def item(people: People, provider_id: str) -> ProviderItem:
    async with unit_of_work(writes=False) as session:
        return await provider_views.get_provider(session, people.alice, provider_id)


async def test_a_sync_says_what_is_new_changed_and_gone_and_remembers_it(
    db: Database, people: People, server: Answering
):
    made = await create(people.alice, api_url=server.url)
    first = await provider_connection.sync_now(people.alice, made.id)
    assert first is not None
    assert (first.models, first.new, first.gone) == (2, ["one", "two"], [])
    server.body = orjson.dumps({"data": [{"id": "two", "context_length": 9000}, {"id": "three"}]})
    second = await provider_connection.sync_now(people.alice, made.id)
    assert second is not None
    assert (second.new, second.changed, second.gone) == (["three"], ["two"], ["one"])
    again = await provider_connection.sync_now(people.alice, made.id)
    assert again is not None
    assert not again.is_news
    told = await item(people, made.id)
    # The last difference is kept, not the last time that nothing was different.
    assert (told.sync.new, told.sync.changed, told.sync.gone) == (["three"], ["two"], ["one"])
    assert told.sync.at
    assert told.synced_at > told.sync.at
    assert told.models == 2
    server.body = orjson.dumps(LIST)
    back = await provider_connection.sync_now(people.alice, made.id)
    assert back is not None
    assert back.new == ["one"]
    assert len(await logged("admin.provider_synced")) == 4


async def test_who_does_not_answer_keeps_the_models_it_had(
    db: Database, people: People, server: Answering
):
    made = await create(people.alice, api_url=server.url)
    await provider_connection.sync_now(people.alice, made.id)
    server.status = 500
    assert await provider_connection.sync_now(people.alice, made.id) is None
    told = await item(people, made.id)
    assert (told.status, told.reason, told.models) == ("down", "server", 2)
    since = told.since
    await providers.sync_all()
    assert (await item(people, made.id)).since == since
    server.status = 200
    await providers.sync_all()
    told = await item(people, made.id)
    assert (told.status, told.reason, told.detail) == ("ok", "", "")
    assert told.since > since


async def test_looking_asks_nobody(db: Database, people: People, server: Answering):
    made = await create(people.alice, api_url=server.url)
    await provider_connection.sync_now(people.alice, made.id)
    asked = len(server.requests)
    for _ in range(3):
        await item(people, made.id)
        async with unit_of_work(writes=False) as session:
            await provider_views.list_providers(session, people.alice)
    assert len(server.requests) == asked


# --- several addresses ------------------------------------------------------------------------


@pytest.fixture
async def second() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running


async def two_addresses(people: People, one: str, other: str) -> tuple[ProviderItem, str]:
    """A provider with two addresses, and a model of it."""
    made = await create(people.alice, api_url=one, timeouts={"first_token": 0.5, "silence": 0.5})
    made = await add(people.alice, made.id, other)
    await providers.sync_provider(made.id)
    async with unit_of_work(writes=False) as session:
        model_id = (await session.scalars(sa.select(col(AIModel.id)))).first()
    assert model_id is not None
    return made, model_id


@pytest.mark.parametrize("script", ["stall-headers", "error-503", "cut"])
async def test_an_answer_goes_on_at_the_next_address_and_both_are_named(
    engine: Engine, people: People, upstream: ScriptedServer, second: ScriptedServer, script: str
):
    one, other = f"{upstream.url}/v1", f"{second.url}/v1"
    made, model_id = await two_addresses(people, one, other)
    upstream.script(script)
    second.script("tokens=20")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    assert text_of(await watch(people.bob, asked.run_id)) == expected_text("tokens=20")
    await adapters.close_adapters()
    async with unit_of_work(writes=False) as session:
        metrics = list(await session.scalars(sa.select(PerformanceMetric)))
    assert {row.address for row in metrics} == {other}
    (record,) = await logged("provider.failover")
    assert record.log_level == "warning"
    assert record.details["provider_address"] == one
    told = await item(people, made.id)
    # The provider works; its own address does not.
    assert (told.status, bool(told.reason)) == ("ok", True)
    assert told.addresses[0].status == "ok"


async def test_with_nobody_there_at_the_first_the_second_serves(
    engine: Engine, people: People, second: ScriptedServer
):
    made, model_id = await two_addresses(people, f"{free_url()}/v1", f"{second.url}/v1")
    second.script("say:Here.")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    assert text_of(await watch(people.bob, asked.run_id)) == "Here."
    told = await item(people, made.id)
    assert (told.status, told.reason, told.latency_ms) == ("ok", "refused", -1)
    assert (told.addresses[0].status, told.addresses[0].reason) == ("ok", "")


async def test_an_answer_that_has_begun_is_not_begun_again_elsewhere(
    engine: Engine, people: People, upstream: ScriptedServer, second: ScriptedServer
):
    _, model_id = await two_addresses(people, f"{upstream.url}/v1", f"{second.url}/v1")
    upstream.script("cut-after=5")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    events = await watch(people.bob, asked.run_id)
    assert text_of(events) == expected_text("cut-after=5")
    assert second.requests == []
    (record,) = await logged("provider.error")
    assert record.details["provider_address"] == f"{upstream.url}/v1"


async def test_with_every_address_failing_the_provider_is_down(
    engine: Engine, people: People, upstream: ScriptedServer, second: ScriptedServer
):
    made, model_id = await two_addresses(people, f"{upstream.url}/v1", f"{second.url}/v1")
    for server in (upstream, second):
        server.script("error-503")
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    (record,) = await logged("provider.error")
    assert record.details["code"] == "provider_overloaded"
    await upstream.stop()
    await second.stop()
    assert await providers.sync_provider(made.id) is None
    told = await item(people, made.id)
    assert (told.status, told.addresses[0].status) == ("down", "down")
    assert told.addresses[0].since
    down = await logged("provider.down")
    assert len(down) == 1


async def test_an_answer_that_finds_nobody_has_the_provider_looked_at(
    engine: Engine, people: People, upstream: ScriptedServer, model_id: str
):
    adapters.somebody_lost.clear()
    await upstream.stop()
    asked = await runs.ask(people.bob, "Hello", model_id=model_id)
    await watch(people.bob, asked.run_id)
    assert adapters.somebody_lost.is_set()


async def test_the_dashboard_gets_the_reason_that_the_page_of_providers_has(
    db: Database, people: People
):
    made = await create(people.alice, api_url=free_url())
    await provider_connection.sync_now(people.alice, made.id)
    async with unit_of_work(writes=False) as session:
        (told,) = await providers.health(session)
    assert (told.status, told.reason) == ("down", "refused")


async def test_one_switched_off_is_not_asked(
    engine: Engine, people: People, upstream: ScriptedServer, second: ScriptedServer
):
    made, _ = await two_addresses(people, f"{upstream.url}/v1", f"{second.url}/v1")
    async with unit_of_work() as session:
        await session.execute(sa.update(ProviderEndpoint).values(is_active=False))
        await session.execute(sa.update(AIProvider).values(updated_at=sa.func.current_timestamp()))
    found = await provider_connection.try_provider(people.alice, made.id)
    assert [each.address for each in found] == [f"{upstream.url}/v1"]


async def test_a_change_makes_a_new_adapter_and_the_old_one_ends_its_answer(
    engine: Engine, people: People, upstream: ScriptedServer, second: ScriptedServer
):
    made = await create(people.alice, api_url=f"{upstream.url}/v1")
    await providers.sync_provider(made.id)
    async with unit_of_work(writes=False) as session:
        model_id = (await session.scalars(sa.select(col(AIModel.id)))).first()
    upstream.script("tokens=30 rate=60")
    first = await runs.ask(people.bob, "Hello", model_id=model_id)
    watching = asyncio.create_task(watch(people.bob, first.run_id))
    await until(lambda: upstream.requests and upstream.requests[0].sent)
    await update(people.alice, made.id, api_url=f"{second.url}/v1")
    second.script("say:From the other one.")
    other = await runs.ask(people.charlie, "Hello", model_id=model_id)
    assert text_of(await watch(people.charlie, other.run_id)) == "From the other one."
    assert text_of(await watching) == expected_text("tokens=30")


async def test_the_limit_of_a_provider_lets_the_others_wait(
    engine: Engine, people: People, upstream: ScriptedServer
):
    made = await create(people.alice, api_url=f"{upstream.url}/v1", limit=1)
    await providers.sync_provider(made.id)
    async with unit_of_work(writes=False) as session:
        model_id = (await session.scalars(sa.select(col(AIModel.id)))).first()
    upstream.always = None
    for _ in range(3):
        upstream.script("tokens=10 rate=100")
    asked = [
        await runs.ask(person, "Hello", model_id=model_id)
        for person in (people.bob, people.charlie, people.alice)
    ]
    await asyncio.gather(
        *(
            watch(person, each.run_id)
            for person, each in zip((people.bob, people.charlie, people.alice), asked, strict=True)
        )
    )
    spans = sorted((each.started, each.ended) for each in upstream.requests)
    for (_, ended), (begun, _) in itertools.pairwise(spans):
        assert ended is not None
        assert begun >= ended


async def test_provider_admin_leaves_no_adapter_open(
    db: Database, people: People, server: Answering
):
    made = await create(people.alice, api_url=server.url)
    await providers.sync_provider(made.id)
    assert made.id in adapters._adapters
    await provider_admin.delete_provider(people.alice, made.id)
    assert made.id not in adapters._adapters


async def test_the_log_never_holds_a_key(db: Database, people: People, server: Answering):
    made = await create(people.alice, api_url=server.url, api_key=KEY)
    server.status = 401
    server.body = orjson.dumps({"error": {"message": f"no: {KEY}"}})
    await providers.sync_provider(made.id)
    await provider_connection.try_provider(people.alice, made.id)
    async with unit_of_work(writes=False) as session:
        rows = list(await session.scalars(sa.select(MonitoringLog)))
    assert rows
    assert KEY not in str([(row.message, row.details) for row in rows])
    assert KEY not in str((await row_of(made.id)).model_dump())
