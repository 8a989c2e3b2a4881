"""What models cost: dated prices, the parts of an answer, the bundled list."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.cli import prices as maker
from llm_ui.db import Database, unit_of_work
from llm_ui.errors import AppError, InvalidInput, NotAllowed, NotFound
from llm_ui.generation import Engine
from llm_ui.i18n import LANGUAGES
from llm_ui.models import AIModel, AIProvider, ModelPrice, MonitoringLog, UsageLog
from llm_ui.models.base import now
from llm_ui.providers.anthropic.parse import merge_usage
from llm_ui.providers.openai.parse import parse_usage
from llm_ui.providers.types import Found
from llm_ui.schemas.catalogue.models import PriceDraft, PriceRow
from llm_ui.services.answers import runs
from llm_ui.services.catalogue import model_admin, provider_sync, providers
from llm_ui.services.money import price_checks, price_list, prices
from llm_ui.wire.events import ModelInfo, Usage
from tests.conftest import People
from tests.scripted import ScriptedServer
from tests.unit.test_engine import watch

TODAY = now().date()


def draft(**fields: Any) -> PriceDraft:
    given = {
        "valid_from": TODAY,
        "currency": "USD",
        "input_micro": 1_000_000,
        "output_micro": 4_000_000,
    } | fields
    return PriceDraft(**given)


async def add(alice: Actor, model_id: str, **fields: Any) -> list[PriceRow]:
    async with unit_of_work() as session:
        return await prices.add_price(session, alice, model_id, draft(**fields))


async def refused(call: Any) -> AppError:
    with pytest.raises(AppError) as caught:
        await call
    return caught.value


# --- what an answer costs ---------------------------------------------------------------


def price(**fields: Any) -> ModelPrice:
    """Three for a million tokens of input, fifteen for output."""
    return ModelPrice(model_id="x", input_micro=3_000_000, output_micro=15_000_000, **fields)


# What providers send, and what that costs in micro-units.
BILLED: tuple[tuple[str, Usage | None, int], ...] = (
    # OpenAI: cached tokens within the prompt, reasoning within the completion.
    (
        "openai",
        parse_usage(
            {
                "prompt_tokens": 1000,
                "completion_tokens": 500,
                "total_tokens": 1500,
                "prompt_tokens_details": {"cached_tokens": 400},
                "completion_tokens_details": {"reasoning_tokens": 200},
            }
        ),
        600 * 3 + 400 * 0.3 + 300 * 15 + 200 * 20,
    ),
    # xAI: reasoning beside the completion.
    (
        "xai",
        parse_usage(
            {
                "prompt_tokens": 1000,
                "completion_tokens": 300,
                "total_tokens": 1500,
                "prompt_tokens_details": {"cached_tokens": 400},
                "completion_tokens_details": {"reasoning_tokens": 200},
            }
        ),
        600 * 3 + 400 * 0.3 + 300 * 15 + 200 * 20,
    ),
    # DeepSeek: hits of the cache under a name of its own.
    (
        "deepseek",
        parse_usage(
            {
                "prompt_tokens": 1000,
                "completion_tokens": 500,
                "total_tokens": 1500,
                "prompt_cache_hit_tokens": 400,
                "prompt_cache_miss_tokens": 600,
            }
        ),
        600 * 3 + 400 * 0.3 + 500 * 15,
    ),
    # Anthropic: what the cache gave beside the input; thinking within the output, untold.
    (
        "anthropic",
        merge_usage(
            Usage(),
            {
                "input_tokens": 500,
                "cache_read_input_tokens": 400,
                "cache_creation_input_tokens": 100,
                "output_tokens": 500,
            },
        ),
        600 * 3 + 400 * 0.3 + 500 * 15,
    ),
    # One that counts wrongly must not cost less than nothing.
    (
        "odd",
        Usage(10, 5, cached_tokens=1000, reasoning_tokens=1000),
        10 * 3 + 1000 * 0.3 + 5 * 15 + 1000 * 20,
    ),
)


@pytest.mark.parametrize(("who", "usage", "cost"), BILLED, ids=[each[0] for each in BILLED])
def test_cached_and_reasoning_tokens_cost_what_they_should(
    who: str, usage: Usage | None, cost: float
):
    assert usage is not None
    tokens = {
        "read": usage.input_tokens or 0,
        "cached": usage.cached_tokens or 0,
        "written": usage.output_tokens or 0,
        "reasoned": usage.reasoning_tokens or 0,
    }
    paid = prices.cost_of(price(cached_input_micro=300_000, reasoning_micro=20_000_000), **tokens)
    assert paid == round(cost)
    # Without prices of their own they are input and output like all other.
    plain = prices.cost_of(price(), **tokens)
    if who != "odd":
        assert plain == 1000 * 3 + 500 * 15
    assert prices.cost_of(price(cached_input_micro=0, reasoning_micro=0), **tokens) < plain


def test_a_cost_is_rounded_to_the_nearest_millionth():
    one = ModelPrice(model_id="x", input_micro=500_000, output_micro=499_999)
    assert prices.cost_of(one, read=1, cached=0, written=0, reasoned=0) == 1
    assert prices.cost_of(one, read=0, cached=0, written=1, reasoned=0) == 0


async def test_each_answer_keeps_the_cost_of_its_day(
    engine: Engine, model_id: str, people: People, upstream: ScriptedServer
):
    alice, bob = people.alice, people.bob

    async def asked() -> UsageLog:
        upstream.script("say:One two three.")
        run = await runs.ask(bob, "Hello", model_id=model_id)
        await watch(bob, run.run_id)
        async with unit_of_work(writes=False) as session:
            query = sa.select(UsageLog).where(col(UsageLog.run_id) == run.run_id)
            return (await session.scalars(query)).one()

    assert (await asked()).cost_micro == 0
    await add(alice, model_id, valid_from=TODAY + timedelta(days=1), input_micro=10**12)
    await add(alice, model_id, valid_from=TODAY - timedelta(days=9), currency="eur")
    paid = await asked()
    expected = paid.input_tokens * 1 + paid.output_tokens * 4
    assert (paid.cost_micro, paid.currency) == (expected, "EUR")
    rows = await add(alice, model_id, input_micro=2_000_000, output_micro=8_000_000)
    assert [each.state for each in rows] == ["future", "now", "past"]
    assert (await asked()).cost_micro == 2 * expected
    async with unit_of_work() as session:
        rows = await prices.change_price(
            session, alice, model_id, rows[1].id, draft(input_micro=0, output_micro=0)
        )
        for each in rows:
            left = await prices.delete_price(session, alice, model_id, each.id)
        assert left == []
        kept = list(await session.scalars(sa.select(col(UsageLog.cost_micro))))
        logged = list(
            await session.scalars(
                sa.select(MonitoringLog).where(col(MonitoringLog.log_type) == "admin.price_changed")
            )
        )
    assert sorted(kept) == [0, expected, 2 * expected]
    assert {"input_micro": [2_000_000, 0], "output_micro": [8_000_000, 0]} in [
        each.details["changes"] for each in logged
    ]


async def test_a_price_is_checked_and_nobody_elses(model_id: str, people: People):
    alice = people.alice
    (first,) = await add(alice, model_id)
    async with unit_of_work(writes=False) as session:
        others = sa.select(col(AIModel.id)).where(col(AIModel.id) != model_id)
        other = (await session.scalars(others)).first()
    for field, fields in (
        ("valid_from", {}),
        ("valid_from", {"valid_from": date(1999, 12, 31)}),
        ("currency", {"currency": "€"}),
        ("currency", {"currency": "USDT"}),
        ("input", {"input_micro": -1}),
        ("output", {"output_micro": 10**12 + 1}),
        ("cached", {"cached_micro": -1}),
        ("reasoning", {"reasoning_micro": 10**13}),
    ):
        error = await refused(add(alice, model_id, **fields))
        assert isinstance(error, InvalidInput)
        assert error.field == field
    rows = await add(alice, model_id, valid_from=TODAY + timedelta(days=3))
    async with unit_of_work() as session:
        error = await refused(prices.change_price(session, alice, model_id, rows[0].id, draft()))
        assert error.message_key == "error.price_day_taken"
    async with unit_of_work() as session:
        for call in (
            prices.change_price(session, alice, str(other), first.id, draft()),
            prices.delete_price(session, alice, str(other), first.id),
            prices.delete_price(session, alice, model_id, "x"),
            prices.list_prices(session, alice, "x"),
            prices.listed(session, alice, "x"),
        ):
            assert isinstance(await refused(call), NotFound)
        for outsider in (people.bob, people.charlie):
            for call in (
                prices.list_prices(session, outsider, model_id),
                prices.listed(session, outsider, model_id),
                prices.add_price(session, outsider, model_id, draft()),
                prices.change_price(session, outsider, model_id, first.id, draft()),
                prices.delete_price(session, outsider, model_id, first.id),
            ):
                assert type(await refused(call)) is NotAllowed


# --- amounts as people write them -------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("", None),
        ("0", 0),
        ("0.15", 150_000),
        ("0,15", 150_000),
        (" 2.5 ", 2_500_000),
        ("0,150", 150_000),
        ("1000", 10**9),
        ("1.0000", 1_000_000),
        ("0.000001", 1),
        ("1000000", 10**12),
    ],
)
def test_amounts_with_a_point_or_a_comma(text: str, micro: int | None):
    assert price_checks.micro_from_text(text, "input") == micro
    if micro:
        for language in LANGUAGES:
            shown = price_checks.text_of(micro, language)
            assert price_checks.micro_from_text(shown, "input") == micro


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1,000", "thousands"),
        ("2.500", "thousands"),
        ("1,000.50", "amount"),
        ("$2", "amount"),
        ("-1", "amount"),
        ("free", "amount"),
        ("1e3", "amount"),
        ("0.0000001", "amount"),
        (".5", "amount"),
        ("1000001", "range"),
        ("٢", "amount"),
        ("nan", "amount"),
    ],
)
def test_no_amount_or_none_that_is_clear(text: str, error: str):
    with pytest.raises(InvalidInput) as caught:
        price_checks.micro_from_text(text, "output")
    assert (caught.value.message_key, caught.value.field) == (f"error.price_{error}", "output")


# --- the bundled list -------------------------------------------------------------------


def test_the_list_is_dated_and_every_figure_is_one():
    content = json.loads(price_list.FILE.read_text())
    assert date.fromisoformat(content["day"]) < date(2030, 1, 1)
    for provider in content["providers"]:
        assert provider["page"].startswith("https://")
        for name in provider["models"]:
            found = price_list.find(f"https://{provider['host']}/v1", name)
            assert found is not None
            # What comes from a cache is never dearer, nor is a dated name another model.
            assert found.cached_micro <= found.input_micro > 0
            assert price_list.find(f"https://{provider['host']}", f"{name}-2025-01-31") == found


def test_the_list_is_for_its_makers_only():
    listed = price_list.find("https://api.openai.com/v1", "gpt-4o-mini-2024-07-18")
    assert listed is not None
    assert (listed.input_micro, listed.cached_micro, listed.output_micro) == (
        150_000,
        75_000,
        600_000,
    )
    assert price_list.find("http://127.0.0.1:8000/v1", "gpt-4o-mini") is None
    assert price_list.find("https://api.openai.com.evil.example/v1", "gpt-4o-mini") is None
    assert price_list.find("https://api.openai.com/v1", "gpt-4o-realtime") is None


def model(name: str, prices: Any, *rules: Any) -> Any:
    return SimpleNamespace(id=name, prices=prices, match=SimpleNamespace(or_=list(rules)))


def test_the_list_takes_what_a_price_can_say_and_guesses_nothing():
    def per(read: str, written: str | None, **more: Any) -> Any:
        return SimpleNamespace(input_mtok=Decimal(read), output_mtok=written, **more)

    def when(prices: Any, **constraint: Any) -> Any:
        return SimpleNamespace(
            prices=prices, constraint=SimpleNamespace(**constraint) if constraint else None
        )

    day = date(2026, 11, 30)
    provider = SimpleNamespace(
        id="maker",
        models=[
            model("plain", per("1.50", "3", cache_read_mtok=Decimal("0.150"))),
            model(
                "named",
                per("1", "2"),
                SimpleNamespace(equals="also"),
                SimpleNamespace(starts_with="begins"),
                SimpleNamespace(starts_with="part-"),
                SimpleNamespace(contains="inside"),
                SimpleNamespace(regex="^r"),
            ),
            model("stepped", per("1", "2", cache_read_mtok=SimpleNamespace(base=Decimal("0.1")))),
            model(
                "dated",
                [
                    when(per("9", "9")),
                    when(per("4", "5"), start_date=date(2026, 11, 1)),
                    when(per("7", "7"), start_date=date(2026, 12, 1)),
                ],
            ),
            model("by-hour", [when(per("1", "1")), when(per("2", "2"), start_time=0)]),
            model("paid-by-request", per("1", "1", requests_kcount=Decimal(5))),
            model("some-tts", per("1", "1")),
            model("free", per("0", "0")),
            model("half", per("1", None)),
            model("embed-small", per("0.02", None)),
            model("also", per("8", "8")),
        ],
    )
    found = maker.listed(provider, day)
    assert found == {
        "plain": ["1.5", "0.15", "3"],
        "named": ["1", None, "2"],
        "also": ["1", None, "2"],
        "begins": ["1", None, "2"],
        "stepped": ["1", "0.1", "2"],
        "dated": ["4", None, "5"],
        "embed-small": ["0.02", None, "0"],
    }
    made = {"day": "2026-11-30", "providers": [{"host": "x", "models": found}]}
    text = maker.text_of(made)
    assert json.loads(text) == made
    assert '    "plain": ["1.5", "0.15", "3"],\n' in text


async def test_new_models_get_the_price_of_the_list_and_keep_an_admins(
    db: Database, people: People
):
    found = [Found("anthropic", "Anthropic", "https://api.anthropic.com", "key")]
    await providers.ensure_providers(found)
    names = ("claude-sonnet-4-5-20250929", "claude-haiku-4-5", "claude-unheard-of")

    async def sync(*names: str) -> None:
        async with unit_of_work() as session:
            provider = (await session.scalars(sa.select(AIProvider))).one()
            await provider_sync._note_models(session, provider, [ModelInfo(name) for name in names])

    await sync(*names[:1], names[2])
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(AIModel.name), col(AIModel.id))
        ids = {row[0]: row[1] for row in (await session.execute(query)).all()}
        (row,) = await prices.list_prices(session, people.alice, ids[names[0]])
        assert await prices.list_prices(session, people.alice, ids[names[2]]) == []
        assert (await prices.listed(session, people.alice, ids[names[2]])).day == ""
    assert (row.input_micro, row.cached_micro, row.output_micro) == (
        3_000_000,
        300_000,
        15_000_000,
    )
    assert (row.source, row.state, row.valid_from) == (price_list.day(), "now", TODAY.isoformat())
    async with unit_of_work() as session:
        (own,) = await prices.change_price(
            session, people.alice, ids[names[0]], row.id, draft(input_micro=7)
        )
        assert (own.input_micro, own.source) == (7, "")
        # Whoever goes back to the list's figures has the list's price again.
        back = draft(input_micro=3_000_000, cached_micro=300_000, output_micro=15_000_000)
        (own,) = await prices.change_price(session, people.alice, ids[names[0]], row.id, back)
        assert own.source == price_list.day()
        (own,) = await prices.change_price(
            session, people.alice, ids[names[0]], row.id, draft(input_micro=7)
        )
    await sync(*names)
    async with unit_of_work() as session:
        kept = await prices.at(session, list(ids.values()), datetime.now(UTC))
        assert {each.input_micro for each in kept.values()} == {7}
        # Those that were there before there was a list are given it on request.
        await session.execute(sa.delete(ModelPrice))
        alice = people.alice
        given = await model_admin.use_listed_prices(session, alice, list(ids.values()))
        assert given == 1
        assert await model_admin.use_listed_prices(session, alice, list(ids.values())) == 0
