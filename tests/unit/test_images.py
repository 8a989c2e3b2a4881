"""Images: asked for in the image mode, checked, kept as the person's, and gone with their chat."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.generation import Ended, Engine
from llm_ui.models import (
    ChatHistory,
    Generation,
    MediaProvider,
    MonitoringLog,
    PerformanceMetric,
    StoredFile,
    UsageLog,
)
from llm_ui.models.base import now
from llm_ui.schemas.chats import AskOptions
from llm_ui.schemas.media import MediaModelDraft, MediaProviderDraft
from llm_ui.schemas.views import MessageView
from llm_ui.services import (
    branches,
    chats,
    export,
    file_bytes,
    files,
    media,
    media_admin,
    media_connection,
    media_models,
    media_views,
    messages,
    runs,
    temporary,
)
from tests.conftest import People, until
from tests.scripted import ScriptedServer
from tests.scripted.images import png
from tests.unit.test_engine import count, watch

KEY = "sk-images-0815"
IMAGE = AskOptions(modes=("image",))
MISSING = "01a00000-0000-7000-8000-000000000000"
# What asks the database nothing of its own need not be asked of both.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def data(settings_env: Callable[[str, str], None], tmp_path: Path) -> Path:
    settings_env("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
async def painter(people: People, upstream: ScriptedServer, engine: Engine) -> str:
    """A model that makes images; its id."""
    async with unit_of_work() as session:
        draft = MediaProviderDraft("Studio", f"{upstream.url}/v1", KEY)
        made = await media_admin.create_provider(session, people.alice, "openai", draft)
        model = MediaModelDraft("gpt-image-1", "Canvas", {"size": "256x256", "quality": "low"})
        return (await media_models.create_model(session, people.alice, made.id, model)).id


async def shown(actor: Actor, message_id: str) -> MessageView:
    async with unit_of_work(writes=False) as session:
        return await messages.get_view(session, actor, message_id)


async def paint(actor: Actor, model_id: str, text: str, **more: str) -> MessageView:
    """Ask for an image, to the end."""
    asked = await runs.ask(actor, text, model_id=model_id, options=IMAGE, **more)
    await watch(actor, asked.run_id)
    return await shown(actor, asked.message_id)


async def test_an_image_is_made_kept_shown_and_counted(
    painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    view = await paint(people.bob, model_id, "A sun over / a field\nof rye")
    assert (view.status, view.error, view.content) == ("done", "", "")
    assert (view.model_name, view.modes) == ("Canvas", ["image"])
    assert view.prompt == "A sun over / a field of rye"
    (file,) = view.files
    assert (file.name, file.media_type) == ("A sun over a field of rye.png", "image/png")
    assert file_bytes.path_of(file.id).read_bytes() == png()
    request = upstream.requests[-1]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "gpt-image-1", "prompt": "A sun over / a field\nof rye", "size": "256x256",
        "quality": "low", "response_format": "b64_json",
    }  # fmt: skip
    async with unit_of_work(writes=False) as session:
        (usage,) = await session.scalars(sa.select(UsageLog))
        told = (usage.endpoint, usage.model_name, usage.provider_name, usage.status)
        assert told == ("images", "Canvas", "Studio", "done")
        assert (usage.input_tokens, usage.output_tokens, usage.is_estimated) == (12, 1056, False)
        (metric,) = await session.scalars(sa.select(PerformanceMetric))
        assert (metric.name, metric.endpoint) == ("duration", "images")
        assert await files.used(session, people.bob) == file.size == len(png())
        assert await files.get_files(session, people.charlie, [file.id]) == []
        with pytest.raises(NotFound):
            await files.get_content(session, people.charlie, file.id)


async def test_a_model_that_writes_goes_on_after_an_image(
    painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    view = await paint(people.bob, model_id, "A cat")
    async with unit_of_work(writes=False) as session:
        chat_id = (await messages.get_message_for(session, people.bob, view.id)).chat_id
    asked = await runs.ask(people.bob, "tokens=3", chat_id=chat_id, model_id=model_id)
    await watch(people.bob, asked.run_id)
    turns = upstream.requests[-1].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"].startswith("(An image was made")


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("image=broken", "provider_garbage", "not an answer"),
        ("image=no-base64", "provider_garbage", "not an answer"),
        ("image=none", "provider_garbage", "not an answer"),
        ("image=page", "provider_garbage", "not an answer"),
        ("image=elsewhere", "provider_garbage", "not an answer"),
        ("error-400 error-message=moderated", "provider_refused", "moderated"),
        ("error-404", "model_unavailable", "no longer available"),
        ("error-429", "provider_overloaded", "no more requests"),
    ],
)
@one_database
async def test_what_fails_says_why_and_can_be_tried_again(
    painter: str, people: People, upstream: ScriptedServer, model_id: str, script: str, code: str,
    words: str, data: Path,
):  # fmt: skip
    upstream.script(script)
    view = await paint(people.bob, model_id, "A dog")
    assert (view.status, view.error_code, view.files) == ("failed", code, [])
    assert words in view.error
    assert not list((data / "files").rglob("*-*")) if (data / "files").exists() else True
    again = await runs.retry(people.bob, view.id)
    await watch(people.bob, again.run_id)
    view = await shown(people.bob, again.message_id)
    assert (view.status, len(view.files), view.siblings) == ("done", 1, 2)
    async with unit_of_work(writes=False) as session:
        rows = await session.scalars(sa.select(UsageLog).order_by(col(UsageLog.id)))
        assert [(row.status, row.endpoint) for row in rows] == [
            ("failed", "images"), ("done", "images"),
        ]  # fmt: skip


@one_database
async def test_addresses_and_servers_that_want_no_format(
    painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    for script in ("image=url", "reject-response-format"):
        upstream.always = None
        upstream.script(script)
        if script.startswith("reject"):
            upstream.script(script)
        view = await paint(people.bob, model_id, "A bird")
        assert (view.status, len(view.files)) == ("done", 1), view.error
    assert "response_format" not in upstream.requests[-1].body


@one_database
async def test_stop_closes_the_upstream_and_a_silent_one_is_given_up(
    painter: str, people: People, upstream: ScriptedServer, model_id: str,
    settings_env: Callable[[str, str], None],
):  # fmt: skip
    upstream.script("stall-headers")
    asked = await runs.ask(people.bob, "A whale", model_id=model_id, options=IMAGE)
    await until(lambda: upstream.requests)
    await runs.stop(people.bob, asked.run_id)
    events = await watch(people.bob, asked.run_id)
    assert isinstance(events[-1], Ended)
    assert events[-1].state == "stopped"
    await until(lambda: upstream.requests[-1].ending == "aborted")
    settings_env("IMAGE_TIMEOUT", "0.2")
    upstream.script("stall-headers")
    view = await paint(people.bob, model_id, "A whale")
    assert (view.status, view.error_code) == ("failed", "provider_timeout")
    assert "0.2 seconds" in view.error


@one_database
async def test_there_must_be_room(
    painter: str, people: People, upstream: ScriptedServer, model_id: str,
    settings_env: Callable[[str, str], None],
):  # fmt: skip
    settings_env("FILE_QUOTA_MB", "1")
    async with unit_of_work() as session:
        session.add(StoredFile(
            user_id=people.bob.user_id, name="x", media_type="text/plain", kind="text",
            size=1024 * 1024, sha256="", status="ready",
        ))  # fmt: skip
    view = await paint(people.bob, model_id, "A tree")
    assert (view.status, view.error_code) == ("failed", "too_large")
    assert upstream.requests == []
    assert (await paint(people.charlie, model_id, "A tree")).status == "done"


@one_database
async def test_what_goes_along_with_an_image_is_refused(
    painter: str, people: People, model_id: str
):
    before = await count(ChatHistory)
    for options in (
        AskOptions(modes=("image", "thinking")),
        AskOptions(modes=("image",), also_model_id=model_id),
        AskOptions(modes=("image",), file_ids=(MISSING,)),
        AskOptions(modes=("image",), image_model_id=MISSING),
    ):
        with pytest.raises(InvalidInput):
            await runs.ask(people.bob, "A tree", model_id=model_id, options=options)
    with pytest.raises(InvalidInput):
        await runs.ask(people.bob, "x" * 32_001, model_id=model_id, options=IMAGE)
    assert await count(ChatHistory) == before
    view = await paint(people.bob, model_id, "A tree")
    with pytest.raises(InvalidInput):
        await runs.retry(people.bob, view.id, params={"temperature": 1})
    with pytest.raises(InvalidInput):
        await runs.retry(people.bob, view.id, model_id)
    with pytest.raises(NotFound):
        await runs.retry(people.charlie, view.id)
    with pytest.raises(Conflict):
        await runs.continue_answer(people.bob, view.id)


async def test_other_words_and_another_model_and_a_copy(
    painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    async with unit_of_work() as session:
        (provider,) = await media_views.list_providers(session, people.alice)
        other = await media_models.create_model(
            session, people.alice, provider.id, MediaModelDraft("other", "Brush", {"n": 2})
        )
    options = AskOptions(modes=("image",), image_model_id=other.id)
    asked = await runs.ask(people.bob, "A house", model_id=model_id, options=options)
    await watch(people.bob, asked.run_id)
    view = await shown(people.bob, asked.message_id)
    assert (view.model_name, [f.name for f in view.files]) == (
        "Brush", ["A house 1.png", "A house 2.png"],
    )  # fmt: skip
    async with unit_of_work(writes=False) as session:
        answer = await messages.get_message_for(session, people.bob, view.id)
    edited = await runs.edit(people.bob, answer.parent_id or "", "A large house")
    await watch(people.bob, edited.run_id)
    view = await shown(people.bob, edited.message_id)
    assert (view.model_name, view.prompt, len(view.files)) == ("Brush", "A large house", 2)
    again = await runs.retry(people.bob, edited.message_id, painter)
    await watch(people.bob, again.run_id)
    assert (await shown(people.bob, again.message_id)).model_name == "Canvas"
    async with unit_of_work() as session:
        copy = await branches.fork(session, people.bob, again.message_id)
    async with unit_of_work(writes=False) as session:
        opened = await chats.open_chat(session, people.bob, copy.id)
    assert opened.messages[-1].files == (await shown(people.bob, again.message_id)).files
    # The copy keeps its image when the chat that it was made in goes.
    async with unit_of_work() as session:
        await chats.delete_chat(session, people.bob, asked.chat_id)
        past = now().replace(year=now().year - 1)
        gone = col(ChatHistory.id) == asked.chat_id
        await session.execute(sa.update(ChatHistory).where(gone).values(deleted_at=past))
        await chats.purge_deleted(session)
    assert await count(StoredFile) == 1
    kept = opened.messages[-1].files[0].id
    assert [path.name for path in file_bytes.folder().iterdir() if path.is_file()] == [kept]


@one_database
async def test_a_temporary_chat_leaves_no_image(painter: str, people: People, model_id: str):
    options = AskOptions(modes=("image",), temporary=True)
    asked = await runs.ask(people.bob, "A secret", model_id=model_id, options=options)
    await watch(people.bob, asked.run_id)
    assert await count(StoredFile) == 1
    async with unit_of_work() as session:
        await temporary.leave(session, people.bob, asked.chat_id)
    assert await count(StoredFile) == 0
    assert not [path for path in file_bytes.folder().iterdir() if path.is_file()]
    assert await count(UsageLog) == 1


@one_database
async def test_the_archive_holds_the_image_where_its_chat_says(
    painter: str, people: People, model_id: str
):
    view = await paint(people.bob, model_id, "A lake")
    data = b"".join([piece async for piece in export.archive(people.bob)])
    packed = zipfile.ZipFile(BytesIO(data))
    chat = json.loads(packed.read(next(n for n in packed.namelist() if n.endswith(".json")
                                       and n.startswith("chats/"))))  # fmt: skip
    assert [each["files"] for each in chat["messages"]] == [[], [view.files[0].id]]
    text = packed.read(next(n for n in packed.namelist() if n.endswith(".md"))).decode()
    path = text.partition("![A lake.png](../")[2].partition(")")[0]
    assert packed.read(path) == png()


# --- the admin's side ----------------------------------------------------------------------


@one_database
async def test_only_admins_look_after_media(painter: str, people: People):
    async with unit_of_work() as session:
        for call in (
            media_views.list_providers(session, people.bob),
            media_views.list_types(session, people.bob),
            media_models.create_model(session, people.bob, MISSING, MediaModelDraft("x")),
            media_admin.create_provider(session, people.bob, "openai", MediaProviderDraft("x")),
        ):
            with pytest.raises(NotAllowed):
                await call
    with pytest.raises(NotAllowed):
        await media_connection.try_provider(people.bob, MISSING)
    with pytest.raises(NotAllowed):
        await media_admin.delete_provider(people.bob, MISSING)


@one_database
async def test_a_provider_is_changed_and_its_key_goes_nowhere_else(
    painter: str, people: People, upstream: ScriptedServer
):
    async with unit_of_work() as session:
        (item,) = await media_views.list_providers(session, people.alice)
        assert item.key_stored
        row = await session.get(MediaProvider, item.id)
        assert row is not None
        assert KEY not in (row.api_key_encrypted or "")
    tried = await media_connection.try_provider(people.alice, item.id)
    assert (tried.ok, tried.models, tried.key_unused) == (True, 4, True)
    away = MediaProviderDraft(base_url="http://evil.example/v1")
    with pytest.raises(InvalidInput) as refused:
        await media_connection.try_draft(people.alice, "", away, item.id)
    assert refused.value.field == "api_key"
    for draft in (away, MediaProviderDraft(name=" "), MediaProviderDraft(base_url="nowhere")):
        with pytest.raises(InvalidInput):
            async with unit_of_work() as session:
                await media_admin.update_provider(session, people.alice, item.id, draft)
    with pytest.raises(InvalidInput):
        async with unit_of_work() as session:
            draft = MediaProviderDraft("Studio", "http://10.0.0.1")
            await media_admin.create_provider(session, people.alice, "openai", draft)
    async with unit_of_work() as session:
        draft = MediaProviderDraft(name="Atelier", is_active=False)
        await media_admin.update_provider(session, people.alice, item.id, draft)
        assert await media.list_image_models(session) == []
    async with unit_of_work(writes=False) as session:
        kind = col(MonitoringLog.kind) == "admin.media_provider_changed"
        (row,) = await session.scalars(sa.select(MonitoringLog).where(kind))
        assert row.details["changes"] == {"name": ["Studio", "Atelier"], "is_active": [True, False]}
        everything = list(await session.scalars(sa.select(MonitoringLog)))
    assert KEY not in str([(each.message, each.details) for each in everything])
    other = MediaProviderDraft("x", f"{upstream.url}/nothing")
    found = await media_connection.try_draft(people.alice, "openai", other)
    assert (found.ok, found.reason) == (False, "not_found")
    await upstream.stop()
    found = await media_connection.try_provider(people.alice, item.id)
    assert (found.ok, found.reason) == (False, "refused")


@pytest.mark.parametrize(
    ("params", "field"),
    [({"size": "large"}, "size"), ({"quality": "very good"}, "quality"), ({"n": 5}, "n"),
     ({"n": True}, "n"), ({"style": "x y"}, "style"), ({"seed": 1}, "seed")],
)  # fmt: skip
def test_parameters_are_checked(params: dict[str, object], field: str):
    with pytest.raises(InvalidInput) as refused:
        media_models.clean_params(params)
    assert refused.value.field == field
    assert media_models.clean_params({"size": " auto ", "n": 0, "style": ""}) == {"size": "auto"}


async def test_a_model_that_goes_ends_its_runs_with_a_word(
    painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("stall-headers")
    asked = await runs.ask(people.bob, "A whale", model_id=model_id, options=IMAGE)
    await until(lambda: upstream.requests)
    async with unit_of_work(writes=False) as session:
        item = await media_views.get_model(session, people.alice, painter)
        found = await media_views.hanging(session, people.alice, item.provider_id)
    assert (found.models, found.running) == (1, 1)
    await media_models.delete_model(people.alice, painter)
    view = await shown(people.bob, asked.message_id)
    assert (view.status, view.error_code) == ("failed", "provider_removed")
    async with unit_of_work(writes=False) as session:
        (usage,) = await session.scalars(sa.select(UsageLog))
        assert usage.model_name == "Canvas"
        run = await session.get(Generation, asked.run_id)
        assert run is not None
        assert run.media_model_id is None
    with pytest.raises(AppError):
        await runs.retry(people.bob, asked.message_id)
    await media_admin.delete_provider(people.alice, item.provider_id)
    assert await count(MediaProvider) == 0
