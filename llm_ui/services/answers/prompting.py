"""Building a run's request: the engine's `prepare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import MessageRole, RunState
from llm_ui.errors import ModelUnavailable, NotAuthenticated, NotFound
from llm_ui.generation import Lane, Plan
from llm_ui.generation.types import NoteSource
from llm_ui.models import (
    AIModel,
    AIProvider,
    ChatHistory,
    ChatMessage,
    Generation,
    User,
)
from llm_ui.providers.base import CONTINUE
from llm_ui.providers.registry import TYPES
from llm_ui.services.answers import browsing, file_prompts, image_runs, instructions
from llm_ui.services.answers.turns import alternating, ending_of, fit
from llm_ui.services.catalogue.adapters import adapter_for
from llm_ui.services.catalogue.capabilities import BROWSING, IMAGE, THINKING, sees
from llm_ui.services.catalogue.chat_settings import for_provider
from llm_ui.services.catalogue.models import can_think, may_use
from llm_ui.services.chats.tree import LONGEST_PATH, path_query
from llm_ui.services.token_estimates import estimate_prompt
from llm_ui.wire.events import ChatRequest, PromptMessage, Sampling

LONG_PROMPT_CHARS = 4000
# The share of the window reserved for the answer if the model's limit is unknown.
ANSWER_SHARE = 0.25
# What a text model is told in place of an answer that is an image.
IMAGE_STANDS_HERE = "(An image was made of these words. It cannot be seen here.)"


async def prepare(run_id: str) -> Plan:
    """Read a queued run's conversation and open its provider's adapter.

    Raises:
        ModelUnavailable: the model or its provider no longer exists, is switched off, or is no
            longer available to this user.
        NotAuthenticated: the user's account has been disabled or deleted in the meantime.
    """
    async with unit_of_work(writes=False) as session:
        run = await session.get(Generation, run_id)
        if run is None:
            raise NotFound
        person = await session.get(User, run.user_id)
        if person is None or not person.is_active:
            raise NotAuthenticated
        answer = await session.get(ChatMessage, run.message_id)
        if answer is None or answer.parent_id is None:
            raise NotFound
        images = IMAGE in answer.modes
        model, provider = await _model_of(session, run, person, images=images)
        chat = await session.get(ChatHistory, run.chat_id)
        question = await session.get(ChatMessage, answer.parent_id)
        if chat is None or question is None:
            raise NotFound
        if images:
            return await image_runs.plan(session, run, model, provider, question.content)
        thinks = await can_think(session, model)
        turns = await turns_of(session, chat, question.id, model)
        given = await file_prompts.given_in(session, run.chat_id)
        adapter = await adapter_for(session, provider)
    sampling = sampling_of(model, provider, chat.settings, run.params)
    thinking = THINKING in question.modes if thinks else None
    limit = model.context_window
    room = budget_of(limit, sampling) if limit else None
    turns, cited = await file_prompts.put_in(
        turns, given, seeing=sees(model, provider.provider_type), tokens=room
    )
    turns = file_prompts.none_silent(turns)
    await file_prompts.cite(answer.id, cited)
    last = _continued(turns, answer, provider, room)

    def request(turns: list[PromptMessage]) -> ChatRequest:
        kept = fit(turns, room, last) if room is not None else turns
        return ChatRequest(model.name, tuple(alternating(kept)), sampling, thinking)

    async def look_up(note: NoteSource) -> ChatRequest:
        # The run's own sources replace the answer's when it ends.
        for source in cited:
            note(source)
        sources = await browsing.sources_for(question.content, note, limit, taken=len(cited))
        return request(with_block(turns, browsing.block(sources)))

    # A continued answer has already read its pages.
    browses = BROWSING in question.modes and question.content and not answer.content
    look, asked = look_up if browses else None, request(turns)
    return Plan(
        adapter, asked, look, provider.name, model.display_name, _much_to_read(asked.messages)
    )


def _much_to_read(turns: Sequence[PromptMessage]) -> int:
    """The estimated prompt tokens to show while waiting; 0 if the prompt is too short to matter."""
    if sum(len(turn.content) for turn in turns) < LONG_PROMPT_CHARS:
        return 0
    # Rounded: it is shown as an approximation.
    return round(estimate_prompt(turn.content for turn in turns), -2)


def with_block(turns: list[PromptMessage], block: str) -> list[PromptMessage]:
    """The turns, with a block of text inserted before the last question."""
    if not block:
        return turns
    last = max(place for place, turn in enumerate(turns) if turn.role == MessageRole.USER)
    turn = replace(turns[last], content=f"{block}\n\n{turns[last].content}")
    return [*turns[:last], turn, *turns[last + 1 :]]


async def turns_of(
    session: AsyncSession, chat: ChatHistory, leaf_id: str, model: AIModel
) -> list[PromptMessage]:
    """The instructions and messages of a branch, oldest first, before trimming."""
    # Loading whole rows of a thousand messages would take three times as long.
    said = col(ChatMessage.content)
    is_image = sa.case(
        (
            sa.and_(said == "", col(ChatMessage.status) == RunState.DONE),
            sa.cast(col(ChatMessage.modes), sa.String).contains(f'"{IMAGE}"'),
        ),
        else_=False,
    )
    parts = (col(ChatMessage.id), col(ChatMessage.role), said, is_image.label("is_image"))
    path = path_query(chat.id, leaf_id, LONGEST_PATH).with_only_columns(*parts)
    rows = (await session.execute(path)).all()
    turns = [
        PromptMessage(
            row.role,
            IMAGE_STANDS_HERE if row.is_image else row.content,
            message_id=row.id,
        )
        for row in reversed(rows)
        # A question without text may have files; an answer without text contributes nothing.
        if row.content or row.is_image or row.role == MessageRole.USER
    ]
    if told := await instructions.of_chat(session, chat, model):
        turns.insert(0, PromptMessage(MessageRole.SYSTEM, told))
    return turns


def sampling_of(
    model: AIModel,
    provider: AIProvider,
    settings: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
) -> Sampling:
    """Sampling parameters: the model's defaults, overridden by the chat's, overridden by the run's.

    `max_tokens` never exceeds the model's own maximum.
    """
    chosen = {
        **for_provider(model.default_params, provider.provider_type),
        **for_provider(settings, provider.provider_type),
        **for_provider(params or {}, provider.provider_type),
    }
    if chosen.get("stop"):
        chosen["stop"] = tuple(chosen["stop"])
    if model.max_tokens and chosen.get("max_tokens", 0) > model.max_tokens:
        chosen["max_tokens"] = model.max_tokens
    return Sampling(**chosen)


def budget_of(window: int, sampling: Sampling) -> int:
    """How many tokens of a window the prompt may take: what the answer leaves."""
    # A limit larger than the window says nothing about how long answers get.
    asked = min(sampling.max_tokens or int(window * ANSWER_SHARE), window // 2)
    return window - asked


def _continued(
    turns: list[PromptMessage], answer: ChatMessage, provider: AIProvider, room: int | None
) -> int:
    """Append the partial answer that is being continued.

    Returns:
        how many turns at the end belong to the question and so must not be trimmed.
    """
    if not answer.content.strip():
        return 1
    turns.append(PromptMessage(MessageRole.ASSISTANT, ending_of(answer.content, turns, room)))
    if TYPES[provider.provider_type].writes_on:
        return 2
    turns.append(PromptMessage(MessageRole.USER, CONTINUE))
    return 3


async def admit(run_id: str) -> Lane | None:
    """The lane that a queued run waits in; None if the run no longer exists."""
    settings = get_settings()
    async with unit_of_work(writes=False) as session:
        found = (
            await session.execute(
                sa.select(
                    col(Generation.user_id),
                    col(AIModel.provider_id),
                    col(AIProvider.concurrency_limit),
                )
                .join(AIModel, col(AIModel.id) == Generation.model_id, isouter=True)
                .join(AIProvider, col(AIProvider.id) == AIModel.provider_id, isouter=True)
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
    session: AsyncSession, run: Generation, person: User, *, images: bool
) -> tuple[AIModel, AIProvider]:
    model = await session.get(AIModel, run.model_id) if run.model_id else None
    provider = await session.get(AIProvider, model.provider_id) if model else None
    usable = model and await may_use(session, person, model.id, images=images)
    if model is None or provider is None or not usable:
        raise ModelUnavailable(model=model.display_name if model else "")
    return model, provider
