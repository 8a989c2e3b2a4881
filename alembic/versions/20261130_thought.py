"""thought: the log of a run can say that the text so far was thinking

Revision: 0008s, after 0008b
"""

from alembic import op

revision = "0008s"
down_revision = "0008b"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('text', 'reasoning', 'source', 'tool', 'usage', 'error', 'end')"
_NOW = "kind IN ('text', 'reasoning', 'thought', 'source', 'tool', 'usage', 'error', 'end')"
_NAME = "ck_generationevent_kind"


def _allow(kinds: str) -> None:
    # Not above: who only looks for the newest revision has no operations.
    name = op.f(_NAME)
    with op.batch_alter_table("generationevent", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, kinds)


def upgrade() -> None:
    _allow(_NOW)


def downgrade() -> None:
    op.execute("DELETE FROM generationevent WHERE kind = 'thought'")
    _allow(_BEFORE)
