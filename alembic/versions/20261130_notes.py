"""notes: what the person should know about how a file was read

Revision: 0008f, after 0008g
"""

import sqlalchemy as sa

from alembic import op

revision = "0008f"
down_revision = "0008g"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("storedfile", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("notes", sa.JSON(), server_default=sa.text("'[]'"), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("storedfile", schema=None) as batch_op:
        batch_op.drop_column("notes")
