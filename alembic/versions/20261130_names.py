"""names: what people's names read as, so that nobody takes another one's

Revision: 0009n, after 0009p
"""

import sqlalchemy as sa

from alembic import op
from llm_ui.security import names

revision = "0009n"
down_revision = "0009p"
branch_labels = None
depends_on = None

KEYS = ("name_key", "look_key")


def upgrade() -> None:
    for each in KEYS:
        column = sa.Column(each, sa.String(length=200), nullable=False, server_default="")
        op.add_column("user", column)
    user = sa.table("user", *(sa.column(each) for each in ("id", "username", *KEYS)))
    connection = op.get_bind()
    for user_id, username in connection.execute(sa.select(user.c.id, user.c.username)).all():
        values = dict(zip(KEYS, (key[:200] for key in names.keys(username)), strict=True))
        connection.execute(user.update().where(user.c.id == user_id).values(values))
    for each in KEYS:
        op.create_index(op.f(f"ix_user_{each}"), "user", [each])


def downgrade() -> None:
    for each in KEYS:
        op.drop_index(op.f(f"ix_user_{each}"), table_name="user")
        op.drop_column("user", each)
