"""Model prices, each valid from its day until the next one.

An answer's cost is calculated once, when it ends, and stored in the ledger (settlement); later
price changes don't affect it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import insert_missing
from llm_ui.enums import PriceState
from llm_ui.errors import InvalidInput, NotFound
from llm_ui.models import AIModel, AIProvider, ModelPrice
from llm_ui.models.base import now
from llm_ui.schemas.catalogue.models import ListedPrice, PriceDraft, PriceRow
from llm_ui.schemas.chats.views import UNKNOWN
from llm_ui.services.audit.recording import record
from llm_ui.services.money import price_checks as checks
from llm_ui.services.money import price_list

PER_MILLION = 1_000_000
MOST = 200


def cost_of(price: ModelPrice, *, read: int, cached: int, written: int, reasoned: int) -> int:
    """The cost of an answer, in micro-units of the price's currency, rounded to the nearest.

    Args:
        read: prompt tokens, of which `cached` came from the provider's cache.
        written: output tokens, of which `reasoned` were reasoning.

    Every adapter makes sure that the parts are included in the totals (see wire.events.Usage). If a
    part exceeds its total, the provider counts it separately, and so does this function.
    """
    fresh = read - cached if cached <= read else read
    plain = written - reasoned if reasoned <= written else written
    cached_micro = price.cached_input_micro
    reasoning_micro = price.reasoning_micro
    total = (
        fresh * price.input_micro
        + cached * (price.input_micro if cached_micro is None else cached_micro)
        + plain * price.output_micro
        + reasoned * (price.output_micro if reasoning_micro is None else reasoning_micro)
    )
    return (total + PER_MILLION // 2) // PER_MILLION


async def at(
    session: AsyncSession, model_ids: Sequence[str], moment: datetime
) -> dict[str, ModelPrice]:
    """The price of each model at that moment, by model ID; models without one are left out."""
    query = (
        sa.select(ModelPrice)
        .where(col(ModelPrice.model_id).in_(model_ids), col(ModelPrice.valid_from) <= moment)
        .order_by(col(ModelPrice.valid_from))
    )
    return {each.model_id: each for each in await session.scalars(query)}


# --- reading ------------------------------------------------------------------------------


async def _model(session: AsyncSession, model_id: str) -> AIModel:
    # Locked, so that changes of a model's prices are serialized.
    row = await session.get(AIModel, model_id, with_for_update=True)
    if row is None:
        raise NotFound
    return row


def _row(price: ModelPrice, state: PriceState) -> PriceRow:
    cached, reasoned = price.cached_input_micro, price.reasoning_micro
    return PriceRow(
        id=price.id,
        valid_from=price.valid_from.date().isoformat(),
        currency=price.currency,
        input_micro=price.input_micro,
        cached_micro=UNKNOWN if cached is None else cached,
        output_micro=price.output_micro,
        reasoning_micro=UNKNOWN if reasoned is None else reasoned,
        source=price.source,
        state=state,
    )


async def list_prices(session: AsyncSession, actor: Actor, model_id: str) -> list[PriceRow]:
    """A model's prices, latest first. For administrators. Raises NotFound."""
    require(actor, "administer")
    if await session.get(AIModel, model_id) is None:
        raise NotFound
    query = (
        sa.select(ModelPrice)
        .where(col(ModelPrice.model_id) == model_id)
        .order_by(col(ModelPrice.valid_from).desc())
    )
    found, moment, is_past = [], now(), False
    for each in await session.scalars(query):
        begun = PriceState.PAST if is_past else PriceState.NOW
        state = PriceState.FUTURE if each.valid_from > moment else begun
        is_past = is_past or state == PriceState.NOW
        found.append(_row(each, state))
    return found


async def listed(session: AsyncSession, actor: Actor, model_id: str) -> ListedPrice:
    """The bundled list price of a model. For administrators. Raises NotFound."""
    require(actor, "administer")
    model = await session.get(AIModel, model_id)
    if model is None:
        raise NotFound
    return await _listed(session, model)


async def _listed(session: AsyncSession, model: AIModel) -> ListedPrice:
    provider = await session.get(AIProvider, model.provider_id)
    found = price_list.find(provider.api_url, model.name) if provider else None
    return found or ListedPrice()


# --- writing ------------------------------------------------------------------------------


def _told(price: ModelPrice) -> dict[str, Any]:
    return {
        "valid_from": price.valid_from.date().isoformat(),
        "currency": price.currency,
        "input_micro": price.input_micro,
        "cached_input_micro": price.cached_input_micro,
        "output_micro": price.output_micro,
        "reasoning_micro": price.reasoning_micro,
    }


def _put(price: ModelPrice, draft: PriceDraft, found: ListedPrice) -> None:
    price.valid_from = midnight(draft.valid_from)
    price.currency = draft.currency
    price.input_micro, price.output_micro = draft.input_micro, draft.output_micro
    price.cached_input_micro = draft.cached_micro
    price.reasoning_micro = draft.reasoning_micro
    same = _from_list(price.model_id, found, price.valid_from)
    price.source = found.day if _told(same) == _told(price) else ""


