"""How full the context window is, using the same estimates that prompts are trimmed by."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.models import AIProvider
from llm_ui.schemas.chats.views import UNKNOWN, ContextView
from llm_ui.services.answers import file_prompts
from llm_ui.services.answers.prompting import budget_of, sampling_of, turns_of
from llm_ui.services.answers.turns import fit
from llm_ui.services.catalogue.capabilities import sees
from llm_ui.services.catalogue.models import get_model_for
from llm_ui.services.chats.chats import get_chat_for
from llm_ui.services.token_estimates import estimate_prompt


async def measure(
    session: AsyncSession, actor: Actor, chat_id: str, model_id: str | None = None
) -> ContextView:
    """How many tokens the chat's next request would take for a model (by default the chat's own).

    Raises:
        NotFound: not a chat of the actor's.
        InvalidInput, ModelUnavailable: the model cannot be used.
    """
    chat = await get_chat_for(session, actor, chat_id)
    model = await get_model_for(session, actor, model_id or chat.model_id or "")
    provider = await session.get(AIProvider, model.provider_id)
    turns = []
    if chat.active_leaf_id:
        turns = await turns_of(session, chat, chat.active_leaf_id, model)
    kept = turns
    if provider is not None:
        sampling = sampling_of(model, provider, chat.settings)
        room = budget_of(model.context_window, sampling) if model.context_window else None
        given = await file_prompts.given_in(session, chat.id)
        seeing = sees(model, provider.provider_type)
        turns, _ = await file_prompts.put_in(turns, given, seeing=seeing, tokens=room)
        kept = fit(turns, room) if room is not None else turns
    return ContextView(
        used=estimate_prompt(turn.content for turn in kept),
        window=model.context_window or UNKNOWN,
        left_out=len(turns) - len(kept),
    )
