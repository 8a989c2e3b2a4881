"""answers: why the model stopped writing

Revision: 0008g, after 0007i
"""

import sqlalchemy as sa

from alembic import op

revision = "0008g"
down_revision = "0007i"
branch_labels = None
depends_on = None


def upgrade() -> None:
    reason = sa.Column("finish_reason", sa.String(length=16), server_default="", nullable=False)
    op.add_column("chatmessage", reason)


def downgrade() -> None:
    op.drop_column("chatmessage", "finish_reason")
