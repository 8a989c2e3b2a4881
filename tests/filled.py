"""A database with rows in every table, of all that their columns can hold."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from llm_ui.db import script_engine
from llm_ui.models import metadata
from llm_ui.models.base import UtcDateTime, new_id

Row = dict[str, Any]
TEXTS = (
    "",
    " ",
    "plain",
    "Ünïcödé 你好 😀",
    "two\nlines\tand 'quotes' \"double\"",
    "back\\slash",
    "line\u2028separator",
    "</script>",
    "%s :name {braces}",
    "null",
)
DOCUMENTS: tuple[Any, ...] = (
    {},
    {"a": 1, "b": [True, None, 0.1]},
    {"ä": "😀", "big": 2**60, "deep": {"er": [[]]}},
)
EPOCH = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
CHOICES = re.compile(r"'([^']*)'")


def _choices(table: sa.Table) -> dict[str, list[str]]:
    found = {}
    for check in table.constraints:
        if isinstance(check, sa.CheckConstraint) and " IN (" in str(check.sqltext):
            column, _, values = str(check.sqltext).partition(" IN ")
            found[column.strip()] = CHOICES.findall(values)
    if table.name == "aiprovider":
        # The registry says it, not the database; these are of all versions.
        found["provider_type"] = ["llm_api", "ollama", "openai", "anthropic"]
    return found


def _unique(table: sa.Table) -> list[list[str]]:
    """The columns of which no two rows have the same."""
    found = [
        table.primary_key,
        *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint)),
    ]
    indexes = [index for index in table.indexes if index.unique]
    return [[each.name for each in thing.columns] for thing in (*found, *indexes)]


def _value(column: sa.Column[Any], chance: random.Random) -> Any:
    kind = column.type
    if column.nullable and not column.primary_key and chance.random() < 0.3:
        return None
    if isinstance(kind, sa.Enum):
        return chance.choice(kind.enums)
    if isinstance(kind, UtcDateTime):
        return EPOCH + timedelta(microseconds=chance.choice((0, 1, -999999, 10**12)))
    if isinstance(kind, sa.JSON):
        document = chance.choice(DOCUMENTS)
        return [document, "x"] if "list" in str(column.default) else document
    if isinstance(kind, sa.Boolean):
        return chance.random() < 0.5
    if isinstance(kind, sa.BigInteger):
        return chance.randrange(2**40)
    if isinstance(kind, sa.Integer):
        return chance.randrange(-5, 2**31 - 1)
    if isinstance(kind, sa.Float):
        return chance.choice((0.0, 0.1, 1e300, 5.0, -1 / 3))
    if isinstance(kind, sa.LargeBinary):
        return chance.randbytes(40)
    text = chance.choice(TEXTS) + f" {chance.randrange(10**9)}"
    length = getattr(kind, "length", None)
    return text[-length:] if length else text * chance.choice((1, 400))


def _refer(row: Row, table: sa.Table, made: dict[str, list[Row]], chance: random.Random) -> bool:
    """Fill the columns that refer to other rows; False if there is nothing to refer to."""
    keys = sorted(table.foreign_key_constraints, key=lambda key: len(key.column_keys))
    for key in keys:
        pairs = [(each.parent.name, each.column.name) for each in key.elements]
        fixed = [(own, theirs) for own, theirs in pairs if own in row and len(pairs) > 1]
        fit = [
            other
            for other in made.get(key.referred_table.name, [])
            if all(other[theirs] == row[own] for own, theirs in fixed)
        ]
        nullable = [own for own, _ in pairs if table.c[own].nullable]
        if not fit or (nullable and chance.random() < 0.3):
            if not nullable:
                return False
            row[nullable[-1]] = None
            continue
        chosen = chance.choice(fit)
        row.update({own: chosen[theirs] for own, theirs in pairs})
    return True


def rows_for(count: int, seed: int) -> dict[str, list[Row]]:
    """Rows of every table that fit together."""
    chance = random.Random(seed)
    made: dict[str, list[Row]] = {}
    for table in metadata.sorted_tables:
        choices, seen = _choices(table), set[Any]()
        made[table.name] = rows = []
        for _ in range(count):
            row: Row = {}
            if not _refer(row, table, made, chance):
                continue
            for column in table.columns:
                if column.name in row or column.computed is not None:
                    continue
                if column.name in choices:
                    row[column.name] = chance.choice(choices[column.name])
                elif column.primary_key and column.default is not None:
                    row[column.name] = new_id()
                else:
                    row[column.name] = _value(column, chance)
            if table.name == "backgroundjob":
                # One at a time of each key.
                row["key"] = None
            keys = {tuple((name, row[name]) for name in names) for names in _unique(table)}
            if not keys & seen:
                seen |= keys
                rows.append(row)
    return made


def fill(url: str, count: int = 12, seed: int = 1) -> dict[str, list[Row]]:
    """Put rows into every table of an empty database."""
    made = rows_for(count, seed)
    engine = script_engine(url)
    with engine.execution_options(writes=True).begin() as connection:
        for table in metadata.sorted_tables:
            if made[table.name]:
                connection.execute(sa.insert(table), made[table.name])
        # An answer that is older by its id than its question.
        connection.execute(
            sa.text(
                "UPDATE chatmessage SET parent_id = (SELECT max(o.id) FROM chatmessage o "
                "WHERE o.chat_id = chatmessage.chat_id) "
                "WHERE id IN (SELECT min(id) FROM chatmessage GROUP BY chat_id)"
            )
        )
    engine.dispose()
    return made


def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table, as texts that are the same for both kinds of database."""
    engine = script_engine(url)
    found = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.select(table)).mappings()
            found[table.name] = sorted(
                json.dumps(dict(row), default=str, sort_keys=True) for row in rows
            )
    engine.dispose()
    return found


def keep_bytes(data: Path, file_ids: list[str]) -> dict[str, bytes]:
    """Bytes for files that have a row."""
    folder = data / "files"
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    kept = {}
    for file_id in file_ids:
        kept[file_id] = chance.randbytes(chance.choice((0, 10, 700_000)))
        (folder / file_id).write_bytes(kept[file_id])
    return kept
