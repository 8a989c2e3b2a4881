"""figures: the ledger's sums by day, filled from the rows that are there

Revision: 0007f, after 0006
"""

import sqlalchemy as sa

from alembic import op

revision = '0007f'
down_revision = '0006'
branch_labels = None
depends_on = None

SUMS = (
    'answers', 'failures', 'estimated', 'input_tokens', 'cached_tokens', 'output_tokens',
    'reasoning_tokens', 'cost_micro',
)
PERSON, MODEL = "coalesce(user_id, '')", "model_name, provider_name"
GRAINS = {'each': (PERSON, MODEL), 'person': (PERSON, "'', ''"), 'model': ("''", MODEL)}


def fill() -> None:
    """As services/insights/daily_usage.py does it, of that day's shape."""
    day = {
        'sqlite': 'substr(created_at, 1, 10)',
        'postgresql': "to_char(timezone('UTC', created_at), 'YYYY-MM-DD')",
    }[op.get_bind().dialect.name]
    sums = ', '.join(f'sum({name})' for name in SUMS[3:])
    for grain, (person, model) in GRAINS.items():
        # By place: a name would be taken for the ledger's own column.
        apart = {'each': '2, 3, 4, 5, 6', 'person': '2, 3, 6', 'model': '2, 4, 5, 6'}[grain]
        op.execute(
            f"INSERT INTO usageday (grain, day, person_id, model_name, provider_name, currency, "
            f"{', '.join(SUMS)}) SELECT '{grain}', {day}, {person}, {model}, currency, count(*), "
            f"sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), "
            f"sum(CASE WHEN is_estimated THEN 1 ELSE 0 END), {sums} "
            f"FROM usagelog GROUP BY {apart}"
        )


def upgrade() -> None:
    op.create_table('usageday',
    sa.Column('grain', sa.String(length=8), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('person_id', sa.String(length=36), nullable=False),
    sa.Column('model_name', sa.String(length=200), nullable=False),
    sa.Column('provider_name', sa.String(length=100), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
    sa.CheckConstraint("grain IN ('each', 'person', 'model')", name=op.f('ck_usageday_grain')),
    sa.PrimaryKeyConstraint('grain', 'day', 'person_id', 'model_name', 'provider_name', 'currency', name=op.f('pk_usageday')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_usageday_person_day', 'usageday', ['person_id', 'day'])
    op.create_index('ix_usageday_model_day', 'usageday', ['model_name', 'provider_name', 'day'])
    fill()


def downgrade() -> None:
    op.drop_table('usageday')
