"""What every table shares: unguessable ids, UTC times, checked choices."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
    """A UUIDv7 (RFC 9562) as text: unguessable, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """The current time, in UTC, aware."""
    return datetime.now(UTC)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A point in time. Goes in aware, comes out aware in UTC, on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def id_field() -> Any:
    """A primary key that outsiders may see."""
    return Field(default_factory=new_id, primary_key=True, max_length=36)


def created_field(*, index: bool = False) -> Any:
    """The time a row was made."""
    return Field(default_factory=now, sa_type=UtcDateTime, nullable=False, index=index)


def time_field(*, index: bool = False) -> Any:
    """A time that may not have come yet."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)


def foreign(target: str, ondelete: str, *, nullable: bool = False, index: bool = True) -> Any:
    """A foreign key; `ondelete` says what becomes of this row with its target."""
    if nullable:
        return Field(
            default=None, foreign_key=target, ondelete=ondelete, nullable=True, index=index
        )  # type: ignore[call-overload]
    return Field(foreign_key=target, ondelete=ondelete, nullable=False, index=index)  # type: ignore[call-overload]


def json_field(default: Any = dict, *, filled: bool = False) -> Any:
    """A JSON column, never NULL. `filled`: rows that are there already get the empty value."""
    given = {"server_default": sa.text(f"'{json.dumps(default())}'")} if filled else {}
    return Field(default_factory=default, sa_type=sa.JSON, nullable=False, sa_column_kwargs=given)


def text_field(max_length: int) -> Any:
    """A text that is empty, also in rows that are there already."""
    return Field(default="", max_length=max_length, sa_column_kwargs={"server_default": ""})


def key_field(max_length: int) -> Any:
    """A text by which rows are looked up, made of another column."""
    given = {"server_default": ""}
    return Field(default="", max_length=max_length, index=True, sa_column_kwargs=given)


def flag_field() -> Any:
    """A switch that is off, also in rows that are there already."""
    return Field(default=False, nullable=False, sa_column_kwargs={"server_default": sa.false()})


def choices(column: str, *values: str) -> sa.CheckConstraint:
    """A CHECK that a text column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)
