"""Images: asked for in the image mode, checked, kept as the person's, and gone with their chat."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, NotFound
from llm_ui.generation import Ended, Engine
from llm_ui.models import (
    AIModel,
    AIProvider,
    ChatHistory,
    Generation,
    ModelPrice,
    PerformanceMetric,
    StoredFile,
    UsageLog,
)
from llm_ui.models.base import now
from llm_ui.schemas.catalogue.models import ModelDraft
from llm_ui.schemas.catalogue.providers import ProviderDraft
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.accounts import export
from llm_ui.services.answers import runs
from llm_ui.services.catalogue import (
    added_models,
    model_admin,
    model_checks,
    model_types,
    model_views,
    models,
    provider_admin,
    provider_sync,
    provider_views,
)
from llm_ui.services.chats import branches, chats, messages, temporary
from llm_ui.services.files import file_storage, files
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


async def made(alice: Actor, provider_id: str, name: str, **fields: Any) -> str:
    """A model that makes images; its id."""
    async with unit_of_work() as session:
        kinds = await provider_sync.types_by_slug(session)
        added = await added_models.add_model(session, alice, provider_id, name, kinds["image"])
        draft = ModelDraft(**fields)
        return (await model_admin.update_model(session, alice, added.row.id, draft)).row.id


@pytest.fixture
async def studio(people: People, upstream: ScriptedServer, engine: Engine, model_id: str) -> str:
    """A provider that is for images only; its id."""
    async with unit_of_work() as session:
        draft = ProviderDraft("Studio", f"{upstream.url}/v1", KEY, offers_new_models=False)
        return (await provider_admin.create_provider(session, people.alice, "openai", draft)).id


@pytest.fixture
async def painter(people: People, studio: str) -> str:
    """A model that makes images; its id."""
    settings = {"size": "256x256", "quality": "low"}
    return await made(people.alice, studio, "gpt-image-1", display_name="Canvas", params=settings)


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
    assert file_storage.path_of(file.id).read_bytes() == png()
    request = upstream.requests[-1]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "gpt-image-1",
        "prompt": "A sun over / a field\nof rye",
        "size": "256x256",
        "quality": "low",
        "response_format": "b64_json",
    }
    async with unit_of_work(writes=False) as session:
        (usage,) = await session.scalars(sa.select(UsageLog))
        told = (usage.endpoint, usage.model_name, usage.provider_name, usage.status)
        assert told == ("images", "Canvas", "Studio", "done")
        assert (usage.input_tokens, usage.output_tokens, usage.is_estimated) == (12, 1056, False)
        (metric,) = await session.scalars(sa.select(PerformanceMetric))
        assert (metric.metric_name, metric.endpoint) == ("duration", "images")
        assert usage.model_id == metric.model_id == painter
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
        ("image=broken", "provider_garbage", "an invalid response"),
        ("image=no-base64", "provider_garbage", "an invalid response"),
        ("image=none", "provider_garbage", "an invalid response"),
        ("image=page", "provider_garbage", "an invalid response"),
        ("image=elsewhere", "provider_garbage", "an invalid response"),
        ("error-400 error-message=moderated", "provider_refused", "moderated"),
        ("error-404", "model_unavailable", "no longer available"),
        ("error-429", "provider_overloaded", "its rate limit"),
    ],
)
@one_database
async def test_what_fails_says_why_and_can_be_tried_again(
    painter: str,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    script: str,
    code: str,
    words: str,
    data: Path,
):
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
            ("failed", "images"),
            ("done", "images"),
        ]


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
    painter: str,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    settings_env: Callable[[str, str], None],
):
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
    painter: str,
    people: People,
    upstream: ScriptedServer,
    model_id: str,
    settings_env: Callable[[str, str], None],
):
    settings_env("FILE_QUOTA_MB", "1")
    async with unit_of_work() as session:
        session.add(
            StoredFile(
                user_id=people.bob.user_id,
                name="x",
                media_type="text/plain",
                kind="text",
                size=1024 * 1024,
                sha256="",
                status="ready",
            )
        )
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
    studio: str, painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    other = await made(people.alice, studio, "other", display_name="Brush", params={"n": 2})
    options = AskOptions(modes=("image",), image_model_id=other)
    asked = await runs.ask(people.bob, "A house", model_id=model_id, options=options)
    await watch(people.bob, asked.run_id)
    view = await shown(people.bob, asked.message_id)
    assert (view.model_name, [f.name for f in view.files]) == (
        "Brush",
        ["A house 1.png", "A house 2.png"],
    )
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
    assert [path.name for path in file_storage.folder().iterdir() if path.is_file()] == [kept]


@one_database
async def test_a_temporary_chat_leaves_no_image(painter: str, people: People, model_id: str):
    options = AskOptions(modes=("image",), temporary=True)
    asked = await runs.ask(people.bob, "A secret", model_id=model_id, options=options)
    await watch(people.bob, asked.run_id)
    assert await count(StoredFile) == 1
    async with unit_of_work() as session:
        await temporary.leave(session, people.bob, asked.chat_id)
    assert await count(StoredFile) == 0
    assert not [path for path in file_storage.folder().iterdir() if path.is_file()]
    assert await count(UsageLog) == 1


@one_database
async def test_the_archive_holds_the_image_where_its_chat_says(
    painter: str, people: People, model_id: str
):
    view = await paint(people.bob, model_id, "A lake")
    data = b"".join([piece async for piece in export.archive(people.bob)])
    packed = zipfile.ZipFile(BytesIO(data))
    chat = json.loads(
        packed.read(
            next(n for n in packed.namelist() if n.endswith(".json") and n.startswith("chats/"))
        )
    )
    assert [each["files"] for each in chat["messages"]] == [[], [view.files[0].id]]
    text = packed.read(next(n for n in packed.namelist() if n.endswith(".md"))).decode()
    path = text.partition("![A lake.png](../")[2].partition(")")[0]
    assert packed.read(path) == png()


# --- the models -----------------------------------------------------------------------------


async def test_image_models_are_for_images_only(
    painter: str, people: People, model_id: str, upstream: ScriptedServer
):
    async with unit_of_work(writes=False) as session:
        chatting = [each.id for each in await models.list_models(session, people.bob)]
        painting = await models.list_image_models(session, people.bob)
        row = (await model_views.get_model(session, people.alice, painter)).row
    assert painter not in chatting
    assert [(each.id, each.name, each.provider) for each in painting] == [
        (painter, "Canvas", "Studio")
    ]
    assert (row.chats, row.makes_images) == (False, True)
    with pytest.raises(AppError):
        await runs.ask(people.bob, "Hello", model_id=painter)
    options = AskOptions(modes=("image",), image_model_id=model_id)
    with pytest.raises(InvalidInput) as refused:
        await runs.ask(people.bob, "A tree", model_id=model_id, options=options)
    assert refused.value.field == "image_model"
    async with unit_of_work() as session:
        draft = ModelDraft(is_default=True)
        with pytest.raises(Conflict):
            await model_admin.update_model(session, people.alice, painter, draft)


@one_database
async def test_who_may_use_an_image_model_is_said_as_of_any(
    painter: str,
    people: People,
    model_id: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
):
    async with unit_of_work() as session:
        draft = ModelDraft(visibility="admins")
        await model_admin.update_model(session, people.alice, painter, draft)
        assert await models.list_image_models(session, people.bob) == []
    with pytest.raises(InvalidInput):
        await runs.ask(people.bob, "A tree", model_id=model_id, options=IMAGE)
    options = AskOptions(modes=("image",), image_model_id=painter)
    with pytest.raises(InvalidInput):
        await runs.ask(people.bob, "A tree", model_id=model_id, options=options)
    assert (await paint(people.alice, model_id, "A tree")).status == "done"
    async with unit_of_work() as session:
        await model_admin.switch_models(session, people.alice, [painter], False)
    with pytest.raises(AppError):
        await runs.ask(people.alice, "A tree", model_id=model_id, options=options)


@one_database
async def test_a_price_makes_images_cost(painter: str, people: People, model_id: str):
    async with unit_of_work() as session:
        session.add(ModelPrice(model_id=painter, input_micro=1_000_000, output_micro=40_000_000))
    await paint(people.bob, model_id, "A tree")
    async with unit_of_work(writes=False) as session:
        (usage,) = await session.scalars(sa.select(UsageLog))
    assert usage.cost_micro == 12 + 40 * 1056


@one_database
async def test_a_model_that_becomes_one_for_images_loses_what_was_set_of_answers(
    people: People, model_id: str
):
    async with unit_of_work() as session:
        kinds = await provider_sync.types_by_slug(session)
        draft = ModelDraft(params={"temperature": 0.5, "max_tokens": 50})
        await model_admin.update_model(session, people.alice, model_id, draft)
        draft = ModelDraft(type_id=kinds["image"], params={"temperature": 0.5, "size": "auto"})
        found = await model_admin.update_model(session, people.alice, model_id, draft)
        assert (found.params, found.accepts) == (
            {"size": "auto"},
            ["size", "quality", "style", "n"],
        )
        draft = ModelDraft(type_id=kinds["chat"])
        found = await model_admin.update_model(session, people.alice, model_id, draft)
        assert found.params == {}
        with pytest.raises(Conflict):
            await model_types.delete_type(session, people.alice, kinds["image"])


@pytest.mark.parametrize(
    ("provider_type", "name", "slug"),
    [
        ("openai", "dall-e-3", "image"),
        ("openai", "gpt-image-1-mini", "image"),
        ("openai", "chatgpt-image-latest", "image"),
        ("openai", "black-forest-labs/FLUX.1-schnell", "image"),
        ("openai", "stable-diffusion-3.5-large", "image"),
        ("openai", "stabilityai/sdxl-turbo", "image"),
        ("openai", "grok-2-image-1212", "image"),
        ("openai", "gpt-4o", "chat"),
        ("openai", "google/gemini-2.5-flash-image-preview", "chat"),
        ("openai", "influx-writer", "chat"),
        ("openai", "text-embedding-3-large", "embedding"),
        ("ollama", "stable-diffusion", "chat"),
    ],
)
def test_a_list_tells_by_its_names_what_makes_images(provider_type: str, name: str, slug: str):
    assert provider_sync.slug_of(name, provider_type) == slug


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"size": "large"}, "size"),
        ({"quality": "very good"}, "quality"),
        ({"n": 5}, "n"),
        ({"n": True}, "n"),
        ({"n": "0"}, "n"),
        ({"style": "x y"}, "style"),
        ({"seed": 1}, "seed"),
    ],
)
def test_parameters_are_checked(params: dict[str, object], field: str):
    with pytest.raises(InvalidInput) as refused:
        model_checks.clean_params(params, "openai", images=True)
    assert refused.value.field == field
    given = {"size": " auto ", "n": 0, "style": ""}
    assert model_checks.clean_params(given, "openai", images=True) == {"size": "auto"}


@pytest.mark.parametrize(("typed", "count"), [("", ""), ("3", 3), ("0", "0"), ("²", "²")])
def test_a_form_of_images_says_nothing_of_answers(typed: str, count: object):
    fields = {"display_name": "Canvas", "size": "auto", "n": typed, "prompt": "x"}
    draft = model_checks.draft_from_form(fields, ["size", "n"], images=True)
    assert draft.params == {"size": "auto", "n": count}
    assert (draft.capabilities, draft.context_window, draft.system_prompt) == (None, None, None)


async def test_a_model_that_goes_ends_its_runs_with_a_word(
    studio: str, painter: str, people: People, upstream: ScriptedServer, model_id: str
):
    upstream.script("stall-headers")
    asked = await runs.ask(people.bob, "A whale", model_id=model_id, options=IMAGE)
    await until(lambda: upstream.requests)
    async with unit_of_work(writes=False) as session:
        found = await provider_views.dependents(session, people.alice, studio)
        assert await model_views.running(session, people.alice, painter) == 1
    assert (found.models, found.running) == (1, 1)
    await added_models.remove_model(people.alice, painter)
    view = await shown(people.bob, asked.message_id)
    assert (view.status, view.error_code) == ("failed", "provider_removed")
    async with unit_of_work(writes=False) as session:
        (usage,) = await session.scalars(sa.select(UsageLog))
        assert usage.model_name == "Canvas"
        run = await session.get(Generation, asked.run_id)
        assert run is not None
        assert run.model_id is None
        assert await session.get(AIModel, painter) is None
    with pytest.raises(AppError):
        await runs.retry(people.bob, asked.message_id)
    await provider_admin.delete_provider(people.alice, studio)
    assert await count(AIProvider) == 1
