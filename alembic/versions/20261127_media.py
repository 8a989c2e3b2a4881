"""media: which image model a run asks

Revision: 0007i, after 0007m
"""

import sqlalchemy as sa

from alembic import op

revision = '0007i'
down_revision = '0007m'
branch_labels = None
depends_on = None

KEY = 'fk_generation_media_model_id_mediamodel'


def upgrade() -> None:
    with op.batch_alter_table('generation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('media_model_id', sa.String(), nullable=True))
        batch_op.create_foreign_key(KEY, 'mediamodel', ['media_model_id'], ['id'], ondelete='SET NULL')


def downgrade() -> None:
    with op.batch_alter_table('generation', schema=None) as batch_op:
        batch_op.drop_constraint(KEY, type_='foreignkey')
        batch_op.drop_column('media_model_id')
