"""Small versions of what `dev.py soak` does for long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.databases import scratch
from bench.stage import Stage, stage


@pytest.fixture(scope="module")
def single() -> Iterator[Stage]:
    """The application with one worker, on SQLite."""
    with stage(with_pages=False) as at:
        yield at


@pytest.fixture(scope="module")
def twin(postgres_server: str, redis_url: str) -> Iterator[Stage]:
    """The application with two workers, on PostgreSQL and Redis."""
    with (
        scratch(postgres_server) as database,
        stage(workers=2, database_url=database, redis_url=redis_url, with_pages=False) as at,
    ):
        yield at
