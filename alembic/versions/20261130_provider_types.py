"""provider_types: a row may be of any type that has a folder, which the registry checks

Revision: 0010t, after 0010d
"""

from alembic import op

revision = "0010t"
down_revision = "0010d"
branch_labels = None
depends_on = None

NAME = "ck_aiprovider_provider_type"


def upgrade() -> None:
    with op.batch_alter_table("aiprovider") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")


def downgrade() -> None:
    with op.batch_alter_table("aiprovider") as batch:
        batch.create_check_constraint(
            op.f(NAME), "provider_type IN ('llm_api', 'ollama', 'openai', 'anthropic')"
        )
