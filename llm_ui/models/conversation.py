"""A branch of a chat as one JSON value, built from its messages by the database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Conversation(FunctionElement[Any]):
    """The messages from the root to a given one, in order, as a JSON array.

    Takes the IDs of the chat and the message. Each has `role`, `content`, `model` and `created_at`.
    """

    type = sa.JSON()
    inherit_cache = True


_BRANCH = (
    "(WITH RECURSIVE asked(chat_id, id) AS (SELECT {asked}), branch(id, parent_id, depth) AS ("
    "SELECT m.id, m.parent_id, 0 FROM chatmessage m JOIN asked a "
    "ON m.chat_id = a.chat_id AND m.id = a.id "
    "UNION ALL SELECT m.id, m.parent_id, b.depth + 1 FROM chatmessage m "
    "JOIN branch b ON m.id = b.parent_id) SELECT {whole} FROM ("
    "SELECT m.role, m.content, m.model_name, m.created_at, b.depth FROM branch b "
    "JOIN chatmessage m ON m.id = b.id ORDER BY b.depth DESC) shown)"
)


@compiles(Conversation, "sqlite")
def _sqlite(element: Conversation, compiler: SQLCompiler, **options: Any) -> str:
    return _BRANCH.format(
        asked=compiler.process(element.clauses, **options),
        whole="json_group_array(json_object('role', role, 'content', content, "
        "'model', model_name, 'created_at', replace(created_at, ' ', 'T') || '+00:00'))",
    )


@compiles(Conversation, "postgresql")
def _postgresql(element: Conversation, compiler: SQLCompiler, **options: Any) -> str:
    moment = "to_char(timezone('UTC', created_at), 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')"
    return _BRANCH.format(
        asked=compiler.process(element.clauses, **options),
        whole="coalesce(json_agg(json_build_object('role', role, 'content', content, "
        f"'model', model_name, 'created_at', {moment}) ORDER BY depth DESC), '[]')",
    )
