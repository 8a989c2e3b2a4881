"""An answer that ends while its chat is being read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from llm_ui.db import Database, script_url, unit_of_work
from llm_ui.models import ChatHistory, ChatMessage, Generation
from llm_ui.models.base import new_id
from llm_ui.services.chats import chats
from tests.conftest import People

ENDED = (
    "UPDATE generation SET state = 'done'",
    "UPDATE chatmessage SET status = 'done', content = 'Herons.' WHERE role = 'assistant'",
)


async def test_an_answer_is_shown_running_with_its_run_or_ended(
    people: People, db: Database, database_url: str
) -> None:
    chat_id, answer_id = new_id(), new_id()
    async with unit_of_work() as session:
        head = ChatHistory(
            id=chat_id, user_id=people.bob.user_id, title="", active_leaf_id=answer_id
        )
        session.add(head)
        await session.flush()
        answer = {"role": "assistant", "content": "", "status": "running"}
        session.add(ChatMessage(id=answer_id, chat_id=chat_id, **answer))
        await session.flush()
        whose = {"chat_id": chat_id, "user_id": people.bob.user_id}
        session.add(Generation(message_id=answer_id, state="running", **whose))
    elsewhere = sa.create_engine(script_url(database_url))
    ended: list[str] = []

    def end_it(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Another worker writes the end, just after the messages have been read."""
        if not ended and "chatmessage.status" in statement:
            ended.append(statement)
            with elsewhere.begin() as other:
                for each in ENDED:
                    other.execute(sa.text(each))

    sa.event.listen(db.engine.sync_engine, "after_cursor_execute", end_it)
    async with unit_of_work(writes=False) as session:
        view = await chats.open_chat(session, people.bob, chat_id)
    elsewhere.dispose()
    assert ended
    (shown,) = view.messages
    found = (shown.status, bool(shown.run_id), shown.content)
    # SQLite reads as of the first statement, PostgreSQL as of each.
    assert found in (("running", True, ""), ("done", False, "Herons."))
    assert (found[0] == "running") == db.is_sqlite
