"""Inside the environment: create an administrator.

ADMIN_PASSWORD=… python -m llm_ui.cli.admin --email a@b.c --username name
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from llm_ui.errors import AppError
from llm_ui.services.accounts import create_admin


def main() -> int:
    """Create the account the options name."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.admin")
    parser.add_argument("--email", required=True)
    parser.add_argument("--username", required=True)
    options = parser.parse_args()
    password = os.environ.get("ADMIN_PASSWORD", "")
    try:
        asyncio.run(create_admin(options.email, options.username, password))
    except AppError as error:
        sys.stderr.write(f"The administrator was not created: {error}\n")
        return 1
    sys.stdout.write(f"{options.email} is an administrator now.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
