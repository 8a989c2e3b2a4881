"""conversations: branches, tags, files

Revision: 0002, after 0001
"""

import sqlalchemy as sa

import llm_ui.models.base
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('storedfile',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('characters', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('error_key', sa.String(length=100), nullable=False),
    sa.Column('created_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('text', 'image')", name=op.f('ck_storedfile_kind')),
    sa.CheckConstraint("status IN ('waiting', 'ready', 'failed')", name=op.f('ck_storedfile_status')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_storedfile_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_storedfile'))
    )
    with op.batch_alter_table('storedfile', schema=None) as batch_op:
        batch_op.create_index('ix_storedfile_library', ['user_id', 'created_at', 'id'], unique=False)

    op.create_table('filepassage',
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['storedfile.id'], name=op.f('fk_filepassage_file_id_storedfile'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('file_id', 'number', name=op.f('pk_filepassage'))
    )
    op.create_table('projectfile',
    sa.Column('project_id', sa.String(length=36), nullable=False),
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['storedfile.id'], name=op.f('fk_projectfile_file_id_storedfile'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_projectfile_project_id_project'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('project_id', 'file_id', name=op.f('pk_projectfile'))
    )
    with op.batch_alter_table('projectfile', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_projectfile_file_id'), ['file_id'], unique=False)

    op.create_table('chattag',
    sa.Column('chat_id', sa.String(length=36), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chathistory.id'], name=op.f('fk_chattag_chat_id_chathistory'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('chat_id', 'name', name=op.f('pk_chattag'))
    )
    op.create_table('messagefile',
    sa.Column('message_id', sa.String(length=36), nullable=False),
    sa.Column('file_id', sa.String(length=36), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['storedfile.id'], name=op.f('fk_messagefile_file_id_storedfile'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['chatmessage.id'], name=op.f('fk_messagefile_message_id_chatmessage'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', 'file_id', name=op.f('pk_messagefile'))
    )
    with op.batch_alter_table('messagefile', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_messagefile_file_id'), ['file_id'], unique=False)

    with op.batch_alter_table('chathistory', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_temporary', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('pinned_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('archived_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('chatmessage', schema=None) as batch_op:
        batch_op.add_column(sa.Column('modes', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
        batch_op.add_column(sa.Column('sources', sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
        batch_op.add_column(sa.Column('feedback', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('pair_id', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('thinking_ms', sa.Integer(), nullable=True))

    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.add_column(sa.Column('preferences', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.drop_column('preferences')

    with op.batch_alter_table('chatmessage', schema=None) as batch_op:
        batch_op.drop_column('thinking_ms')
        batch_op.drop_column('pair_id')
        batch_op.drop_column('feedback')
        batch_op.drop_column('sources')
        batch_op.drop_column('modes')

    with op.batch_alter_table('chathistory', schema=None) as batch_op:
        batch_op.drop_column('archived_at')
        batch_op.drop_column('pinned_at')
        batch_op.drop_column('is_temporary')

    with op.batch_alter_table('messagefile', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_messagefile_file_id'))

    op.drop_table('messagefile')
    op.drop_table('chattag')
    with op.batch_alter_table('projectfile', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_projectfile_file_id'))

    op.drop_table('projectfile')
    op.drop_table('filepassage')
    with op.batch_alter_table('storedfile', schema=None) as batch_op:
        batch_op.drop_index('ix_storedfile_library')

    op.drop_table('storedfile')
