"""finding: an index of words for titles and messages, and one for the lists of chats

Revision: 0003f, after 0002

The index is kept in step by triggers alone, so that no way of writing a message can forget
it. On SQLite a migration that makes chatmessage or chathistory anew (batch_alter_table with
anything but new columns) drops their triggers: it has to make them again.
"""

from alembic import op

revision = '0003f'
down_revision = '0002'
branch_labels = None
depends_on = None

# Words beyond this many characters of a message are not found; PostgreSQL refuses more than
# a megabyte of them in one row.
INDEXED = 100_000

TITLE = "NEW.title <> '' AND NOT NEW.is_temporary"
FINISHED = "{0}.status NOT IN ('queued', 'running') AND {0}.role <> 'system' AND {0}.content <> ''"

# --- SQLite: FTS5 without a copy of the text -------------------------------------------------
#
# `owner` is one word for each person, and another one in titles: each query asks for one of
# them too, so that the rows of others are never looked at. `searchentry.id` is the rowid, a key of its own: those of tables with
# text keys change with VACUUM. A row is taken out of FTS5 by telling it what was put in.

OWNER = (
    "'u' || replace(e.user_id, '-', '') || "
    "CASE WHEN e.message_id IS NULL THEN ' t' || replace(e.user_id, '-', '') ELSE '' END"
)


def _add(entry: str, text: str) -> str:
    return (
        "INSERT INTO searchindex (rowid, owner, body) "
        f"SELECT e.id, {OWNER}, substr({text}, 1, {INDEXED}) "
        f"FROM searchentry e WHERE {entry};"
    )


def _remove(entry: str, text: str) -> str:
    return (
        "INSERT INTO searchindex (searchindex, rowid, owner, body) "
        f"SELECT 'delete', e.id, {OWNER}, substr({text}, 1, {INDEXED}) "
        f"FROM searchentry e WHERE {entry}; "
        f"DELETE FROM searchentry WHERE {entry.replace('e.', '')};"
    )


NEW_MESSAGE = (
    "INSERT INTO searchentry (user_id, chat_id, message_id, at) "
    "SELECT c.user_id, c.id, NEW.id, NEW.created_at FROM chathistory c "
    f"WHERE c.id = NEW.chat_id AND NOT c.is_temporary AND {FINISHED.format('NEW')}; "
    + _add("e.message_id = NEW.id", "NEW.content")
)
NEW_TITLE = (
    "INSERT INTO searchentry (user_id, chat_id, message_id, at) "
    f"SELECT NEW.user_id, NEW.id, NULL, NEW.created_at WHERE {TITLE}; "
    + _add("e.chat_id = NEW.id AND e.message_id IS NULL", "NEW.title")
)
OLD_MESSAGE = _remove("e.message_id = OLD.id", "OLD.content")
OLD_TITLE = _remove("e.chat_id = OLD.id AND e.message_id IS NULL", "OLD.title")
KEPT_MESSAGES = (
    "INSERT INTO searchentry (user_id, chat_id, message_id, at) "
    "SELECT NEW.user_id, m.chat_id, m.id, m.created_at FROM chatmessage m "
    f"WHERE m.chat_id = NEW.id AND {FINISHED.format('m')} ORDER BY m.created_at, m.id; "
    "INSERT INTO searchindex (rowid, owner, body) "
    f"SELECT e.id, {OWNER}, substr(m.content, 1, {INDEXED}) "
    "FROM searchentry e JOIN chatmessage m ON m.id = e.message_id WHERE e.chat_id = NEW.id;"
)
SQLITE_TRIGGERS = {
    'search_message_new': f"AFTER INSERT ON chatmessage WHEN {FINISHED.format('NEW')} BEGIN {NEW_MESSAGE} END",
    'search_message_changed': "AFTER UPDATE OF content, status, role ON chatmessage "
    "WHEN OLD.content <> NEW.content OR OLD.status <> NEW.status OR OLD.role <> NEW.role "
    f"BEGIN {OLD_MESSAGE} {NEW_MESSAGE} END",
    'search_message_gone': f"BEFORE DELETE ON chatmessage BEGIN {OLD_MESSAGE} END",
    'search_title_new': f"AFTER INSERT ON chathistory WHEN {TITLE} BEGIN {NEW_TITLE} END",
    'search_title_changed': "AFTER UPDATE OF title ON chathistory WHEN OLD.title <> NEW.title "
    f"BEGIN {OLD_TITLE} {NEW_TITLE} END",
    'search_title_gone': f"BEFORE DELETE ON chathistory BEGIN {OLD_TITLE} END",
    'search_chat_kept': "AFTER UPDATE OF is_temporary ON chathistory "
    "WHEN OLD.is_temporary AND NOT NEW.is_temporary "
    f"BEGIN {KEPT_MESSAGES} {OLD_TITLE} {NEW_TITLE} END",
}
SQLITE = (
    "CREATE TABLE searchentry (id INTEGER PRIMARY KEY, user_id VARCHAR(36) NOT NULL, "
    "chat_id VARCHAR(36) NOT NULL, message_id VARCHAR(36), at DATETIME NOT NULL)",
    "CREATE UNIQUE INDEX ix_searchentry_message ON searchentry (message_id) WHERE message_id IS NOT NULL",
    "CREATE UNIQUE INDEX ix_searchentry_title ON searchentry (chat_id) WHERE message_id IS NULL",
    "CREATE INDEX ix_searchentry_chat ON searchentry (chat_id)",
    "CREATE VIRTUAL TABLE searchindex USING fts5(owner, body, content='', "
    "tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
)

