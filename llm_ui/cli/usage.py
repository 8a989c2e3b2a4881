"""Inside the environment: make the ledger's sums by day anew.

python -m llm_ui.cli.usage
"""

from __future__ import annotations

import asyncio
import sys

from llm_ui.config import load_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.services import usage_days


async def rebuild() -> int:
    """Make them anew, with the database open for as long as that takes; how many they are."""
    start_database(load_settings().database)
    try:
        async with unit_of_work() as session:
            return await usage_days.rebuild(session)
    finally:
        await stop_database()


def main() -> int:
    """Make them anew and say so."""
    rows = asyncio.run(rebuild())
    sys.stdout.write(f"The sums by day were made anew from the ledger: {rows:,} rows.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
