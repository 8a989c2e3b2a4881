"""Alice looks after models: what may be written, who may use them, what a sync leaves alone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor, Client
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.generation import Engine
from llm_ui.models import (
    AIModel,
    AIProvider,
    AIType,
    ChatMessage,
    ModelReader,
    MonitoringLog,
)
from llm_ui.providers.types import Found
from llm_ui.schemas.accounts.account import AccountChange
from llm_ui.schemas.catalogue.models import ModelDetail, ModelDraft, ModelFilters, TypeDraft
from llm_ui.schemas.catalogue.providers import ProviderDraft
from llm_ui.schemas.chats.chats import AskOptions
from llm_ui.services.accounts import account
from llm_ui.services.answers import context, prompting, runs
from llm_ui.services.catalogue import (
    added_models,
    model_admin,
    model_checks,
    model_types,
    model_views,
    models,
    provider_admin,
    provider_sync,
    providers,
)
from llm_ui.services.chats import chats
from llm_ui.wire.events import ModelInfo
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import watch


async def update(alice: Actor, model_id: str, **fields: Any) -> ModelDetail:
    async with unit_of_work() as session:
        return await model_admin.update_model(session, alice, model_id, ModelDraft(**fields))


async def types(alice: Actor) -> dict[str, str]:
    async with unit_of_work(writes=False) as session:
        return {each.slug: each.id for each in await model_types.list_types(session, alice)}


async def offered(actor: Actor) -> list[str]:
    async with unit_of_work(writes=False) as session:
        return [each.id for each in await models.list_models(session, actor)]


async def refused(call: Any) -> AppError:
    with pytest.raises(AppError) as caught:
        await call
    return caught.value


async def synced(*infos: ModelInfo) -> None:
    """As if the provider had listed these."""
    async with unit_of_work() as session:
        provider = (await session.scalars(sa.select(AIProvider))).one()
        await provider_sync._note_models(session, provider, list(infos))


@pytest.fixture
async def provider_id(db: Database, people: People) -> str:
    await providers.ensure_providers([Found("openai", "Scripted", "http://10.0.0.1/v1", "key")])
    async with unit_of_work(writes=False) as session:
        return (await session.scalars(sa.select(col(AIProvider.id)))).one()


# --- writing --------------------------------------------------------------------------


async def test_what_an_admin_sets_outlives_the_next_sync(provider_id: str, people: People):
    told = ModelInfo("m-1", "Model One", 8000, 1000, thinks=True, capabilities=("vision",))
    await synced(told, ModelInfo("text-embed-3"))
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, people.alice)
    first = next(each for each in page.items if each.upstream == "m-1")
    assert [each.chats for each in page.items] == [True, False]
    changed = await update(
        people.alice,
        first.id,
        display_name="  Ours \n now ",
        description="For letters.",
        icon="brain",
        context_window=4000,
        max_tokens=500,
        capabilities=[],
        params={"temperature": 0.2, "stop": ["END"]},
        system_prompt="Be brief.",
    )
    assert changed.row.name == "Ours now"
    assert changed.fixed == ["capabilities", "context_window", "max_tokens"]
    await synced(ModelInfo("m-1", "Model One", 16000, 2000, thinks=True, capabilities=("vision",)))
    async with unit_of_work(writes=False) as session:
        kept = await model_views.get_model(session, people.alice, first.id)
        row = await session.get(AIModel, first.id)
        provider = await session.get(AIProvider, provider_id)
        assert row is not None
        assert provider is not None
        assert not await models.can_think(session, row)
    assert (kept.row.name, kept.row.window, kept.max_tokens) == ("Ours now", 4000, 500)
    assert (kept.capabilities, kept.row.is_available) == ([], True)
    sampling = prompting.sampling_of(row, provider, {"max_tokens": 900, "temperature": 1.0})
    assert (sampling.temperature, sampling.max_tokens, sampling.stop) == (1.0, 500, ("END",))
    # Emptied, they are the provider's to say again.
    again = await update(people.alice, first.id, display_name="", context_window=0, max_tokens=0)
    assert (again.row.name, again.fixed) == ("m-1", ["capabilities"])
    await synced(ModelInfo("m-1", "Model One", 16000, 2000, thinks=True))
    async with unit_of_work(writes=False) as session:
        kept = await model_views.get_model(session, people.alice, first.id)
        rows = list(
            await session.scalars(
                sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == "admin.model_changed")
            )
        )
    assert (kept.row.window, kept.max_tokens, kept.capabilities) == (16000, 2000, [])
    assert rows[0].details["changes"]["system_prompt"] == [0, 9]
    assert "Be brief." not in str([each.details for each in rows])


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("display_name", {"display_name": "x" * 201}),
    ("description", {"description": "x" * 1001}),
    ("icon", {"icon": "<svg>"}),
    ("type_id", {"type_id": "x"}),
    ("context_window", {"context_window": -1}),
    ("longest", {"max_tokens": 10**9}),
    ("capabilities", {"capabilities": ["flying"]}),
    ("temperature", {"params": {"temperature": 3}}),
    ("top_k", {"params": {"top_k": 3}}),
    ("prompt", {"system_prompt": "x" * 20_001}),
    ("visibility", {"visibility": "nobody"}),
    ("readers", {"readers": ["x"]}),
)


async def test_what_cannot_be_is_refused_by_its_field(provider_id: str, people: People):
    await synced(ModelInfo("m-1"))
    (model_id,) = await offered(people.alice)
    told = []
    for _, fields in WRONG:
        error = await refused(update(people.alice, model_id, **fields))
        told.append((isinstance(error, InvalidInput) and error.field, fields))
    assert told == list(WRONG)
    assert isinstance(await refused(update(people.alice, "x", icon="")), NotFound)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("128000", 128_000), ("128.000", 128_000), ("128,000", 128_000), ("8 192", 8192)],
)
def test_sizes_are_read_as_people_write_them(text: str, tokens: int):
    draft = model_checks.draft_from_form({"context_window": text, "can_vision": "on"}, ["top_p"])
    assert (draft.context_window, draft.capabilities) == (tokens, ["vision"])


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "12,34", "many", "1e9", "١٢", "9" * 12])
def test_no_size(text: str):
    with pytest.raises(InvalidInput) as caught:
        model_checks.draft_from_form({"longest": text}, [])
    assert caught.value.field == "longest"


# --- who may use them -----------------------------------------------------------------


async def test_who_is_not_chosen_cannot_use_a_model_by_any_way(
    engine: Engine, model_id: str, people: People, upstream: ScriptedServer
):
    bob, charlie = people.bob, people.charlie
    upstream.script("say:Before.")
    asked = await runs.ask(charlie, "Hello", model_id=model_id)
    await watch(charlie, asked.run_id)
    await update(people.alice, model_id, visibility="chosen", readers=[bob.user_id])
    assert model_id in await offered(bob)
    # An admin has to be chosen like anybody else.
    for outsider in (charlie, people.alice):
        assert model_id not in await offered(outsider)
        async with unit_of_work() as session:
            calls = (
                models.get_model_for(session, outsider, model_id),
                chats.create_chat(session, outsider, model_id),
            )
            for call in calls:
                assert (await refused(call)).message_key == "error.model_required"
            assert await models.default_model_id(session, outsider) != model_id
        wanted = AccountChange(default_model_id=model_id)
        error = await refused(account.change(outsider, wanted, Client("127.0.0.1", "tests")))
        assert error.message_key == "error.model_required"
    other = (await offered(charlie))[0]
    async with unit_of_work(writes=False) as session:
        question_id = (await session.get(ChatMessage, asked.message_id)).parent_id or ""  # type: ignore[union-attr]
    ways = (
        runs.ask(charlie, "Go on", chat_id=asked.chat_id),
        runs.ask(charlie, "Hello", model_id=model_id),
        runs.ask(charlie, "Both", model_id=other, options=AskOptions(also_model_id=model_id)),
        runs.retry(charlie, asked.message_id),
        runs.retry(charlie, asked.message_id, model_id=model_id),
        runs.edit(charlie, question_id, "In other words"),
    )
    for way in ways:
        assert (await refused(way)).message_key == "error.model_required"
    async with unit_of_work() as session:
        for call in (
            chats.choose_model(session, charlie, asked.chat_id, model_id),
            context.measure(session, charlie, asked.chat_id),
        ):
            assert (await refused(call)).message_key == "error.model_required"
    assert len(upstream.requests) == 1
    # Who is chosen uses it as ever; the first question goes through to the model.
    upstream.script("say:For Bob.")
    done = await runs.ask(bob, "Hello", model_id=model_id)
    await watch(bob, done.run_id)
    async with unit_of_work(writes=False) as session:
        answer = await session.get(ChatMessage, done.message_id)
    assert answer is not None
    assert answer.content == "For Bob."


async def test_a_question_that_waits_is_not_answered_by_what_is_no_longer_theirs(
    engine: Engine,
    model_id: str,
    people: People,
    upstream: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
):
    # The change comes between the question and the moment when its run is prepared.
    monkeypatch.setattr(engine, "wake", lambda run_id: None)
    asked = await runs.ask(people.charlie, "Hello", model_id=model_id)
    await update(people.alice, model_id, visibility="admins")
    error = await refused(prompting.prepare(asked.run_id))
    assert error.code == "model_unavailable"
    await update(people.alice, model_id, visibility="everyone")
    assert (await prompting.prepare(asked.run_id)).request.model


async def test_nobody_but_an_admin_does_any_of_it(provider_id: str, people: People):
    await synced(ModelInfo("m-1"))
    (model_id,) = await offered(people.bob)
    type_id = (await types(people.alice))["code"]
    for outsider in (people.bob, people.charlie):
        async with unit_of_work() as session:
            calls = (
                model_views.list_models(session, outsider),
                model_views.get_model(session, outsider, model_id),
                model_views.provider_names(session, outsider),
                model_admin.update_model(session, outsider, model_id, ModelDraft(icon="bot")),
                model_admin.switch_models(session, outsider, [model_id], False),
                model_admin.use_listed_prices(session, outsider, [model_id]),
                model_types.list_types(session, outsider),
                model_types.create_type(session, outsider, TypeDraft("x")),
                model_types.update_type(session, outsider, type_id, TypeDraft("x")),
                model_types.delete_type(session, outsider, type_id),
            )
            for call in calls:
                assert type(await refused(call)) is NotAllowed
    assert model_id in await offered(people.bob)


async def test_the_model_used_last_is_the_next_chats(provider_id: str, people: People):
    await synced(*(ModelInfo(name) for name in "abc"))
    a, b, c = await offered(people.bob)
    client = Client("127.0.0.1", "tests")

    async def next_one(actor: Actor) -> str:
        async with unit_of_work() as session:
            return await models.default_model_id(session, actor)

    async def use(model_id: str) -> None:
        async with unit_of_work() as session:
            await models.note_used(session, people.bob, model_id)

    await update(people.alice, b, is_default=True)
    assert await next_one(people.bob) == b
    await use(c)
    assert await next_one(people.bob) == c
    assert await next_one(people.charlie) == b
    # What the person has set counts for more, as long as there is such a model.
    await account.change(people.bob, AccountChange(default_model_id=a, theme="dark"), client)
    assert await next_one(people.bob) == a
    await account.change(people.bob, AccountChange(default_model_id=""), client)
    assert await next_one(people.bob) == c
    # One that is gone, or no longer theirs, gives way.
    async with unit_of_work() as session:
        await model_admin.switch_models(session, people.alice, [c], False)
    assert await next_one(people.bob) == b
    await use("")
    await use("no such model")
    assert await next_one(people.bob) == b


# --- order, switches, the default -----------------------------------------------------


async def test_models_are_put_in_order_switched_and_made_the_default(
    provider_id: str, people: People
):
    await synced(*(ModelInfo(name) for name in "abcd"))
    a, b, c, d = await offered(people.bob)
    assert (await update(people.alice, d, place=1)).place == 1
    assert (await update(people.alice, a, place=99)).place == 4
    assert await offered(people.bob) == [d, b, c, a]
    # New ones stand behind those that are in order.
    await synced(*(ModelInfo(name) for name in ("a", "b", "c", "d", "0-new")))
    assert (await offered(people.bob))[:4] == [d, b, c, a]
    await update(people.alice, b, is_default=True)
    await update(people.alice, c, is_default=True)
    async with unit_of_work() as session:
        assert await models.default_model_id(session, people.bob) == c
        assert await model_admin.switch_models(session, people.alice, [c, d], False) == 2
        assert await model_admin.switch_models(session, people.alice, [c, d], False) == 0
        assert isinstance(
            await refused(model_admin.switch_models(session, people.alice, [a, "x"], False)),
            NotFound,
        )
        assert await models.default_model_id(session, people.bob) == b
        marked = list(
            await session.scalars(sa.select(col(AIModel.id)).where(col(AIModel.is_default)))
        )
    assert marked == [c]
    assert await offered(people.bob) == [b, a, (await offered(people.bob))[2]]
    assert isinstance(await refused(update(people.alice, d, is_default=True)), Conflict)


async def test_two_admins_who_act_at_once_do_not_get_in_each_others_way(
    provider_id: str, people: People
):
    await synced(*(ModelInfo(name) for name in "abcd"))
    a, b, c, d = await offered(people.bob)

    async def switch() -> None:
        async with unit_of_work() as session:
            await model_admin.switch_models(session, people.alice, [d, c, b, a], True)

    await asyncio.gather(
        update(people.alice, a, is_default=True),
        update(people.alice, b, is_default=True),
        update(people.alice, d, place=1),
        update(people.alice, a, steps=3),
        switch(),
    )
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, people.alice)
        places = [
            (await model_views.get_model(session, people.alice, each.id)).place
            for each in page.items
        ]
    assert places == [1, 2, 3, 4]
    assert sum(each.is_default for each in page.items) == 1
    assert page.items[0].id == d


async def test_ten_thousand_models_are_searched_and_paged(provider_id: str, people: People):
    code = (await types(people.alice))["code"]
    rows = [
        AIModel(
            provider_id=provider_id,
            name=f"m-{n:05}",
            display_name=f"Model {n % 500:03}",
            model_type=code if n % 100 == 0 else None,
            is_active=n % 2 == 0,
            sort_order=n % 7,
        ).model_dump()
        for n in range(10_000)
    ]
    async with unit_of_work() as session:
        for start in range(0, len(rows), 1000):
            await session.execute(sa.insert(AIModel), rows[start : start + 1000])
    seen: list[str] = []
    cursor = None
    began = time.monotonic()
    async with unit_of_work(writes=False) as session:
        for _ in range(5):
            page = await model_views.list_models(session, people.alice, cursor=cursor, limit=200)
            seen += [each.id for each in page.items]
            cursor = page.next_cursor
        took = time.monotonic() - began
        assert page.total == 10_000
        assert len(set(seen)) == 1000
        found = {
            "one": ModelFilters("m-00777"),
            "words": ModelFilters("model 077"),
            "typed": ModelFilters(type_id=code),
            "typeless": ModelFilters(type_id="none", state="on"),
            "off": ModelFilters(state="off", provider_id=provider_id),
            "gone": ModelFilters(state="gone"),
            "none": ModelFilters("100%_"),
            "unpriced": ModelFilters("m-0000", state="unpriced"),
        }
        totals = {
            name: (await model_views.list_models(session, people.alice, each, limit=1)).total
            for name, each in found.items()
        }
        for forged in ("x", "W10=", "WzEsMiwzLDQsNV0=", page.next_cursor[:-4] or ""):
            error = await refused(model_views.list_models(session, people.alice, cursor=forged))
            assert isinstance(error, InvalidInput)
    assert totals == {
        "one": 1,
        "words": 130,
        "typed": 100,
        "typeless": 4900,
        "off": 5000,
        "gone": 0,
        "none": 0,
        "unpriced": 10,
    }
    # Five pages of two hundred: far from what anybody would notice.
    assert took < 15


# --- types ----------------------------------------------------------------------------


async def test_a_renamed_type_means_what_it_meant_and_a_deleted_one_stays_away(
    provider_id: str, people: People
):
    alice = people.alice
    await synced(ModelInfo("m-1"))
    (model_id,) = await offered(people.bob)
    known = await types(alice)
    await update(alice, model_id, type_id=known["reasoning"])
    async with unit_of_work() as session:
        rows = await model_types.update_type(
            session, alice, known["reasoning"], TypeDraft("Grübler", "Denken erst.", "zap", 1)
        )
        assert (rows[0].name, rows[0].slug, rows[0].models) == ("Grübler", "reasoning", 1)
        model = await session.get(AIModel, model_id)
        assert model is not None
        assert await models.can_think(session, model)
    for name, error in (
        (" ", "type_name"),
        ("grübler", "type_twice"),
        ("CHAT", "type_twice"),
        ("x" * 41, "type_name_long"),
    ):
        async with unit_of_work() as session:
            caught = await refused(model_types.create_type(session, alice, TypeDraft(name)))
            # Only plain letters are the same in both sizes everywhere.
            assert caught.message_key == f"error.{error}"
    async with unit_of_work() as session:
        rows = await model_types.create_type(session, alice, TypeDraft("Poets", icon="star"))
    assert (rows[-1].name, rows[-1].slug) == ("Poets", "")
    # Models that embed are not for chats.
    await update(alice, model_id, type_id=known["embedding"])
    assert await offered(alice) == []
    async with unit_of_work() as session:
        await model_types.delete_type(session, alice, known["embedding"])
    assert await offered(alice) == [model_id]
    async with unit_of_work(writes=False) as session:
        assert (await session.get(AIModel, model_id)).model_type is None  # type: ignore[union-attr]
    await providers.ensure_providers([])
    async with unit_of_work(writes=False) as session:
        slugs = list(await session.scalars(sa.select(col(AIType.slug))))
    there = sorted(each or "" for each in slugs)
    assert there == ["", "chat", "code", "image", "reasoning", "vision"]
    async with unit_of_work() as session:
        missing = model_types.delete_type(session, alice, "x")
        assert isinstance(await refused(missing), NotFound)


async def test_who_leaves_is_chosen_no_longer(model_id: str, people: People):
    await update(people.alice, model_id, visibility="chosen", readers=[people.bob.user_id])
    async with unit_of_work() as session:
        await session.execute(
            sa.text('DELETE FROM "user" WHERE id = :id').bindparams(id=people.bob.user_id)
        )
    async with unit_of_work(writes=False) as session:
        assert list(await session.scalars(sa.select(ModelReader))) == []


# --- models that no provider lists ----------------------------------------------------------


async def add(alice: Actor, provider_id: str, name: str, type_id: str | None = None) -> ModelDetail:
    async with unit_of_work() as session:
        return await added_models.add_model(session, alice, provider_id, name, type_id)


async def test_a_model_that_an_admin_adds_outlives_a_list_without_it(
    provider_id: str, people: People
):
    await synced(ModelInfo("listed"))
    kinds = await types(people.alice)
    added = await add(people.alice, provider_id, "  text-embed-own ")
    assert (added.row.upstream, added.row.type_id) == ("text-embed-own", kinds["embedding"])
    plain = await add(people.alice, provider_id, "own", "")
    assert (plain.row.type_id, plain.fixed, plain.row.chats) == ("", ["is_available"], True)
    await synced(ModelInfo("other"))
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, people.alice)
    there = {each.upstream: each.is_available for each in page.items}
    assert there == {"text-embed-own": True, "own": True, "listed": False, "other": True}
    # What its provider lists would come back.
    ids = {each.upstream: each.id for each in page.items}
    error = await refused(added_models.remove_model(people.alice, ids["other"]))
    assert isinstance(error, Conflict)
    for name in ("own", "listed"):
        await added_models.remove_model(people.alice, ids[name])
    await synced(ModelInfo("other"))
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, people.alice)
        told = list(
            await session.scalars(
                sa.select(col(MonitoringLog.log_type))
                .where(col(MonitoringLog.log_type).like("admin.model_%"))
                .order_by(col(MonitoringLog.id))
            )
        )
    assert {each.upstream for each in page.items} == {"text-embed-own", "other"}
    assert told == [*["admin.model_added"] * 2, *["admin.model_removed"] * 2]


async def test_what_cannot_be_added_or_removed_is_refused(provider_id: str, people: People):
    await add(people.alice, provider_id, "own")
    for name, type_id, field in (
        ("own", None, "name"),
        (" ", None, "name"),
        ("x" * 201, None, "name"),
        ("new", "missing", "type_id"),
    ):
        error = await refused(add(people.alice, provider_id, name, type_id))
        assert isinstance(error, InvalidInput), name
        assert error.field == field
    assert isinstance(await refused(add(people.alice, "missing", "new")), NotFound)
    assert isinstance(await refused(added_models.remove_model(people.alice, "x")), NotFound)
    assert isinstance(await refused(add(people.bob, provider_id, "new")), NotAllowed)
    assert isinstance(await refused(added_models.remove_model(people.bob, "x")), NotAllowed)


async def test_new_models_wait_for_an_admin_where_they_are_not_offered_at_once(
    provider_id: str, people: People
):
    await synced(ModelInfo("first"))
    async with unit_of_work() as session:
        draft = ProviderDraft(offers_new_models=False)
        item = await provider_admin.update_provider(session, people.alice, provider_id, draft)
    assert not item.offers_new_models
    await synced(ModelInfo("first"), ModelInfo("second"))
    async with unit_of_work(writes=False) as session:
        page = await model_views.list_models(session, people.alice)
    assert {each.upstream: each.is_active for each in page.items} == {
        "first": True,
        "second": False,
    }
