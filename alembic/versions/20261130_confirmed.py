"""confirmed: when the person of a session typed their password once more

Revision: 0009c, after 0009n
"""

import sqlalchemy as sa

from alembic import op
from llm_ui.models.base import UtcDateTime

revision = "0009c"
down_revision = "0009n"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("confirmed_at", UtcDateTime(timezone=True), nullable=True)
    op.add_column("authsession", column)


def downgrade() -> None:
    op.drop_column("authsession", "confirmed_at")
