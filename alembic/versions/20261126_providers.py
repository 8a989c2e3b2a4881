"""providers: further addresses, since when and why, what a sync found

Revision: 0006, after 0005p
"""

import sqlalchemy as sa

import llm_ui.models.base
from alembic import op

revision = '0006'
down_revision = '0005p'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('providerendpoint',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('provider_id', sa.String(length=36), nullable=False),
    sa.Column('base_url', sa.String(length=500), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('api_key_encrypted', sa.Text(), nullable=True),
    sa.Column('headers_encrypted', sa.Text(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('status_reason', sa.String(length=32), server_default='', nullable=False),
    sa.Column('status_detail', sa.String(length=500), nullable=False),
    sa.Column('status_since', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('latency_ms', sa.Integer(), nullable=True),
    sa.Column('checked_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('ok', 'down', 'unknown')", name=op.f('ck_providerendpoint_status')),
    sa.ForeignKeyConstraint(['provider_id'], ['aiprovider.id'], name=op.f('fk_providerendpoint_provider_id_aiprovider'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_providerendpoint'))
    )
    with op.batch_alter_table('providerendpoint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_providerendpoint_provider_id'), ['provider_id'], unique=False)
    with op.batch_alter_table('aiprovider', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status_reason', sa.String(length=32), server_default='', nullable=False))
        batch_op.add_column(sa.Column('status_since', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('synced_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('sync_result', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    with op.batch_alter_table('performancemetric', schema=None) as batch_op:
        batch_op.add_column(sa.Column('address', sa.String(length=500), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('performancemetric', schema=None) as batch_op:
        batch_op.drop_column('address')
    with op.batch_alter_table('aiprovider', schema=None) as batch_op:
        batch_op.drop_column('sync_result')
        batch_op.drop_column('synced_at')
        batch_op.drop_column('status_since')
        batch_op.drop_column('status_reason')
    op.drop_table('providerendpoint')