def midnight(day: date) -> datetime:
    """The start of a day in UTC, when a price becomes valid."""
    return datetime.combine(day, time(), UTC)


async def _refuse_twice(session: AsyncSession, price: ModelPrice, draft: PriceDraft) -> None:
    other = await session.scalar(
        sa.select(col(ModelPrice.id)).where(
            col(ModelPrice.model_id) == price.model_id,
            col(ModelPrice.valid_from) == midnight(draft.valid_from),
            col(ModelPrice.id) != price.id,
        )
    )
    if other is not None:
        raise InvalidInput("error.price_day_taken", field="valid_from")


def _record(session: AsyncSession, actor: Actor, model: AIModel, **details: Any) -> None:
    record(
        session,
        "admin.price_changed",
        f"{model.display_name}: {', '.join(details['changes'])}",
        user_id=actor.user_id,
        model=model.display_name,
        **details,
    )


async def add_price(
    session: AsyncSession, actor: Actor, model_id: str, draft: PriceDraft
) -> list[PriceRow]:
    """Add a price valid from a given day; returns all of the model's prices. For administrators.

    Raises:
        NotFound: there is no such model.
        InvalidInput: names the field; also if another price starts on that day.
    """
    require(actor, "administer")
    model = await _model(session, model_id)
    checked = checks.clean(draft)
    price = ModelPrice(model_id=model.id)
    await _refuse_twice(session, price, checked)
    _put(price, checked, await _listed(session, model))
    count = await session.scalar(
        sa.select(sa.func.count()).where(col(ModelPrice.model_id) == model.id)
    )
    if (count or 0) >= MOST:
        raise InvalidInput("error.prices_many", field="valid_from", limit=MOST)
    session.add(price)
    await session.flush()
    _record(
        session,
        actor,
        model,
        changes={name: [None, value] for name, value in _told(price).items()},
    )
    return await list_prices(session, actor, model.id)


async def _price(session: AsyncSession, model: AIModel, price_id: str) -> ModelPrice:
    price = await session.get(ModelPrice, price_id)
    if price is None or price.model_id != model.id:
        raise NotFound
    return price


async def change_price(
    session: AsyncSession, actor: Actor, model_id: str, price_id: str, draft: PriceDraft
) -> list[PriceRow]:
    """Replace a price; costs already calculated with it stay in the ledger. See `add_price`."""
    require(actor, "administer")
    model = await _model(session, model_id)
    price = await _price(session, model, price_id)
    before = _told(price)
    checked = checks.clean(draft)
    await _refuse_twice(session, price, checked)
    _put(price, checked, await _listed(session, model))
    after = _told(price)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not differs:
        return await list_prices(session, actor, model.id)
    await session.flush()
    _record(session, actor, model, changes=differs, valid_from=after["valid_from"])
    return await list_prices(session, actor, model.id)


async def delete_price(
    session: AsyncSession, actor: Actor, model_id: str, price_id: str
) -> list[PriceRow]:
    """Delete a price; the previous one applies instead. For administrators. Raises NotFound."""
    require(actor, "administer")
    model = await _model(session, model_id)
    price = await _price(session, model, price_id)
    changes = {name: [value, None] for name, value in _told(price).items()}
    await session.delete(price)
    await session.flush()
    _record(session, actor, model, changes=changes)
    return await list_prices(session, actor, model.id)


# --- from the bundled list ------------------------------------------------------------------


def _from_list(model_id: str, found: ListedPrice, day: datetime) -> ModelPrice:
    return ModelPrice(
        model_id=model_id,
        valid_from=day,
        currency=found.currency,
        input_micro=found.input_micro,
        cached_input_micro=None if found.cached_micro == UNKNOWN else found.cached_micro,
        output_micro=found.output_micro,
        reasoning_micro=None if found.reasoning_micro == UNKNOWN else found.reasoning_micro,
        source=found.day,
    )


async def give_listed(session: AsyncSession, provider: AIProvider, names: Sequence[str]) -> int:
    """Set the list price, from the start of today, for a provider's models that have no price.

    `names` are the provider's names for them. Returns how many got a price.
    """
    prices = {
        name: found
        for name in names
        if (found := price_list.find(provider.api_url, name)) is not None
    }
    if not prices:
        return 0
    priced = sa.select(col(ModelPrice.id)).where(col(ModelPrice.model_id) == AIModel.id)
    query = sa.select(col(AIModel.id), col(AIModel.name)).where(
        col(AIModel.provider_id) == provider.id,
        col(AIModel.name).in_(list(prices)),
        ~priced.exists(),
    )
    day = midnight(now().date())
    rows = [
        _from_list(row[0], prices[row[1]], day).model_dump()
        for row in (await session.execute(query)).all()
    ]
    if rows:
        await insert_missing(session, ModelPrice, rows)
    return len(rows)
