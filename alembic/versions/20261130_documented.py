"""documented: columns go by the names of the documented data model

Revision: 0010d, after 0009i

Columns, indexes and constraints are renamed in place. Only SQLite cannot rename a constraint:
there the few small tables that have one of these are copied. What follows from other columns
(is_admin, total_tokens, cost) is worked out by the database. New are the model's name along with
its chat, and how long an answer took along with its usage.
"""

import sqlalchemy as sa

from alembic import op

revision = "0010d"
down_revision = "0009i"
branch_labels = None
depends_on = None

COLUMNS = {
    "user": {"last_login_at": "last_login"},
    "aiprovider": {"type": "provider_type", "base_url": "api_url", "api_key_encrypted": "api_key"},
    "providerendpoint": {"base_url": "api_url", "api_key_encrypted": "api_key"},
    "aimodel": {"type_id": "model_type"},
    "mediaprovider": {
        "type": "provider_type", "base_url": "api_url", "api_key_encrypted": "api_key",
    },
    "mediamodel": {"type_id": "model_type"},
    "backgroundjob": {"id": "job_id", "kind": "job_type"},
    "apikey": {"name": "key_name", "key_hash": "api_key", "last_used_at": "last_used"},
    "monitoringlog": {"level": "log_level", "kind": "log_type", "details": "metadata"},
    "performancemetric": {"name": "metric_name", "value": "metric_value"},
}
# Of a table: an index before and after, and the columns after and before.
INDEXES = (
    ("aimodel", "ix_aimodel_type_id", "ix_aimodel_model_type", ["model_type"], ["type_id"]),
    ("mediamodel", "ix_mediamodel_type_id", "ix_mediamodel_model_type", ["model_type"], ["type_id"]),
    (
        "monitoringlog", "ix_monitoringlog_kind_time", "ix_monitoringlog_log_type_time",
        ["log_type", "created_at"], ["kind", "created_at"],
    ),
    (
        "performancemetric", "ix_performancemetric_name_time",
        "ix_performancemetric_metric_name_time",
        ["metric_name", "created_at"], ["name", "created_at"],
    ),
)
LEVELS, PROVIDERS = ("info", "warning", "error"), ("llm_api", "ollama", "openai", "anthropic")
# Of a table: a constraint before and after, what kind it is, and what it says of which column.
CONSTRAINTS = (
    ("aiprovider", "ck_aiprovider_{}", "type", "provider_type", "check", PROVIDERS),
    ("monitoringlog", "ck_monitoringlog_{}", "level", "log_level", "check", LEVELS),
    ("apikey", "uq_apikey_{}", "key_hash", "api_key", "unique", None),
    ("aimodel", "fk_aimodel_{}_aitype", "type_id", "model_type", "foreignkey", "aitype"),
    ("mediamodel", "fk_mediamodel_{}_mediatype", "type_id", "model_type", "foreignkey", "mediatype"),
)
COMPUTED = {
    "user": [("is_admin", sa.Boolean, "role = 'admin'")],
    "usagelog": [
        ("total_tokens", sa.BigInteger, "CAST(input_tokens AS BIGINT) + output_tokens"),
        ("cost", sa.Numeric(20, 6), "cost_micro / 1000000.0"),
    ],
}
# An answer that was continued adds up all its runs: of those none is known apart.
DURATIONS = (
    "UPDATE usagelog SET duration = (SELECT m.duration_ms FROM generation g "
    "JOIN chatmessage m ON m.id = g.message_id WHERE g.id = usagelog.run_id AND NOT EXISTS "
    "(SELECT 1 FROM generation o WHERE o.message_id = g.message_id AND o.id <> g.id)) "
    "WHERE run_id IN (SELECT id FROM generation)"
)
NAMES = (
    "UPDATE chathistory SET model_name = (SELECT display_name FROM aimodel "
    "WHERE aimodel.id = chathistory.model_id) WHERE model_id IS NOT NULL"
)


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for before, after in columns.items():
            op.alter_column(table, before, new_column_name=after)
    for table, before, after, columns, _ in INDEXES:
        _rename_index(table, before, after, columns)
    for table, name, before, after, kind, rule in CONSTRAINTS:
        _rename_constraint(table, name.format(before), name.format(after), kind, after, rule)
    op.add_column(
        "chathistory",
        sa.Column("model_name", sa.String(length=200), server_default="", nullable=False),
    )
    op.execute(NAMES)
    op.add_column("usagelog", sa.Column("duration", sa.Integer(), nullable=True))
    op.execute(DURATIONS)
    for table, computed in COMPUTED.items():
        _add_computed(table, computed)


def downgrade() -> None:
    for table, computed in COMPUTED.items():
        for name, *_ in computed:
            op.drop_column(table, name)
    op.drop_column("usagelog", "duration")
    op.drop_column("chathistory", "model_name")
    for table, columns in COLUMNS.items():
        for before, after in columns.items():
            op.alter_column(table, after, new_column_name=before)
    for table, before, after, _, columns in INDEXES:
        _rename_index(table, after, before, columns)
    for table, name, before, after, kind, rule in CONSTRAINTS:
        _rename_constraint(table, name.format(after), name.format(before), kind, before, rule)


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _rename_index(table: str, before: str, after: str, columns: list[str]) -> None:
    if _is_sqlite():
        op.drop_index(before, table_name=table)
        op.create_index(after, table, columns)
    else:
        op.execute(f"ALTER INDEX {before} RENAME TO {after}")


def _rename_constraint(table, before, after, kind, column, rule) -> None:
    if not _is_sqlite():
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {before} TO {after}")
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(before), type_=kind)
        if kind == "check":
            batch.create_check_constraint(
                op.f(after), f"{column} IN ({', '.join(repr(each) for each in rule)})"
            )
        elif kind == "unique":
            batch.create_unique_constraint(op.f(after), [column])
        else:
            batch.create_foreign_key(op.f(after), rule, [column], ["id"], ondelete="SET NULL")


def _add_computed(table: str, computed) -> None:
    if _is_sqlite():
        for name, kind, expression in computed:
            op.add_column(table, sa.Column(name, kind, sa.Computed(expression, persisted=False)))
        return
    # PostgreSQL keeps them, so it writes the table anew: once for all of them.
    kinds = {"is_admin": "BOOLEAN", "total_tokens": "BIGINT", "cost": "NUMERIC(20, 6)"}
    added = (
        f"ADD COLUMN {name} {kinds[name]} GENERATED ALWAYS AS ({expression}) STORED"
        for name, _, expression in computed
    )
    op.execute(f'ALTER TABLE "{table}" {", ".join(added)}')
