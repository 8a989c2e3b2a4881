"""new_models: whether models that a provider lists later are offered at once

Revision: 0011n, after 0010t
"""

import sqlalchemy as sa

from alembic import op

revision = "0011n"
down_revision = "0010t"
branch_labels = None
depends_on = None

NAME = "offers_new_models"


def upgrade() -> None:
    column = sa.Column(NAME, sa.Boolean(), server_default=sa.true(), nullable=False)
    op.add_column("aiprovider", column)


def downgrade() -> None:
    op.drop_column("aiprovider", NAME)
