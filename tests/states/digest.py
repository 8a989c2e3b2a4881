"""What stands in the database, as a fingerprint: whether anything has changed, and whose."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from llm_ui.models import metadata

# What is written about what happens, and moves by itself.
LOGS = {"monitoringlog", "signinattempt", "knownplace", "performancemetric"}
MOVING = {
    "last_seen_at",
    "last_active_at",
    "last_used",
    "heartbeat_at",
    "checked_at",
    "latency_ms",
    "status_since",
    "synced_at",
    "status_reason",
    "status_detail",
    "sync_result",
}
# Providers are asked how they are once a minute.
ASKED = {"aiprovider", "providerendpoint"}
Rows = dict[str, list[dict[str, Any]]]


def everything(database: sa.Engine) -> Rows:
    """All rows of all tables but LOGS, without what is MOVING."""
    found: Rows = {}
    with database.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name in LOGS:
                continue
            moving = MOVING | ({"status"} if table.name in ASKED else set())
            kept = [each for each in table.columns if each.name not in moving]
            rows = connection.execute(sa.select(*kept)).mappings()
            found[table.name] = [dict(row) for row in rows]
    return found


def of_person(rows: Rows, user_id: str) -> Rows:
    """The rows that belong to somebody: their account, and what refers to what is theirs."""
    ids = {user_id}
    found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    while True:
        before = len(ids)
        for table in metadata.sorted_tables:
            refers = {each.parent.name for each in table.foreign_keys}
            for place, row in enumerate(rows.get(table.name, [])):
                if row.get("id") in ids or any(row.get(name) in ids for name in refers):
                    found[table.name][place] = row
                    if "id" in row:
                        ids.add(row["id"])
        if len(ids) == before:
            return {name: list(each.values()) for name, each in found.items()}


def digest(rows: Rows) -> dict[str, str]:
    """A fingerprint of each table."""
    return {
        name: hashlib.sha256("\n".join(sorted(map(repr, each))).encode()).hexdigest()
        for name, each in rows.items()
        if each
    }
