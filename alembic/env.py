"""Migrations run on the URL of the settings (or the one a test hands in)."""

import sqlalchemy as sa
from alembic import context

from llm_ui.config import load_settings
from llm_ui.db import script_url
from llm_ui.models import metadata

config = context.config


def url() -> str:
    given = config.attributes.get("url")
    return script_url(given or load_settings().database)


def is_modelled(_thing: object, name: str | None, kind: str, *_: object) -> bool:
    """The index of words has no model: its migration makes it in each database's own way."""
    return not (kind == "table" and (name or "").startswith(("searchentry", "searchindex")))


def run() -> None:
    options = {"compare_type": True, "compare_server_default": False, "render_as_batch": True}
    options["include_object"] = is_modelled
    if context.is_offline_mode():
        context.configure(url=url(), target_metadata=metadata, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = sa.create_engine(url(), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
