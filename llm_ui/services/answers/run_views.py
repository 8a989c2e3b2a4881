"""Runs as REST shows them: their state, and their usage from the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import NotFound
from llm_ui.models import ChatHistory, ChatMessage, Generation, UsageLog
from llm_ui.schemas.answers.runs import RunUsage, RunView
from llm_ui.wire.finish import CUT


async def get_run(actor: Actor, run_id: str) -> RunView:
    """The current state of one of the actor's runs.

    Raises NotFound, including if its chat has been deleted.
    """
    query = (
        sa.select(Generation, ChatMessage, UsageLog)
        .join(ChatMessage, col(ChatMessage.id) == Generation.message_id)
        .join(ChatHistory, col(ChatHistory.id) == Generation.chat_id)
        .join(UsageLog, col(UsageLog.run_id) == Generation.id, isouter=True)
        .where(
            col(Generation.id) == run_id,
            col(Generation.user_id) == actor.user_id,
            col(ChatHistory.deleted_at).is_(None),
        )
    )
    async with unit_of_work(writes=False) as session:
        found = (await session.execute(query)).first()
    if found is None:
        raise NotFound
    run, message, usage = found
    # A later run may have continued the same message.
    is_its_end = run.finished_at is not None and run.finished_at == message.finished_at
    reason = message.finish_reason if is_its_end else ""
    return RunView(
        id=run.id,
        chat_id=run.chat_id,
        message_id=run.message_id,
        state=run.state,
        model_id=run.model_id or "",
        model_name=message.model_name,
        created_at=run.created_at.isoformat(),
        started_at=run.started_at.isoformat() if run.started_at else "",
        finished_at=run.finished_at.isoformat() if run.finished_at else "",
        error_code=run.error_code,
        finish_reason=reason,
        truncated=reason in CUT,
        usage=usage_of(usage) if usage else None,
    )


def usage_of(row: UsageLog) -> RunUsage:
    """A run's usage, from its ledger row."""
    return RunUsage(
        input_tokens=row.input_tokens,
        cached_tokens=row.cached_tokens,
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
        estimated=row.is_estimated,
        cost_micro=row.cost_micro,
        currency=row.currency,
    )
