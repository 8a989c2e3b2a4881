"""idempotency: answers to calls with an Idempotency-Key, for a day

Revision: 0009i, after 0009c
"""

import sqlalchemy as sa
from alembic import op

from llm_ui.models.base import UtcDateTime

revision = "0009i"
down_revision = "0009c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotentcall",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(36), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_idempotentcall_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotentcall")),
    )
    op.create_index(op.f("ix_idempotentcall_created_at"), "idempotentcall", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotentcall")
