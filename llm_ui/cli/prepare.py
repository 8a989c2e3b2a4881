"""Inside the environment: check the settings, migrate the database.

    python -m llm_ui.cli.prepare [--migrate]

Prints what the starter needs to know as one line of JSON. A wrong setting ends it with
the sentence that names the setting, and exit code 2.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from llm_ui.config import load_settings
from llm_ui.errors import ConfigError

WRONG_SETTING = 2


def check_data_folder(folder: Path) -> None:
    """Make the data folder; the app keeps its database and files there.

    Raises:
        ConfigError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"DATA_DIR ({folder}) cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"DATA_DIR ({folder}) must be a folder that this user may write to.")


def migrate() -> None:
    """Bring the database to the newest schema."""
    from alembic import command
    from alembic.config import Config

    command.upgrade(Config("alembic.ini"), "head")


def main(arguments: list[str]) -> int:
    """Check, migrate if asked to, print the facts."""
    try:
        settings = load_settings()
        check_data_folder(settings.data_path)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTING
    if "--migrate" in arguments:
        migrate()
    facts = {
        "port": settings.port,
        "grace": settings.shutdown_grace,
        "public_url": settings.public_url,
        "redis": bool(settings.redis_url),
    }
    sys.stdout.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
