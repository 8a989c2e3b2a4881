"""Inside a stage's environment: accounts with open sessions, created without rate limits.

    python -m bench.people --count 25      prints a JSON list of session tokens

Registering over REST would hash a password for each account and hit the limit per address.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets

from llm_ui import auth
from llm_ui.auth import Client
from llm_ui.config import load_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.models import User


async def make(count: int) -> list[str]:
    """Create this many users; returns a session token for each."""
    start_database(load_settings().database)
    tokens = []
    try:
        async with unit_of_work() as session:
            for _ in range(count):
                # A search for the maximum number of sessions creates more people repeatedly.
                name = f"bench-{secrets.token_hex(6)}"
                # Nobody can sign in with it: no password has this hash.
                user = User(email=f"{name}@example.org", username=name, password_hash="none")
                session.add(user)
                await session.flush()
                tokens.append((await auth.open_session(session, user, Client()))[1])
    finally:
        await stop_database()
    return tokens


def main() -> None:
    """Create them and print their tokens."""
    parser = argparse.ArgumentParser(prog="python -m bench.people")
    parser.add_argument("--count", type=int, required=True)
    print(json.dumps(asyncio.run(make(parser.parse_args().count))))


if __name__ == "__main__":
    main()
