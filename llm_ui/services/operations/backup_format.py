"""The format of a backup, the same for both databases.

    manifest.json          what it contains: schema, tables with their columns, counts, checksums
    manifest.sig           the manifest's keyed hash, made with the installation's SECRET_KEY
    tables/<name>.ndjson   a table's rows, one JSON array per line, sorted by primary key
    files.ndjson           the uploaded files: ID, size, checksum
    files/<id>             their contents

Rows are in a canonical form, so that equal tables have equal checksums on any database: times are
in UTC, and rows are sorted by the bytes of their keys.
"""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from llm_ui.models.base import UtcDateTime
from llm_ui.security.tokens import candidate_hashes, keyed_hash, same

FORMAT: Literal[1] = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
FILES = "files.ndjson"
PURPOSE = "backup"
BATCH = 200
# Tables rebuilt from other rows by the database (the full-text index), or not ours.
DERIVED = ("searchentry", "searchindex", "sqlite_", "alembic_version")

# `step(fraction, note, **params)`: reports progress, and raises to abort.
Step = Callable[..., None]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """A column, with its type in database-independent terms."""

    name: str
    type: Literal["text", "int", "float", "bool", "time", "json", "bytes"]
    nullable: bool


class Table(_Part):
    """A table; `key` lists the columns its rows are sorted by."""

    name: str
    columns: list[Column]
    key: list[str]
    rows: int = 0
    sha256: str = ""


class Files(_Part):
    """The files: their number and total size; `missing` counts rows without a file."""

    count: int = 0
    bytes: int = 0
    missing: int = 0
    sha256: str = ""


class Manifest(_Part):
    """Everything that can be known about an archive without reading it."""

    format: Literal[1] = FORMAT
    version: str
    database: str
    revision: str
    made_at: datetime
    tables: list[Table]
    files: Files = Field(default_factory=Files)

    @property
    def rows(self) -> int:
        """The number of rows in all tables."""
        return sum(table.rows for table in self.tables)


def entry_of(table: str) -> str:
    """The archive entry of a table's rows."""
    return f"tables/{table}.ndjson"


# --- signing -------------------------------------------------------------------------------


def sign(manifest: bytes, secret: bytes) -> str:
    """The content of manifest.sig."""
    return keyed_hash(secret, PURPOSE, hashlib.sha256(manifest).hexdigest())


def is_signed(manifest: bytes, signature: str, secrets: tuple[bytes, ...]) -> bool:
    """Whether the signature was made with one of these secrets."""
    digest = hashlib.sha256(manifest).hexdigest()
    return any(same(each, signature) for each in candidate_hashes(secrets, PURPOSE, digest))


# --- tables of a database --------------------------------------------------------------------


def _type_of(column: sa.Column[Any]) -> str:
    for kind, name in (
        (sa.JSON, "json"),
        (sa.Boolean, "bool"),
        (sa.DateTime, "time"),
        (sa.Integer, "int"),
        (sa.Float, "float"),
        (sa.LargeBinary, "bytes"),
        (sa.String, "text"),
    ):
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"{column} has a type that backups do not support: {column.type!r}")


def tables_of(connection: sa.Connection) -> list[Table]:
    """The tables to back up, as they are in this database, referenced tables first.

    They are read from the database itself, so none can be forgotten.
    """
    found = sa.MetaData()
    with warnings.catch_warnings():
        # Unreadable indexes and circular foreign keys don't matter here.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        found.reflect(connection, only=lambda name, _: not name.startswith(DERIVED))
        ordered = found.sorted_tables
    return [
        Table(
            name=table.name,
            columns=[
                Column(name=each.name, type=_type_of(each), nullable=bool(each.nullable))
                for each in table.columns
                # Computed columns are recalculated by the database.
                if each.computed is None
            ],
            key=[each.name for each in table.primary_key],
        )
        for table in ordered
    ]


def _sql_type(column: Column) -> sa.types.TypeEngine[Any]:
    match column.type:
        case "json":
            # In a nullable column, JSON null and SQL NULL are different values.
            return sa.JSON(none_as_null=column.nullable)
        case "bool":
            return sa.Boolean()
        case "time":
            return UtcDateTime()
        case "int":
            return sa.BigInteger()
        case "float":
            return sa.Float()
        case "bytes":
            return sa.LargeBinary()
    return sa.Text()


def clause_of(table: Table) -> sa.TableClause:
    """The table as a SQLAlchemy clause, for queries and inserts."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(each.name, _sql_type(each)) for each in table.columns
    ]
    return sa.table(table.name, *columns)


def count_of(connection: sa.Connection, table: Table) -> int:
    """How many rows a table has."""
    query = sa.select(sa.func.count()).select_from(sa.table(table.name))
    return int(connection.execute(query).scalar_one())


def lines_of(connection: sa.Connection, table: Table) -> Iterator[bytes]:
    """A table's rows as lines of the archive, with only a few in memory at a time."""
    clause = clause_of(table)
    is_postgres = connection.dialect.name == "postgresql"
    texts = {each.name for each in table.columns if each.type == "text"}
    order = [
        # SQLite sorts by bytes; PostgreSQL by locale, unless told otherwise.
        sa.collate(clause.c[name], "C") if is_postgres and name in texts else clause.c[name]
        for name in table.key
    ]
    query = sa.select(*clause.c).select_from(clause).order_by(*order)
    for row in connection.execute(query, execution_options={"yield_per": BATCH}):
        yield line_of(tuple(row))


# --- rows ------------------------------------------------------------------------------------


_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def line_of(values: tuple[Any, ...]) -> bytes:
    """Encode a row as a line."""
    return _ENCODER.encode([_plain(value) for value in values]).encode() + b"\n"


def row_of(table: Table, line: bytes) -> dict[str, Any]:
    """Decode a line into a row. Raises ValueError if it doesn't fit the table."""
    values = _DECODER.decode(line.decode("ascii"))
    if not isinstance(values, list) or len(values) != len(table.columns):
        raise ValueError(f"a row of {table.name} does not have one value per column")
    return {
        column.name: _value(column, value)
        for column, value in zip(table.columns, values, strict=True)
    }


def _value(column: Column, value: Any) -> Any:
    if value is None or column.type not in ("time", "bytes"):
        return value
    if column.type == "bytes":
        return base64.b64decode(value)
    return datetime.fromisoformat(value)
