"""Chats and messages put into the database past the application: many, and at once."""

from __future__ import annotations

import sqlalchemy as sa

from llm_ui.models import ChatHistory, ChatMessage
from tests.e2e.app import App
from tests.e2e.window import Person


def put(app: App, person: Person, count: int, messages: int = 0) -> str:
    """So many chats; the first of them with so many messages. Its id."""
    chats = [ChatHistory(user_id=person.user_id, title=f"Number {n}") for n in range(count)]
    rows, parent = [], None
    for n in range(messages):
        text = f"Words {n}\n\n- one\n- two\n\nAnd `code`." if n % 2 else f"Question {n}"
        role = "assistant" if n % 2 else "user"
        row = ChatMessage(chat_id=chats[0].id, parent_id=parent, role=role, content=text)
        parent = row.id
        rows.append(row.model_dump())
    chats[0].active_leaf_id = parent
    app.sql(sa.insert(ChatHistory).values([each.model_dump() for each in chats]))
    for start in range(0, len(rows), 200):
        app.sql(sa.insert(ChatMessage).values(rows[start : start + 200]))
    return chats[0].id
