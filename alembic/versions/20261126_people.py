"""people: links that open accounts and set passwords, when somebody was last active, and
chats that change hands stay found

Revision: 0005p, after 0004
"""

import sqlalchemy as sa

import llm_ui.models.base
from alembic import op

revision = '0005p'
down_revision = '0004'
branch_labels = None
depends_on = None

# The index of words knows whose each text is (see "finding"): on SQLite the words have to be
# taken out under the old owner and put in under the new one.
INDEXED = 100_000
OWNER = (
    "'u' || replace(e.user_id, '-', '') || "
    "CASE WHEN e.message_id IS NULL THEN ' t' || replace(e.user_id, '-', '') ELSE '' END"
)
WORDS = (
    f"substr(coalesce(m.content, NEW.title), 1, {INDEXED}) FROM searchentry e "
    "LEFT JOIN chatmessage m ON m.id = e.message_id WHERE e.chat_id = NEW.id"
)
SQLITE = (
    "CREATE TRIGGER search_chat_given AFTER UPDATE OF user_id ON chathistory "
    "WHEN OLD.user_id <> NEW.user_id BEGIN "
    "INSERT INTO searchindex (searchindex, rowid, owner, body) "
    f"SELECT 'delete', e.id, {OWNER}, {WORDS}; "
    "UPDATE searchentry SET user_id = NEW.user_id WHERE chat_id = NEW.id; "
    f"INSERT INTO searchindex (rowid, owner, body) SELECT e.id, {OWNER}, {WORDS}; END"
)
POSTGRES = (
    "CREATE FUNCTION search_given() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "UPDATE searchentry SET user_id = NEW.user_id WHERE chat_id = NEW.id; RETURN NULL; END$$",
    "CREATE TRIGGER search_chat_given AFTER UPDATE OF user_id ON chathistory FOR EACH ROW "
    "WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION search_given()",
)


def upgrade() -> None:
    op.create_table('userlink',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('user_id', sa.String(), nullable=True),
    sa.Column('created_by', sa.String(), nullable=True),
    sa.Column('created_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('used_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('invite', 'reset')", name=op.f('ck_userlink_kind')),
    sa.CheckConstraint("role IN ('admin', 'user')", name=op.f('ck_userlink_role')),
    sa.ForeignKeyConstraint(['created_by'], ['user.id'], name=op.f('fk_userlink_created_by_user'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_userlink_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_userlink')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_userlink_token_hash'))
    )
    op.create_index('ix_userlink_created_by', 'userlink', ['created_by'])
    op.create_index('ix_userlink_user_id', 'userlink', ['user_id'])
    op.create_index('ix_userlink_open', 'userlink', ['kind', 'used_at', 'created_at'])
    op.add_column('user', sa.Column('last_active_at', llm_ui.models.base.UtcDateTime(timezone=True), nullable=True))
    op.create_index('ix_user_last_active_at', 'user', ['last_active_at'])
    op.execute('UPDATE "user" SET last_active_at = last_login_at')
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(SQLITE)
    else:
        for statement in POSTGRES:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute("DROP TRIGGER search_chat_given")
    else:
        op.execute("DROP TRIGGER search_chat_given ON chathistory")
        op.execute("DROP FUNCTION search_given()")
    op.drop_index('ix_user_last_active_at', table_name='user')
    op.drop_column('user', 'last_active_at')
    op.drop_table('userlink')
