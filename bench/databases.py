"""A database for one run of a benchmark, gone afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url


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
