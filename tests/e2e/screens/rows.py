"""What takes months to come about, written into the database past the app: chats, usage."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import cycle

import sqlalchemy as sa

from llm_ui.models import AIModel, AIType, ChatHistory, ChatMessage, ChatTag, ModelPrice, UsageLog
from llm_ui.models.base import now
from tests.e2e.app import App
from tests.e2e.screens.kit import Stage
from tests.e2e.screens.texts import HEAT, LONG, LONG_TITLE, MODELS, PROJECTS, SOURCES
from tests.e2e.screens.titles import CHATS, Kept

BATCH = 100
LONG_COUNT = 1000
USAGE_DAYS = 200
PROVIDER = "OpenAI-compatible"
KINDS = {"meridian-70b": "reasoning", "cobalt-coder-32b": "code", "lumen-vision-12b": "vision"}


def put(app: App, table: type, rows: list[sa.Row | object]) -> None:
    """Insert rows, given as instances of `table`."""
    dumped = [row.model_dump() for row in rows]  # type: ignore[attr-defined]
    for start in range(0, len(dumped), BATCH):
        app.sql(sa.insert(table).values(dumped[start : start + BATCH]))


def models(stage: Stage) -> None:
    """Names, windows and prices, as an admin gives them."""
    rows, prices = sa.inspect(AIModel).local_table, []
    types = sa.inspect(AIType).local_table
    for order, (name, shown, about, able, read, written) in enumerate(MODELS):
        kind = sa.select(types.c.id).where(types.c.slug == KINDS.get(name, "chat"))
        values = {
            "display_name": shown,
            "description": about,
            "model_type": kind.scalar_subquery(),
            "capabilities": able,
            "sort_order": order,
            "is_default": order == 0,
        }
        stage.app.sql(sa.update(rows).where(rows.c.name == name).values(**values))
        price = ModelPrice(
            model_id=stage.ids[name],
            input_micro=read,
            output_micro=written,
            valid_from=now() - timedelta(days=400),
        )
        prices.append(price)
    put(stage.app, ModelPrice, list(prices))


def _talk(chat: ChatHistory, pairs: list[tuple[str, str]], at: datetime) -> list[ChatMessage]:
    """Questions and answers, the last of which is the chat's end."""
    messages: list[ChatMessage] = []
    for pair in pairs:
        for role, content in zip(("user", "assistant"), pair, strict=True):
            answered = role == "assistant"
            message = ChatMessage(
                chat_id=chat.id,
                role=role,
                content=content,
                created_at=at,
                parent_id=messages[-1].id if messages else None,
                model_id=chat.model_id if answered else None,
                model_name=MODELS[0][1] if answered else "",
                ttft_ms=310 if answered else None,
                duration_ms=310 + 3 * len(content) if answered else None,
                input_tokens=len(content) // 2 if answered else None,
                output_tokens=len(content) // 4 if answered else None,
            )
            messages.append(message)
    chat.active_leaf_id = messages[-1].id
    return messages


def _chat(stage: Stage, kept: Kept) -> ChatHistory:
    at = now() - timedelta(days=kept.days)
    place = None if kept.project is None else stage.ids[PROJECTS[kept.project][0]]
    return ChatHistory(
        user_id=stage.ada.user_id,
        title=kept.title,
        title_is_automatic=False,
        project_id=place,
        model_id=stage.ids[MODELS[kept.model][0]],
        created_at=at,
        updated_at=at,
        pinned_at=at if kept.kept == "pinned" else None,
        archived_at=at if kept.kept == "archived" else None,
    )


def chats(stage: Stage) -> None:
    """Several months of chats, in projects, with tags."""
    answers = dict(HEAT)
    heads, messages, tags = [], [], []
    for kept in CHATS:
        chat = _chat(stage, kept)
        answer = answers.get(kept.title, "Here is a first version. Tell me what to change.")
        messages += _talk(chat, [(f"{kept.title.rstrip('?')}?", answer)], chat.created_at)
        tags += [ChatTag(chat_id=chat.id, name=name) for name in kept.tags]
        heads.append(chat)
    put(stage.app, ChatHistory, list(heads))
    put(stage.app, ChatMessage, list(messages))
    put(stage.app, ChatTag, list(tags))


def long_chat(stage: Stage) -> None:
    """A chat of a thousand messages."""
    chat = _chat(stage, Kept(1.6, LONG_TITLE, 0, ("sensors",), 1))
    chance = random.Random(4)
    pairs = []
    for each in [next(turns) for turns in [cycle(LONG)] for _ in range(LONG_COUNT // 2)]:
        figures = {
            "n": chance.randint(1, 9),
            "k": f"{chance.randint(990, 1008):,}",
            "d": chance.randint(1, 9),
            "p": chance.randint(71, 98),
            "m": chance.randint(1, 9),
        }
        pairs.append((each[0].format(**figures), each[1].format(**figures)))
    messages = _talk(chat, pairs, chat.created_at)
    put(stage.app, ChatHistory, [chat])
    put(stage.app, ChatMessage, list(messages))
    stage.ids["long"] = chat.id


def usage(stage: Stage) -> None:
    """Answers of more than half a year: busier on weekdays, quiet in the holidays."""
    chance = random.Random(7)
    today = now().replace(hour=9, minute=0)
    rows = []
    for back in range(1, USAGE_DAYS):
        day = today - timedelta(days=back)
        busy = 9 if day.weekday() < 5 else 3
        for _ in range(0 if back in range(52, 61) else chance.randint(busy // 3, busy)):
            name, shown, *_, read, written = chance.choices(MODELS, weights=(5, 6, 4, 1))[0]
            given, said = chance.randint(180, 6200), chance.randint(120, 1500)
            row = UsageLog(
                user_id=stage.ada.user_id,
                model_id=stage.ids[name],
                model_name=shown,
                provider_name=PROVIDER,
                input_tokens=given,
                output_tokens=said,
                cost_micro=(given * read + said * written) // 1_000_000,
                created_at=day + timedelta(minutes=chance.randint(0, 600)),
            )
            rows.append(row)
    put(stage.app, UsageLog, list(rows))


def sources(stage: Stage, chat_id: str) -> None:
    """What a chat's answer rests on, as browsing leaves it."""
    listed = [
        {
            "number": number,
            "title": title,
            "url": url,
            "state": "read" if title else "failed",
            "problem": "" if title else "slow",
        }
        for number, (title, url) in enumerate(SOURCES, start=1)
    ]
    table = sa.inspect(ChatMessage).local_table
    here = sa.update(table).where(table.c.chat_id == chat_id)
    stage.app.sql(here.where(table.c.role == "assistant").values(sources=listed))
    stage.app.sql(here.where(table.c.role == "user").values(modes=["browsing"]))


def spread(stage: Stage, *notes: str) -> None:
    """Have the chats of these notes been written in over the day, the first one last."""
    table = sa.inspect(ChatHistory).local_table
    for place, note in enumerate(notes):
        at = now() - timedelta(minutes=9 + 26 * place)
        here = sa.update(table).where(table.c.id == stage.ids[note])
        stage.app.sql(here.values(updated_at=at))
