"""The records that are stored when a run ends: the engine's `settle`.

Runs in the transaction that ends the run, so that every answer has exactly one usage row.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.db import after_commit
from llm_ui.enums import LogLevel, RunState
from llm_ui.errors import AppError
from llm_ui.generation import Outcome
from llm_ui.models import (
    AIModel,
    AIProvider,
    ChatHistory,
    ChatMessage,
    Generation,
    PerformanceMetric,
    UsageLog,
)
from llm_ui.models.base import now
from llm_ui.services.audit.recording import record, report_unhandled
from llm_ui.services.catalogue.capabilities import IMAGE
from llm_ui.services.chats import live_updates
from llm_ui.services.chats.tree import LONGEST_PATH, path_query
from llm_ui.services.insights import daily_usage, metrics
from llm_ui.services.money import prices
from llm_ui.services.token_estimates import estimate, estimate_prompt, writing_rate

CHAT, IMAGES = "chat", "images"


async def settle(session: AsyncSession, outcome: Outcome) -> None:
    """Write a run's usage row, its metrics and, if it failed, its log row."""
    run = await session.get(Generation, outcome.run_id, populate_existing=True)
    if run is None:
        return
    usage = await _usage(session, run, outcome)
    await _name(session, run, usage)
    if usage.model_id:
        await _price(session, usage, usage.model_id)
    session.add(usage)
    measures = [
        PerformanceMetric(
            metric_name=name,
            metric_value=value,
            unit=unit,
            model_id=usage.model_id,
            model_name=usage.model_name,
            provider_name=usage.provider_name,
            endpoint=usage.endpoint,
            address=outcome.address,
            run_id=run.id,
        )
        for name, value, unit in _measures(outcome, usage)
    ]
    counted = metrics.answer_counter(usage, measures)
    after_commit(session, counted)
    await _note_message(session, run, outcome, usage)
    # The daily totals are shared by everyone, so their rows are locked as late as possible.
    await daily_usage.count(session, usage)
    live_updates.ended(session, run.user_id, run.chat_id)
    chat = await session.get(ChatHistory, run.chat_id)
    if chat is not None and chat.is_temporary:
        # A temporary chat leaves nothing but its usage.
        return
    session.add_all(measures)
    if outcome.error is not None:
        _log_failure(session, run, outcome, outcome.error, usage)


async def _name(session: AsyncSession, run: Generation, usage: UsageLog) -> None:
    """Fill in the names of the model and its provider."""
    model = await session.get(AIModel, run.model_id) if run.model_id else None
    provider = await session.get(AIProvider, model.provider_id) if model else None
    usage.model_id = model.id if model else None
    usage.model_name = model.display_name if model else ""
    usage.provider_name = provider.name if provider else ""


async def _usage(session: AsyncSession, run: Generation, outcome: Outcome) -> UsageLog:
    told = outcome.usage
    answer = await session.get(ChatMessage, run.message_id)
    is_image = answer is not None and IMAGE in answer.modes
    is_estimated = told.input_tokens is None or told.output_tokens is None
    input_tokens, output_tokens = told.input_tokens, told.output_tokens
    if is_image or (outcome.first_token_at is None and outcome.state == RunState.FAILED):
        # If there was no response, the provider rejected the prompt and doesn't charge for it.
        # Images have tokens only if the provider counts them.
        is_estimated, input_tokens, output_tokens = False, input_tokens or 0, output_tokens or 0
    if input_tokens is None:
        input_tokens = await _prompt_estimate(session, run)
    if output_tokens is None:
        output_tokens = estimate(outcome.text[outcome.base :] + outcome.reasoning)
    return UsageLog(
        user_id=run.user_id,
        run_id=run.id,
        endpoint=IMAGES if is_image else CHAT,
        status=outcome.state,
        input_tokens=input_tokens,
        cached_tokens=told.cached_tokens or 0,
        output_tokens=output_tokens,
        reasoning_tokens=told.reasoning_tokens or 0,
        is_estimated=is_estimated,
        duration=_milliseconds(outcome.started_at, outcome.finished_at),
    )


async def _prompt_estimate(session: AsyncSession, run: Generation) -> int:
    answer = await session.get(ChatMessage, run.message_id)
    if answer is None or answer.parent_id is None:
        return 0
    rows = await session.scalars(path_query(run.chat_id, answer.parent_id, LONGEST_PATH))
    return estimate_prompt(row.content for row in rows)


async def _price(session: AsyncSession, usage: UsageLog, model_id: str) -> None:
    """Fill in the cost at the current price; it is never recalculated."""
    price = (await prices.at(session, [model_id], now())).get(model_id)
    if price is None:
        return
    usage.cost_micro = prices.cost_of(
        price,
        read=usage.input_tokens,
        cached=usage.cached_tokens,
        written=usage.output_tokens,
        reasoned=usage.reasoning_tokens,
    )
    usage.currency = price.currency


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))


def _measures(outcome: Outcome, usage: UsageLog) -> list[tuple[str, float, str]]:
    duration = _milliseconds(outcome.started_at, outcome.finished_at)
    found: list[tuple[str, float, str]] = [("duration", duration, "ms")]
    if outcome.first_token_at is not None:
        ttft = _milliseconds(outcome.started_at, outcome.first_token_at)
        found.append(("time_to_first_token", ttft, "ms"))
        rate = writing_rate(usage.output_tokens, ttft, duration)
        if rate is not None:
            found.append(("tokens_per_second", round(rate, 2), "tokens/s"))
    return found


async def _note_message(
    session: AsyncSession, run: Generation, outcome: Outcome, usage: UsageLog
) -> None:
    """Update the message's statistics; a continued message adds up all of its runs."""
    first = outcome.first_token_at
    message = await session.get(ChatMessage, run.message_id, populate_existing=True)
    if message is not None:
        ttft = _milliseconds(outcome.started_at, first) if first else None
        message.ttft_ms = ttft if message.ttft_ms is None else message.ttft_ms
        message.duration_ms = (message.duration_ms or 0) + _milliseconds(
            outcome.started_at, outcome.finished_at
        )
        message.input_tokens = (message.input_tokens or 0) + usage.input_tokens
        message.output_tokens = (message.output_tokens or 0) + usage.output_tokens
        message.is_estimated = message.is_estimated or usage.is_estimated
    run.input_tokens, run.output_tokens = usage.input_tokens, usage.output_tokens
    run.is_estimated = usage.is_estimated
    await session.execute(
        sa.update(ChatHistory)
        .where(col(ChatHistory.id) == run.chat_id)
        .values(updated_at=outcome.finished_at)
    )


def _said(error: AppError) -> str:
    """The provider's error message for administrators, or at least its HTTP status."""
    status = error.params.get("status")
    return str(error.params.get("detail") or (f"HTTP {status}" if status else ""))


def _log_failure(
    session: AsyncSession, run: Generation, outcome: Outcome, error: AppError, usage: UsageLog
) -> None:
    asked = {"provider_address": outcome.address} if outcome.address else {}
    record(
        session,
        "provider.error",
        f"{usage.model_name}: {error.code} {_said(error)}",
        level=LogLevel.ERROR,
        user_id=run.user_id,
        code=error.code,
        model=usage.model_name,
        provider=usage.provider_name,
        run=run.id,
        **asked,
    )


async def unhandled(error: BaseException, where: str) -> AppError:
    """The error to show after an unexpected exception, with the reference number of its log row."""
    return AppError("error.internal", reference=await report_unhandled(error, where=where))
