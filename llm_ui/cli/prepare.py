"""Inside the environment: check the settings, migrate the database.

    python -m llm_ui.cli.prepare [--migrate] [--serves] [--workers N]

Prints what the starter needs to know as one line of JSON. If a setting is invalid, it prints a
sentence that names the setting, and exits with code 2.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from llm_ui.cli import startup_warnings
from llm_ui.cli.setup import private_files
from llm_ui.config import ENV_FILE, Settings, load_settings
from llm_ui.errors import ConfigError
from llm_ui.outages import reason_of
from llm_ui.services.operations import upgrading

WRONG_SETTING = 2


def check_data_folder(folder: Path) -> None:
    """Create the data folder, where the app keeps its database and files.

    Raises:
        ConfigError: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"DATA_DIR ({folder}) could not be created: {error.strerror}.") from None
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"DATA_DIR ({folder}) must be a folder that this user can write to.")


def database_files(settings: Settings) -> list[Path]:
    """SQLite's files, which may be outside the data folder."""
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        return []
    return [Path(url.database + ending) for ending in ("", "-wal", "-shm")]


def migrate(settings: Settings) -> list[str]:
    """Migrate the database to the latest schema, after copying it; returns messages to show."""
    copy = upgrading.upgrade(settings.database, settings.data_path, settings.secret_keys[0])
    return (
        [f"The database was migrated. A copy from before the migration is in {copy}."]
        if copy
        else []
    )


def oddities(settings: Settings, workers: int, *, migrated: bool, serves: bool) -> list[str]:
    """Warnings for the user who starts something here; with `serves`, also about other
    servers."""
    found = [
        *startup_warnings.unknown_settings(ENV_FILE),
        *startup_warnings.untold_proxy(settings),
    ]
    if serves:
        found += startup_warnings.others_here(settings.data_path)
    if migrated:
        found += startup_warnings.strange_data(settings)
    if serves:
        found += startup_warnings.too_many_connections(settings, workers)
    return found


def words_for(error: Exception, settings: Settings) -> str:
    """What is wrong with the database, as a sentence; "" if unknown."""
    url = make_url(settings.database)
    place = url.database if url.get_backend_name() == "sqlite" else f"{url.host}:{url.port or 5432}"
    return {
        "damaged": f"The database file {place} is damaged. Stop all servers that use it, move it "
        "away and restore the latest backup: python3 dev.py restore data/backups/llm-ui-….zip",
        "locked": f"The database {place} is locked by another program. Stop that program first.",
        "full": f"The disk with {place} is full. Free up some space and start again.",
        "away": f"The database at {place} does not respond. Check that it is running, that "
        "DATABASE_URL is correct and that this user has access, then start again.",
        "": "",
    }[reason_of(error)]


def main(arguments: list[str]) -> int:
    """Check the settings, migrate if requested, print the facts."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.prepare")
    parser.add_argument("--migrate", action="store_true")
    parser.add_argument("--serves", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    warnings: list[str] = []
    setup = ""
    try:
        settings = load_settings()
        check_data_folder(settings.data_path)
        private_files.tighten(settings.data_path, *database_files(settings))
        if options.migrate:
            warnings += migrate(settings)
        warnings += oddities(
            settings, options.workers, migrated=options.migrate, serves=options.serves
        )
        if options.migrate:
            setup = startup_warnings.setup_token(settings)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTING
    except SQLAlchemyError as error:
        if not (words := words_for(error, settings)):
            raise
        sys.stderr.write(f"{words}\n")
        return WRONG_SETTING
    told = {
        "port": settings.port,
        "grace": settings.shutdown_grace,
        "public_url": settings.public_url,
        "redis": bool(settings.redis_url),
        "setup": setup,
        "warnings": warnings,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    with private_files.ours():
        sys.exit(main(sys.argv[1:]))
