"""The database schema: the revisions this version knows, and migrating to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_ui.db import script_engine
from llm_ui.services.operations.backup_restore import Schema

if TYPE_CHECKING:
    from alembic.config import Config

# Imported lazily: Alembic takes 11 MB of memory, which a server only needs during a test restore.


def _config(url: str = "") -> Config:
    from alembic.config import Config

    # Every process runs in the folder that contains it.
    config = Config("alembic.ini")
    if url:
        config.attributes["url"] = url
    return config


def knows(revision: str) -> bool:
    """Whether this version knows a revision."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def newest() -> str | None:
    """The newest revision that this version knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config()).get_current_head()


def bring(url: str, revision: str) -> None:
    """Migrate a database up or down to a revision; "head" is the newest."""
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = script_engine(url)
    try:
        with engine.connect() as connection:
            here = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    scripts = ScriptDirectory.from_config(_config())
    passed = {each.revision for each in scripts.iterate_revisions(here, "base")} if here else set()
    if here != revision and revision in passed:
        command.downgrade(_config(url), revision)
    else:
        command.upgrade(_config(url), revision)


SCHEMA = Schema(knows, bring)
