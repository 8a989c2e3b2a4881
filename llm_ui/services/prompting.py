"""What a run asks of which provider: the engine's `prepare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.errors import ModelUnavailable, NotAuthenticated, NotFound
from llm_ui.generation import Lane, Plan
from llm_ui.generation.types import NoteSource
from llm_ui.models import (
    AIModel,
    AIProvider,
    ChatHistory,
    ChatMessage,
    Generation,
    MediaModel,
    User,
)
from llm_ui.providers.base import CONTINUE
from llm_ui.services import browsing, file_prompts, imaging, instructions
from llm_ui.services.adapters import adapter_for
from llm_ui.services.chat_settings import for_provider
from llm_ui.services.models import can_think, may_use
from llm_ui.services.modes import BROWSING, IMAGE, THINKING
from llm_ui.services.tokens import estimate_prompt
from llm_ui.services.turns import alternating, ending_of, fit
from llm_ui.services.vision import sees
from llm_ui.wire.events import ChatRequest, PromptMessage, Role, Sampling

LONGEST_PATH = 2000
LONG_PROMPT_CHARS = 4000
# What is kept free for the answer when the model's own limit is not known.
ANSWER_SHARE = 0.25
# What a model that writes is told of an answer that is an image.
IMAGE_STANDS_HERE = "(An image was made of these words. It cannot be seen here.)"


def path_query(chat_id: str, leaf_id: str, limit: int) -> sa.Select[Any]:
    """Messages from a leaf towards the root, the leaf first: id and depth."""
    message = col(ChatMessage.id)
    start = (
        sa.select(message.label("id"), col(ChatMessage.parent_id), sa.literal(0).label("depth"))
        .where(col(ChatMessage.chat_id) == chat_id, message == leaf_id)
        .cte("path", recursive=True)
    )
    step = (
        sa.select(message, col(ChatMessage.parent_id), start.c.depth + 1)
        .join(start, message == start.c.parent_id)
        .where(col(ChatMessage.chat_id) == chat_id, start.c.depth + 1 < limit)
    )
    path = start.union_all(step)
    return (
        sa.select(ChatMessage)
        .join(path, path.c.id == message)
        .order_by(path.c.depth)
    )  # fmt: skip


async def prepare(run_id: str) -> Plan:
    """Read a queued run's conversation and open its provider.

    Raises:
        ModelUnavailable: the model or its provider is gone or switched off, or no longer for
            whoever asked.
        NotAuthenticated: whoever asked has been shut out meanwhile.
    """
    async with unit_of_work(writes=False) as session:
        run = await session.get(Generation, run_id)
        if run is None:
            raise NotFound
        person = await session.get(User, run.user_id)
        if person is None or not person.is_active:
            raise NotAuthenticated
        if run.media_model_id is not None:
            return await imaging.plan(session, run)
        model, provider = await _model_of(session, run, person)
        thinks = await can_think(session, model)
        answer = await session.get(ChatMessage, run.message_id)
        if answer is None or answer.parent_id is None:
            raise NotFound
        chat = await session.get(ChatHistory, run.chat_id)
        question = await session.get(ChatMessage, answer.parent_id)
        if chat is None or question is None:
            raise NotFound
        turns = await turns_of(session, chat, question.id, model)
        given = await file_prompts.given_in(session, run.chat_id)
        adapter = await adapter_for(session, provider)
    sampling = sampling_of(model, provider, chat.settings, run.params)
    thinking = THINKING in question.modes if thinks else None
    limit = model.context_window
    room = budget_of(limit, sampling) if limit else None
    turns, cited = await file_prompts.put_in(
        turns, given, seeing=sees(model, provider.type), tokens=room
    )
    turns = file_prompts.none_silent(turns)
    await file_prompts.cite(answer.id, cited)
    last = _continued(turns, answer, provider, room)

    def request(turns: list[PromptMessage]) -> ChatRequest:
        kept = fit(turns, room, last) if room is not None else turns
        return ChatRequest(model.name, tuple(alternating(kept)), sampling, thinking)

    async def look_up(note: NoteSource) -> ChatRequest:
        # The run's own list of sources replaces the answer's at the end.
        for source in cited:
            note(source)
        sources = await browsing.sources_for(question.content, note, limit, taken=len(cited))
        return request(with_block(turns, browsing.block(sources)))

    # An answer that is continued has read what it needed.
    browses = BROWSING in question.modes and question.content and not answer.content
    look, asked = look_up if browses else None, request(turns)
    return Plan(
        adapter, asked, look, provider.name, model.display_name, _much_to_read(asked.messages)
    )


def _much_to_read(turns: Sequence[PromptMessage]) -> int:
    """About how many tokens there are; 0 where no model takes a moment for them."""
    if sum(len(turn.content) for turn in turns) < LONG_PROMPT_CHARS:
        return 0
    # A number to be read: nobody wants to know it exactly.
    return round(estimate_prompt(turn.content for turn in turns), -2)


def with_block(turns: list[PromptMessage], block: str) -> list[PromptMessage]:
    """The turns with something to read put in front of the last question."""
    if not block:
        return turns
    last = max(place for place, turn in enumerate(turns) if turn.role == "user")
    turn = replace(turns[last], content=f"{block}\n\n{turns[last].content}")
    return [*turns[:last], turn, *turns[last + 1 :]]


async def turns_of(
    session: AsyncSession, chat: ChatHistory, leaf_id: str, model: AIModel
) -> list[PromptMessage]:
    """The instructions and the turns of a branch, oldest first, before anything is left out."""
    # Whole rows of a thousand messages would take three times as long.
    said = col(ChatMessage.content)
    is_image = sa.case(
        (
            sa.and_(said == "", col(ChatMessage.status) == "done"),
            sa.cast(col(ChatMessage.modes), sa.String).contains(f'"{IMAGE}"'),
        ),
        else_=False,
    )
    parts = (col(ChatMessage.id), col(ChatMessage.role), said, is_image.label("is_image"))
    path = path_query(chat.id, leaf_id, LONGEST_PATH).with_only_columns(*parts)
    rows = (await session.execute(path)).all()
    turns = [
        PromptMessage(
            cast("Role", row.role),
            IMAGE_STANDS_HERE if row.is_image else row.content,
            message_id=row.id,
        )
        for row in reversed(rows)
        # A question without words may have brought files; an answer without any says nothing.
        if row.content or row.is_image or row.role == "user"
    ]
    if told := await instructions.of_chat(session, chat, model):
        turns.insert(0, PromptMessage("system", told))
    return turns


def sampling_of(
    model: AIModel,
    provider: AIProvider,
    settings: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
) -> Sampling:
    """The model's defaults, over them what the chat sets, over that what one run sets; no
    answer is asked to be longer than the model's longest."""
    chosen = {
        **for_provider(model.default_params, provider.type),
        **for_provider(settings, provider.type),
        **for_provider(params or {}, provider.type),
    }
    if chosen.get("stop"):
        chosen["stop"] = tuple(chosen["stop"])
    if model.max_tokens and chosen.get("max_tokens", 0) > model.max_tokens:
        chosen["max_tokens"] = model.max_tokens
    return Sampling(**chosen)


