"""How full the model's window is, by the same counting by which prompts are cut."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor
from llm_ui.models import AIProvider
from llm_ui.schemas.views import UNKNOWN, ContextView
from llm_ui.services import file_prompts
from llm_ui.services.chats import get_chat_for
from llm_ui.services.models import get_model_for
from llm_ui.services.prompting import budget_of, sampling_of, turns_of
from llm_ui.services.tokens import estimate_prompt
from llm_ui.services.turns import fit
from llm_ui.services.vision import sees


async def measure(
    session: AsyncSession, actor: Actor, chat_id: str, model_id: str | None = None
) -> ContextView:
    """What the chat's next request to a model (by default the chat's own) takes so far.

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
        seeing = sees(model, provider.type)
        turns, _ = await file_prompts.put_in(turns, given, seeing=seeing, tokens=room)
        kept = fit(turns, room) if room is not None else turns
    return ContextView(
        used=estimate_prompt(turn.content for turn in kept),
        window=model.context_window or UNKNOWN,
        left_out=len(turns) - len(kept),
    )
