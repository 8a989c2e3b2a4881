"""The database of bench/finding.py: that of bench/search.py, for the stage's account."""

from __future__ import annotations

import random
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import col

from bench.search import SEED, fill
from llm_ui.auth import Actor
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.models import AIModel, ChatHistory, ChatMessage, User
from llm_ui.services.chats.messages import PAGE
from tests.scripted import expected_text

# The lengths of the long chat's answers, in tokens.
LENGTHS = (40, 120, 250, 400, 700)


@dataclass(frozen=True)
class Long:
    """The long chat: its id, its first and last message ids, and the text size in bytes of its last
    page and of the whole chat."""

    chat_id: str
    first_id: str
    last_id: str
    page_bytes: int
    chat_bytes: int


async def prepare(url: str, messages: int, chats: int) -> Long:
    """Create all chats for the stage's account."""
    start_database(url)
    try:
        async with unit_of_work(writes=False) as session:
            user = (await session.scalars(sa.select(User))).one()
            model = (await session.scalars(sa.select(AIModel))).first()
        assert model is not None
        actor = Actor(user.id, user.username, user.email, user.role)
        chat_id = await fill(actor, messages, chats)
        async with unit_of_work() as session:
            await session.execute(sa.update(ChatHistory).values(model_id=model.id))
        return await _written(chat_id, model)
    finally:
        await stop_database()


async def _written(chat_id: str, model: AIModel) -> Long:
    """Write the long chat, with answers like a model's."""
    rng = random.Random(SEED)
    texts = {length: expected_text(f"article tokens={length}") for length in LENGTHS}
    sizes: list[int] = []
    async with unit_of_work() as session:
        of_chat = sa.select(ChatMessage).where(col(ChatMessage.chat_id) == chat_id)
        rows = list(await session.scalars(of_chat.order_by(col(ChatMessage.id))))
        for row in rows:
            if row.role == "assistant":
                length = rng.choice(LENGTHS)
                row.content, row.model_name = texts[length], model.display_name
                row.model_id, row.output_tokens, row.input_tokens = model.id, length, 10 * length
                row.ttft_ms, row.duration_ms = 180, 180 + 20 * length
            sizes.append(len(row.content.encode()))
    return Long(chat_id, rows[0].id, rows[-1].id, sum(sizes[-PAGE:]), sum(sizes))