def budget_of(window: int, sampling: Sampling) -> int:
    """How many tokens of a window the prompt may take: what is left beside the answer."""
    # A limit beyond the window says nothing about how long answers get.
    asked = min(sampling.max_tokens or int(window * ANSWER_SHARE), window // 2)
    return window - asked


def _continued(
    turns: list[PromptMessage], answer: ChatMessage, provider: AIProvider, room: int | None
) -> int:
    """Add what an answer that is continued holds; gives how many turns at the end belong to
    the question, and so are never left out."""
    if not answer.content.strip():
        return 1
    turns.append(PromptMessage("assistant", ending_of(answer.content, turns, room)))
    # Anthropic and llama.cpp write on from a last assistant turn ("prefill"); the others
    # would begin a new answer.
    if provider.type in ("anthropic", "llm_api"):
        return 2
    turns.append(PromptMessage("user", CONTINUE))
    return 3


async def admit(run_id: str) -> Lane | None:
    """Where a queued run has to wait; None if it is gone."""
    settings = get_settings()
    async with unit_of_work(writes=False) as session:
        found = (
            await session.execute(
                sa.select(
                    col(Generation.user_id),
                    sa.func.coalesce(col(AIModel.provider_id), col(MediaModel.provider_id)),
                    col(AIProvider.concurrency_limit),
                )
                .join(AIModel, col(AIModel.id) == Generation.model_id, isouter=True)
                .join(AIProvider, col(AIProvider.id) == AIModel.provider_id, isouter=True)
                .join(MediaModel, col(MediaModel.id) == Generation.media_model_id, isouter=True)
                .where(col(Generation.id) == run_id)
            )
        ).first()
    if found is None:
        return None
    user_id, provider_id, limit = found
    return Lane(
        user_id=user_id,
        provider_id=provider_id or "",
        per_user=settings.runs_per_user or None,
        per_provider=limit or settings.runs_per_provider or None,
    )


async def _model_of(
    session: AsyncSession, run: Generation, person: User
) -> tuple[AIModel, AIProvider]:
    model = await session.get(AIModel, run.model_id) if run.model_id else None
    provider = await session.get(AIProvider, model.provider_id) if model else None
    if model is None or provider is None or not await may_use(session, person, model.id):
        raise ModelUnavailable(model=model.display_name if model else "")
    return model, provider
