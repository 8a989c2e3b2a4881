"""Inside the environment: administrators and passwords.

ADMIN_PASSWORD=… python -m llm_ui.cli.admin create --email a@b.c --username name
python -m llm_ui.cli.admin promote --email a@b.c
NEW_PASSWORD=… python -m llm_ui.cli.admin reset-password --email a@b.c
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable

from llm_ui.config import load_settings
from llm_ui.db import start_database, stop_database
from llm_ui.errors import AppError
from llm_ui.i18n import translate
from llm_ui.schemas.accounts.accounts import UserView
from llm_ui.services.accounts import authentication


async def create(email: str, username: str, password: str) -> None:
    """Create an administrator account."""
    await _with_database(authentication.create_admin(email, username, password))


async def _with_database(work: Awaitable[UserView]) -> UserView:
    """Await `work` with the database open and return its result."""
    start_database(load_settings().database)
    try:
        return await work
    finally:
        await stop_database()


def main() -> int:
    """Run the command given by the options."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.admin")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("create", "promote", "reset-password"):
        sub = verbs.add_parser(verb)
        sub.add_argument("--email", required=True)
        if verb == "create":
            sub.add_argument("--username", required=True)
        if verb == "reset-password":
            sub.add_argument("--keep-keys", action="store_true")
    options = parser.parse_args()
    email: str = options.email
    try:
        if options.verb == "create":
            password = os.environ.get("ADMIN_PASSWORD", "")
            asyncio.run(create(email, options.username, password))
            said = f"{email} is now an administrator."
        elif options.verb == "promote":
            asyncio.run(_with_database(authentication.promote(email)))
            said = f"{email} is now an administrator. The password is unchanged."
        else:
            password = os.environ.get("NEW_PASSWORD", "")
            kept: bool = options.keep_keys
            work = authentication.reset_password(email, password, keep_keys=kept)
            asyncio.run(_with_database(work))
            keys = "API keys were kept" if kept else "API keys were revoked"
            said = f"{email} has a new password and was signed out everywhere. {keys}."
    except AppError as error:
        sys.stderr.write(f"{translate(error.message_key, **error.params)}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
