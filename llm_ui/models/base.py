"""What all tables share: unguessable IDs, UTC times, enum checks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.engine import Dialect
from sqlmodel import Field

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> str:
    """A UUIDv7 (RFC 9562) as text: unguessable, and sorted by creation time."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """The current time in UTC, timezone-aware."""
    return datetime.now(UTC)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A point in time: timezone-aware in and out, and in UTC, on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def id_field() -> Any:
    """A primary key that may be exposed."""
    return Field(default_factory=new_id, primary_key=True, max_length=36)


def created_field(*, index: bool = False) -> Any:
    """The creation time of a row."""
    return Field(default_factory=now, sa_type=UtcDateTime, nullable=False, index=index)


def time_field(*, index: bool = False) -> Any:
    """A time that is NULL until it occurs."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)


def foreign(target: str, ondelete: str, *, nullable: bool = False, index: bool = True) -> Any:
    """A foreign key; `ondelete` says what happens to this row when its target is deleted."""
    if nullable:
        return Field(
            default=None, foreign_key=target, ondelete=ondelete, nullable=True, index=index
        )  # type: ignore[call-overload]
    return Field(foreign_key=target, ondelete=ondelete, nullable=False, index=index)  # type: ignore[call-overload]


def json_field(default: Any = dict, *, filled: bool = False, name: str = "") -> Any:
    """A JSON column, never NULL.

    Args:
        filled: give existing rows the empty value.
        name: the column's name, if it differs from the attribute's.
    """
    given: dict[str, Any] = {"name": name} if name else {}
    if filled:
        given["server_default"] = sa.text(f"'{json.dumps(default())}'")
    return Field(default_factory=default, sa_type=sa.JSON, nullable=False, sa_column_kwargs=given)


def text_field(max_length: int) -> Any:
    """A string that defaults to empty, including in existing rows."""
    return Field(default="", max_length=max_length, sa_column_kwargs={"server_default": ""})


def key_field(max_length: int) -> Any:
    """An indexed text derived from another column, for lookups."""
    given = {"server_default": ""}
    return Field(default="", max_length=max_length, index=True, sa_column_kwargs=given)


def flag_field(*, default: bool = False) -> Any:
    """A boolean with a default, including in existing rows."""
    given = {"server_default": sa.true() if default else sa.false()}
    return Field(default=default, nullable=False, sa_column_kwargs=given)


def computed_field(kind: Any, expression: str) -> Any:
    """A column that the database computes from other columns of the same row; never written by the
    application.

    SQLite computes it when it is read, PostgreSQL when the row is written.
    """
    return Field(default=None, exclude=True, sa_column=sa.Column(kind, sa.Computed(expression)))


def enum_field(kind: type[StrEnum], default: Any = ..., *, max_length: int = 16) -> Any:
    """A text column with the values of an enum, which `choices` lets the database enforce."""
    column = sa.Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=max_length,
        values_callable=lambda members: [each.value for each in members],
    )
    return Field(default=default, sa_type=column, nullable=False)


def choices(column: str, *values: str) -> sa.CheckConstraint:
    """A CHECK constraint that a text column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)
