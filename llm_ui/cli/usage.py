"""Inside the environment: rebuild the daily usage from the usage ledger.

python -m llm_ui.cli.usage
"""

from __future__ import annotations

import asyncio
import sys

from llm_ui.config import load_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.services.insights import daily_usage


async def rebuild() -> int:
    """Rebuild the daily usage, with the database open meanwhile; returns the number of rows."""
    start_database(load_settings().database)
    try:
        async with unit_of_work() as session:
            return await daily_usage.rebuild(session)
    finally:
        await stop_database()


def main() -> int:
    """Rebuild and print the result."""
    rows = asyncio.run(rebuild())
    sys.stdout.write(f"Rebuilt the daily usage from the usage ledger: {rows:,} rows.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
