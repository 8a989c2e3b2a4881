"""prompts: whoever begins all chats with somebody else's prompt has a copy of it

Revision: 0008p, after 0008s
"""

import sqlalchemy as sa
import uuid_utils

from alembic import op

revision = "0008p"
down_revision = "0008s"
branch_labels = None
depends_on = None

_CHOSEN = "default_prompt_id"
_PEOPLE = sa.table(
    "user", sa.column("id", sa.String), sa.column("is_active", sa.Boolean),
    sa.column("preferences", sa.JSON),
)
_PROMPTS = sa.table(
    "systemprompt", sa.column("id", sa.String), sa.column("user_id", sa.String),
    sa.column("name", sa.String), sa.column("prompt", sa.Text), sa.column("tags", sa.JSON),
    sa.column("is_public", sa.Boolean), sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    connection = op.get_bind()
    writer = _PEOPLE.alias("writer")
    shared = (
        sa.select(_PROMPTS)
        .join(writer, writer.c.id == _PROMPTS.c.user_id)
        .where(_PROMPTS.c.is_public, writer.c.is_active)
    )
    people = connection.execute(sa.select(_PEOPLE.c.id, _PEOPLE.c.preferences)).all()
    for user_id, preferences in people:
        if not (preferences or {}).get(_CHOSEN):
            continue
        found = connection.execute(
            shared.where(_PROMPTS.c.id == preferences[_CHOSEN], _PROMPTS.c.user_id != user_id)
        ).one_or_none()
        if found is None:
            continue
        copy = found._asdict() | {
            "id": str(uuid_utils.uuid7()), "user_id": user_id, "is_public": False,
        }
        connection.execute(_PROMPTS.insert().values(copy))
        connection.execute(
            _PEOPLE.update()
            .where(_PEOPLE.c.id == user_id)
            .values(preferences={**preferences, _CHOSEN: copy["id"]})
        )


def downgrade() -> None:
    """A copy is a prompt like any other."""
