"""words: the index of words goes by the application's own folding, on both databases alike

Revision: 0008w, after 0008f

Triggers stay as they were but for the words: on SQLite they ask `search_words`, a function that
every connection of the application has (llm_ui/indexing.py); on PostgreSQL they leave the words
empty, and the application fills them in before it commits.
"""

import re

import sqlalchemy as sa

from alembic import op
from llm_ui import indexing

revision = '0008w'
down_revision = '0008f'
branch_labels = None
depends_on = None

STEP = 500
INDEXED = 100_000
OWNER = (
    "'u' || replace(e.user_id, '-', '') || "
    "CASE WHEN e.message_id IS NULL THEN ' t' || replace(e.user_id, '-', '') ELSE '' END"
)
TRIGGERS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%searchindex%'"
)
ENTRIES = (
    "FROM searchentry e JOIN chathistory c ON c.id = e.chat_id "
    "LEFT JOIN chatmessage m ON m.id = e.message_id WHERE e.id > :last AND e.id <= :upto"
)
UPTO = f"SELECT max(id) FROM (SELECT id FROM searchentry WHERE id > :last ORDER BY id LIMIT {STEP}) s"

# PostgreSQL's words of before.
MARKED = "àáâãäåāăąçćčďèéêëēėęěìíîïīįñńňòóôõöōőŕřśšťùúûüūůűųýÿźżž"
BARE = "aaaaaaaaacccdeeeeeeeeiiiiiinnnooooooorrsstuuuuuuuuyyzzz"
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”„‘’‚–—…«»·•×"
FINISHED = "mine.status NOT IN ('queued', 'running') AND mine.role <> 'system' AND mine.content <> ''"


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _sqlite(
            "ascii tokenchars ''+#''", '3', "search_words({})",
            lambda sql: re.sub(rf"substr\((.+?), 1, {INDEXED}\)", r"search_words(\1)", sql),
        )
        return
    op.execute("ALTER TABLE searchentry ALTER COLUMN words DROP NOT NULL")
    _put_functions('NULL', 'NULL')
    op.execute("DROP FUNCTION search_words(text)")
    # All at once takes no longer than twice, and needs no second index meanwhile.
    op.execute("DROP INDEX ix_searchentry_words")
    op.execute("UPDATE searchentry SET words = NULL")
    op.execute("CREATE INDEX ix_searchentry_unread ON searchentry (id) WHERE words IS NULL")
    while indexing.fill(op.get_bind()):
        pass
    _words_index()


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _sqlite(
            "unicode61 remove_diacritics 2", '2 3', f"substr({{}}, 1, {INDEXED})",
            lambda sql: re.sub(
                r"search_words\(((?:[^()]|\([^()]*\))*)\)", rf"substr(\1, 1, {INDEXED})", sql
            ),
        )
        return
    _plain(
        "CREATE FUNCTION search_words(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$"
        f"SELECT to_tsvector('simple', translate(lower(left(words, {INDEXED})), "
        f"{_quoted(MARKED + MARKS)}, {_quoted(BARE + ' ' * len(MARKS))}))$$"
    )
    _put_functions('search_words(mine.content)', 'search_words(mine.title)')
    op.execute("DROP INDEX ix_searchentry_unread")
    op.execute("DROP INDEX ix_searchentry_words")
    op.execute(
        "UPDATE searchentry e SET words = search_words(coalesce("
        "(SELECT m.content FROM chatmessage m WHERE m.id = e.message_id), "
        "(SELECT c.title FROM chathistory c WHERE c.id = e.chat_id)))"
    )
    op.execute("ALTER TABLE searchentry ALTER COLUMN words SET NOT NULL")
    _words_index()


def _sqlite(tokenizer: str, prefix: str, words: str, changed) -> None:
    bind = op.get_bind()
    triggers = bind.execute(sa.text(TRIGGERS)).all()
    for name, _ in triggers:
        op.execute(f'DROP TRIGGER "{name}"')
    op.execute("DROP TABLE searchindex")
    bind.exec_driver_sql(
        "CREATE VIRTUAL TABLE searchindex USING fts5(owner, body, content='', "
        f"tokenize='{tokenizer}', prefix='{prefix}')"
    )
    last = 0
    text = words.format("coalesce(m.content, c.title)")
    while upto := bind.execute(sa.text(UPTO), {'last': last}).scalar():
        bind.execute(
            sa.text(
                f"INSERT INTO searchindex (rowid, owner, body) SELECT e.id, {OWNER}, {text} {ENTRIES}"
            ),
            {'last': last, 'upto': upto},
        )
        last = upto
    for _, sql in triggers:
        # Colons in it are no parameters.
        bind.exec_driver_sql(changed(sql))


def _put_functions(message: str, title: str) -> None:
    _plain(
        "CREATE OR REPLACE FUNCTION search_put_message(mine chatmessage) RETURNS void LANGUAGE sql "
        "AS $$INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
        f"SELECT c.user_id, c.id, mine.id, mine.created_at, {message} "
        "FROM chathistory c WHERE c.id = mine.chat_id AND NOT c.is_temporary "
        f"AND {FINISHED}$$"
    )
    _plain(
        "CREATE OR REPLACE FUNCTION search_put_title(mine chathistory) RETURNS void LANGUAGE sql "
        "AS $$INSERT INTO searchentry (user_id, chat_id, message_id, at, words) "
        f"SELECT mine.user_id, mine.id, NULL, mine.created_at, {title} "
        "WHERE mine.title <> '' AND NOT mine.is_temporary$$"
    )


def _words_index() -> None:
    op.execute(
        "CREATE INDEX ix_searchentry_words ON searchentry USING gin (words) WITH (fastupdate = off)"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(statement: str) -> None:
    # Colons and percent signs in it are no parameters.
    op.get_bind().exec_driver_sql(statement.replace('%', '%%'))
