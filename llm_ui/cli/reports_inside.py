"""Inside the environment: reports about an installation, and creating an API key.

python -m llm_ui.cli.reports_inside users|logs|config [--json] …
python -m llm_ui.cli.reports_inside key --for EMAIL --name NAME --scopes read,chat [--days N]

Permissions are not checked, because anyone who can run this can read the database anyway.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import col

from llm_ui.api.accounts.api_keys import Key
from llm_ui.api.accounts.users import Person
from llm_ui.auth import Actor, actor_of
from llm_ui.cli import startup_warnings
from llm_ui.cli.prepare import words_for
from llm_ui.cli.setup.steps import complain, say
from llm_ui.config import ENV_FILE, Settings, load_settings
from llm_ui.db import start_database, stop_database, unit_of_work
from llm_ui.enums import Scope, UserRole
from llm_ui.errors import AppError, ConfigError
from llm_ui.i18n import DEFAULT_LANGUAGE, translate
from llm_ui.models import User
from llm_ui.schemas.accounts.users import PersonItem
from llm_ui.schemas.audit.audit_log import LogEntry, LogFilters
from llm_ui.services.accounts import api_keys, users
from llm_ui.services.audit import audit_log, sentences
from llm_ui.services.operations import migrations, upgrading

WRONG_SETTING = 2
OPERATOR = Actor("", "the command line", "", UserRole.ADMIN)
Work = Callable[[argparse.Namespace], Awaitable[int]]


async def list_users(options: argparse.Namespace) -> int:
    """List all accounts."""
    found: list[PersonItem] = []
    cursor = None
    while True:
        async with unit_of_work(writes=False) as session:
            page = await users.list_people(
                session, OPERATOR, sort="email", cursor=cursor, limit=users.MOST
            )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    if options.json:
        rows = [Person.of(each).model_dump(exclude={"is_self"}) for each in found]
        say(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    _table(
        ("Email", "Name", "Role", "Status", "Last active"),
        [
            (each.email, each.username, each.role, each.status, each.last_active_at[:16] or "never")
            for each in found
        ],
    )
    return 0


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


async def logs(options: argparse.Namespace) -> int:
    """Print the latest rows."""
    filters = LogFilters(level=options.level, kind=options.kind)
    entries: list[LogEntry] = []
    cursor = None
    async with unit_of_work(writes=False) as session:
        while len(entries) < options.lines:
            wanted = min(options.lines - len(entries), audit_log.EXPORT_PAGE)
            page = await audit_log.list_log(session, OPERATOR, filters, cursor=cursor, limit=wanted)
            entries += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
    entries.reverse()
    if options.json:
        say(json.dumps([asdict(each) for each in entries], indent=2, ensure_ascii=False))
        return 0
    for each in entries:
        words = sentences.line(each, DEFAULT_LANGUAGE)
        more = " · ".join(filter(None, (words.more, words.user, words.address, words.reference)))
        about = f"{words.told} ({more})" if more else words.told
        say(f"{each.created_at[:19]}  {each.log_level:<7}  {about}")
    return 0


async def key(options: argparse.Namespace) -> int:
    """Create a key; standard output contains nothing else."""
    async with unit_of_work() as session:
        user = await session.scalar(sa.select(User).where(col(User.email) == options.email.lower()))
        if user is None or not user.is_active:
            complain(f"There is no enabled account with the email address {options.email}.")
            return 1
        scopes = [each.strip() for each in options.scopes.split(",") if each.strip()]
        # Whoever can read SECRET_KEY here could write any row: a password would not stop them.
        actor = replace(actor_of(user), is_confirmed=True)
        if Scope.ADMIN in scopes and not actor.is_admin:
            complain(
                f"{user.email} is not an administrator, so their keys cannot have the scope admin."
            )
            return 1
        made = await api_keys.create_key(
            session, actor, options.name, scopes, options.days, never_expires=options.never_expires
        )
    if options.json:
        told = {"key": made.key, **Key.of(made.item).model_dump()}
        say(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    say(made.key)
    complain(
        f"API key of {user.email} ({', '.join(made.item.scopes)}). It will not be shown again."
    )
    return 0


def config(options: argparse.Namespace) -> int:
    """Check the settings, without connecting to the database."""
    try:
        settings = load_settings()
    except ConfigError as error:
        if options.json:
            say(json.dumps({"ok": False, "problem": str(error)}, indent=2))
        else:
            complain(str(error))
        return WRONG_SETTING
    notes = list(startup_warnings.unknown_settings(ENV_FILE))
    if options.json:
        told = {"ok": True, "notes": notes, "settings": shown(settings)}
        say(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    for name, value in shown(settings).items():
        if name.lower() in settings.model_fields_set:
            say(f"{name}={value}")
    for each in notes:
        say(f"Note: {each}")
    say("All settings are valid.")
    return 0


def shown(settings: Settings) -> dict[str, Any]:
    """Every setting by name, with secrets removed."""
    return {name.upper(): _shown(getattr(settings, name)) for name in Settings.model_fields}


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return [_shown(each) for each in value]
    if isinstance(value, str) and "@" in value:
        try:
            return make_url(value).render_as_string(hide_password=True)
        except ArgumentError:
            return "(set)"
    return value if isinstance(value, bool | int | float | None) else str(value)


async def _with_database(settings: Settings, work: Work, options: argparse.Namespace) -> int:
    start_database(settings.database)
    try:
        return await work(options)
    finally:
        await stop_database()


def ask(settings: Settings, work: Work, options: argparse.Namespace) -> int:
    """Run a query, provided that the database has this version's schema."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        complain("There is no LLM UI database at DATABASE_URL (or in DATA_DIR) yet.")
        return 1
    here = upgrading.revision(settings.database)
    if here != migrations.newest():
        what = "no LLM UI tables yet" if here is None else "the schema of another version"
        complain(f"The database has {what}. Run `migrate` to update it.")
        return 1
    return asyncio.run(_with_database(settings, work, options))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.reports_inside")
    verbs = parser.add_subparsers(dest="verb", required=True)
    made = {name: verbs.add_parser(name) for name in ("users", "logs", "key", "config")}
    for each in made.values():
        each.add_argument("--json", action="store_true")
    made["logs"].add_argument("--lines", type=int, default=20)
    for name in ("--level", "--kind"):
        made["logs"].add_argument(name, default="")
    made["key"].add_argument("--for", dest="email", required=True)
    made["key"].add_argument("--name", required=True)
    made["key"].add_argument("--scopes", required=True)
    made["key"].add_argument("--days", type=int, default=90)
    made["key"].add_argument("--never-expires", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the command given by the options."""
    options = parse(arguments)
    if options.verb == "config":
        return config(options)
    work: dict[str, Work] = {"users": list_users, "logs": logs, "key": key}
    try:
        settings = load_settings()
        return ask(settings, work[options.verb], options)
    except ConfigError as error:
        complain(str(error))
        return WRONG_SETTING
    except SQLAlchemyError as error:
        if not (words := words_for(error, settings)):
            raise
        complain(words)
        return 1
    except AppError as error:
        complain(translate(error.message_key, **error.params))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
