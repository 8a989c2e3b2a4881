"""places: where somebody has signed in before, so that others' wrong passwords keep nobody out

Revision: 0009p, after 0008p
"""

import sqlalchemy as sa

from alembic import op
from llm_ui.models.base import UtcDateTime

revision = "0009p"
down_revision = "0008p"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knownplace",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_knownplace_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_knownplace")),
    )
    op.create_index(op.f("ix_knownplace_user_id"), "knownplace", ["user_id"])
    op.create_index(op.f("ix_knownplace_seen_at"), "knownplace", ["seen_at"])


def downgrade() -> None:
    op.drop_table("knownplace")
