"""Run with a copy of the package: what it makes of a language, as one JSON object.

python look.py <a migrated SQLite file> <the language's tag>
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

import llm_ui
from llm_ui import auth, pages
from llm_ui.api.app import create_api
from llm_ui.auth import Client
from llm_ui.cli import options
from llm_ui.components.chats.palette import palette
from llm_ui.components.layout.user_menu import languages
from llm_ui.db import start_database, stop_database
from llm_ui.services.accounts import authentication


async def over_rest(database: str, code: str) -> dict[str, Any]:
    """It is chosen, a wrong one is refused in its words, and what `/api/errors` says in it."""
    start_database(f"sqlite:///{database}")
    here = Client("127.0.0.1", "tests")
    bob = await authentication.register("bob@example.org", "bob", "correct horse battery", here)
    api = create_api()
    headers = {auth.CSRF_HEADER: bob.csrf_token, "Accept-Language": f"{code}-XX, en;q=0.5"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api),
        base_url="http://localhost:3000",
        cookies={auth.COOKIE: bob.token},
        headers=headers,
    ) as caller:
        chosen = await caller.patch("/api/v1/account", json={"language": code})
        refused = await caller.patch("/api/v1/account", json={"language": "none"})
        errors = await caller.get("/api/errors")
    await stop_database()
    return {
        "chosen": chosen.json(),
        "refused": refused.json(),
        "errors": errors.text,
        "document": api.openapi()["components"]["schemas"],
    }


def main(database: str, code: str) -> None:
    """Look at all of it, and print it."""
    parser = argparse.ArgumentParser()
    options.screens(parser)
    found = {
        "package": str(Path(llm_ui.__file__).parent),
        "cli": parser.parse_args(["--language", code]).language,
        "picker": str(languages("radio", "account-").render()),
        "palette": str(palette().render()),
        "page": pages.app_options()["html_custom_attrs"],
        "files": [str(path) for path in Path("assets").rglob("messages.json")],
        **asyncio.run(over_rest(database, code)),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
