"""models: whom they are for, what an admin has set, types that keep their meaning, prices in
which cached input and reasoning may have none of their own

Revision: 0007m, after 0007f
"""

import sqlalchemy as sa

from alembic import op

revision = '0007m'
down_revision = '0007f'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('modelreader',
    sa.Column('model_id', sa.String(length=36), nullable=False),
    sa.Column('user_id', sa.String(length=36), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['aimodel.id'], name=op.f('fk_modelreader_model_id_aimodel'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_modelreader_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('model_id', 'user_id', name=op.f('pk_modelreader'))
    )
    op.create_index(op.f('ix_modelreader_user_id'), 'modelreader', ['user_id'])
    op.add_column('aitype', sa.Column('slug', sa.String(length=40), nullable=True))
    op.execute("UPDATE aitype SET slug = name WHERE name IN ('chat', 'reasoning', 'vision', 'code', 'embedding')")
    op.create_index('ix_aitype_slug', 'aitype', ['slug'], unique=True)
    with op.batch_alter_table('aimodel', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fixed', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    with op.batch_alter_table('modelprice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(length=10), server_default='', nullable=False))
        for name in ('input_micro', 'output_micro'):
            batch_op.alter_column(name, existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)
        for name in ('cached_input_micro', 'reasoning_micro'):
            batch_op.alter_column(name, existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False, nullable=True)
    # Nobody could write a price of nothing for these: it stood for none.
    op.execute("UPDATE modelprice SET cached_input_micro = NULL WHERE cached_input_micro = 0")
    op.execute("UPDATE modelprice SET reasoning_micro = NULL WHERE reasoning_micro = 0")
    with op.batch_alter_table('usagelog', schema=None) as batch_op:
        batch_op.alter_column('cost_micro', existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('usagelog', schema=None) as batch_op:
        batch_op.alter_column('cost_micro', existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False)
    op.execute("UPDATE modelprice SET cached_input_micro = 0 WHERE cached_input_micro IS NULL")
    op.execute("UPDATE modelprice SET reasoning_micro = 0 WHERE reasoning_micro IS NULL")
    with op.batch_alter_table('modelprice', schema=None) as batch_op:
        for name in ('reasoning_micro', 'cached_input_micro'):
            batch_op.alter_column(name, existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=True, nullable=False)
        for name in ('output_micro', 'input_micro'):
            batch_op.alter_column(name, existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False)
        batch_op.drop_column('source')
    with op.batch_alter_table('aimodel', schema=None) as batch_op:
        batch_op.drop_column('fixed')
    op.drop_index('ix_aitype_slug', table_name='aitype')
    op.drop_column('aitype', 'slug')
    op.drop_index(op.f('ix_modelreader_user_id'), table_name='modelreader')
    op.drop_table('modelreader')
