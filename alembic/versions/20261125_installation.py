"""installation: settings that an admin makes, jobs of which there is one at a time

Revision: 0004, after 0003f
"""

import sqlalchemy as sa

import llm_ui.models.base
from alembic import op

revision = '0004'
down_revision = '0003f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('setting',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('updated_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_setting'))
    )
    with op.batch_alter_table('backgroundjob', schema=None) as batch_op:
        batch_op.add_column(sa.Column('key', sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column('note', sa.String(length=300), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('cancel_requested', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index('uq_backgroundjob_key', ['key'], unique=True, postgresql_where=sa.text("status IN ('queued', 'running')"), sqlite_where=sa.text("status IN ('queued', 'running')"))


def downgrade() -> None:
    with op.batch_alter_table('backgroundjob', schema=None) as batch_op:
        batch_op.drop_index('uq_backgroundjob_key')
        batch_op.drop_column('cancel_requested')
        batch_op.drop_column('note')
        batch_op.drop_column('key')

    op.drop_table('setting')
