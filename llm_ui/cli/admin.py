"""Inside the environment: create an administrator.

ADMIN_PASSWORD=… python -m llm_ui.cli.admin --email a@b.c --username name
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from llm_ui.config import load_settings
from llm_ui.db import start_database, stop_database
from llm_ui.errors import AppError
from llm_ui.i18n import translate
from llm_ui.services.accounts import create_admin


async def create(email: str, username: str, password: str) -> None:
    """Create the account, with the database open for as long as that takes."""
    start_database(load_settings().database)
    try:
        await create_admin(email, username, password)
    finally:
        await stop_database()


def main() -> int:
    """Create the account the options name."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.admin")
    parser.add_argument("--email", required=True)
    parser.add_argument("--username", required=True)
    options = parser.parse_args()
    password = os.environ.get("ADMIN_PASSWORD", "")
    try:
        asyncio.run(create(options.email, options.username, password))
    except AppError as error:
        sys.stderr.write(f"{translate(error.message_key, **error.params)}\n")
        return 1
    sys.stdout.write(f"{options.email} is an administrator now.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
