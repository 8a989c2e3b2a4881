"""chats: which one a chat was copied from

Revision: 0008b, after 0008w
"""

import sqlalchemy as sa

from alembic import op

revision = "0008b"
down_revision = "0008w"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chathistory", sa.Column("branched_from", sa.String(length=36), nullable=True))


def downgrade() -> None:
    op.drop_column("chathistory", "branched_from")