# --- PostgreSQL -------------------------------------------------------------------------------

# Letters with marks and those without are the same to SQLite's tokenizer; here we do it.
MARKED = "àáâãäåāăąçćčďèéêëēėęěìíîïīįñńňòóôõöōőŕřśšťùúûüūůűųýÿźżž"
BARE = "aaaaaaaaacccdeeeeeeeeiiiiiinnnooooooorrsstuuuuuuuuyyzzz"
# PostgreSQL's parser takes addresses, paths and numbers with signs as one word each.
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”„‘’‚–—…«»·•×"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


POSTGRES = (
    "CREATE TABLE searchentry (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "user_id VARCHAR(36) NOT NULL, "
    "chat_id VARCHAR(36) NOT NULL REFERENCES chathistory (id) ON DELETE CASCADE, "
    "message_id VARCHAR(36) REFERENCES chatmessage (id) ON DELETE CASCADE, "
    "at TIMESTAMP WITH TIME ZONE NOT NULL, words TSVECTOR NOT NULL)",
    "CREATE UNIQUE INDEX ix_searchentry_message ON searchentry (message_id) WHERE message_id IS NOT NULL",
    "CREATE UNIQUE INDEX ix_searchentry_title ON searchentry (chat_id) WHERE message_id IS NULL",
    "CREATE INDEX ix_searchentry_chat ON searchentry (chat_id)",
    "CREATE INDEX ix_searchentry_titles ON searchentry (user_id, id) WHERE message_id IS NULL",
    "CREATE INDEX ix_searchentry_newest ON searchentry (user_id, id)",
    "CREATE INDEX ix_searchentry_words ON searchentry USING gin (words) WITH (fastupdate = off)",
    "CREATE FUNCTION search_words(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$"
    f"SELECT to_tsvector('simple', translate(lower(left(words, {INDEXED})), "
    f"{_quoted(MARKED + MARKS)}, {_quoted(BARE + ' ' * len(MARKS))}))$$",
    "CREATE FUNCTION search_put_message(mine chatmessage) RETURNS void LANGUAGE sql AS $$"
    "INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
    "SELECT c.user_id, c.id, mine.id, mine.created_at, search_words(mine.content) "
    "FROM chathistory c WHERE c.id = mine.chat_id AND NOT c.is_temporary "
    f"AND {FINISHED.format('mine')}$$",
    "CREATE FUNCTION search_put_title(mine chathistory) RETURNS void LANGUAGE sql AS $$"
    "INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
    "SELECT mine.user_id, mine.id, NULL, mine.created_at, search_words(mine.title) "
    "WHERE mine.title <> '' AND NOT mine.is_temporary$$",
    "CREATE FUNCTION search_message() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF TG_OP = 'UPDATE' THEN DELETE FROM searchentry WHERE message_id = OLD.id; END IF; "
    "PERFORM search_put_message(NEW); RETURN NULL; END$$",
    "CREATE FUNCTION search_title() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF TG_OP = 'UPDATE' THEN "
    "DELETE FROM searchentry WHERE chat_id = OLD.id AND message_id IS NULL; "
    "IF OLD.is_temporary AND NOT NEW.is_temporary THEN "
    "PERFORM search_put_message(m) FROM chatmessage m WHERE m.chat_id = NEW.id; END IF; "
    "END IF; PERFORM search_put_title(NEW); RETURN NULL; END$$",
    "CREATE TRIGGER search_message_new AFTER INSERT ON chatmessage FOR EACH ROW "
    f"WHEN ({FINISHED.format('NEW')}) EXECUTE FUNCTION search_message()",
    "CREATE TRIGGER search_message_changed AFTER UPDATE OF content, status, role ON chatmessage "
    "FOR EACH ROW WHEN ((OLD.content, OLD.status, OLD.role) IS DISTINCT FROM "
    "(NEW.content, NEW.status, NEW.role)) EXECUTE FUNCTION search_message()",
    "CREATE TRIGGER search_title_new AFTER INSERT ON chathistory FOR EACH ROW "
    "EXECUTE FUNCTION search_title()",
    "CREATE TRIGGER search_title_changed AFTER UPDATE OF title, is_temporary ON chathistory "
    "FOR EACH ROW WHEN ((OLD.title, OLD.is_temporary) IS DISTINCT FROM "
    "(NEW.title, NEW.is_temporary)) EXECUTE FUNCTION search_title()",
)

