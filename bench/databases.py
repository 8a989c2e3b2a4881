"""Databases for one run of a benchmark, deleted afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def scratch(server: str) -> Iterator[str]:
    """An empty database on a PostgreSQL server; "" (the stage's own SQLite) without one."""
    if not server:
        yield ""
        return
    name = f"llm_ui_bench_{os.getpid()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(create)
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(drop)


def on_each(
    postgres: str, measure: Callable[[str], Awaitable[dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Run `measure` on an empty, migrated database of each kind, and return the results by kind. It
    gets the database's URL; without a PostgreSQL server only SQLite is measured."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="llm-ui-bench-") as folder:
        found["SQLite"] = _migrated(f"sqlite:///{folder}/bench.db", measure)
    if postgres:
        with scratch(postgres) as url:
            found["PostgreSQL"] = _migrated(url, measure)
    return found


def _migrated(url: str, measure: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    env = os.environ | {"DATABASE_URL": url, "SECRET_KEY": "for-the-benchmark-" + "x" * 32}
    alembic = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(alembic, cwd=ROOT, env=env, check=True, capture_output=True)

    async def measured() -> dict[str, Any]:
        return await measure(url)

    return asyncio.run(measured())