# --- what is there already --------------------------------------------------------------------

OLD_ROWS = (
    "INSERT INTO searchentry (user_id, chat_id, message_id, at{extra}) "
    "SELECT c.user_id, c.id, NULL, c.created_at{title} FROM chathistory c "
    "WHERE c.title <> '' AND NOT c.is_temporary ORDER BY c.created_at, c.id",
    "INSERT INTO searchentry (user_id, chat_id, message_id, at{extra}) "
    "SELECT c.user_id, c.id, m.id, m.created_at{content} "
    "FROM chatmessage m JOIN chathistory c ON c.id = m.chat_id "
    f"WHERE NOT c.is_temporary AND {FINISHED.format('m')} ORDER BY m.created_at, m.id",
)
OLD_WORDS = (
    "INSERT INTO searchindex (rowid, owner, body) "
    f"SELECT e.id, {OWNER}, substr(coalesce(m.content, c.title), 1, {INDEXED}) "
    "FROM searchentry e JOIN chathistory c ON c.id = e.chat_id "
    "LEFT JOIN chatmessage m ON m.id = e.message_id ORDER BY e.id"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for statement in SQLITE:
            op.execute(statement)
        for statement in OLD_ROWS:
            op.execute(statement.format(extra='', title='', content=''))
        op.execute(OLD_WORDS)
        for name, rest in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {rest}")
    else:
        tables, rest = POSTGRES[:7], POSTGRES[7:]
        for statement in (*tables, *rest[:3]):
            _plain(statement)
        filled = {
            'extra': ', words',
            'title': ', search_words(c.title)',
            'content': ', search_words(m.content)',
        }
        for statement in OLD_ROWS:
            _plain(statement.format(**filled))
        for statement in rest[3:]:
            _plain(statement)
    op.drop_index('ix_chathistory_sidebar', table_name='chathistory')
    op.create_index('ix_chathistory_sidebar', 'chathistory', COLUMNS)


COLUMNS = ['user_id', 'deleted_at', 'archived_at', 'is_temporary', 'pinned_at', 'updated_at', 'id']


def _plain(statement: str) -> None:
    # Colons and percent signs in it are no parameters.
    op.get_bind().exec_driver_sql(statement.replace('%', '%%'))


def downgrade() -> None:
    op.drop_index('ix_chathistory_sidebar', table_name='chathistory')
    op.create_index(
        'ix_chathistory_sidebar', 'chathistory', ['user_id', 'deleted_at', 'updated_at', 'id']
    )
    if op.get_bind().dialect.name == 'sqlite':
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE searchindex")
        op.execute("DROP TABLE searchentry")
        return
    for name in ('search_message_new', 'search_message_changed'):
        op.execute(f"DROP TRIGGER {name} ON chatmessage")
    for name in ('search_title_new', 'search_title_changed'):
        op.execute(f"DROP TRIGGER {name} ON chathistory")
    op.execute("DROP FUNCTION search_message()")
    op.execute("DROP FUNCTION search_title()")
    op.execute("DROP FUNCTION search_put_message(chatmessage)")
    op.execute("DROP FUNCTION search_put_title(chathistory)")
    op.execute("DROP TABLE searchentry")
    op.execute("DROP FUNCTION search_words(text)")
