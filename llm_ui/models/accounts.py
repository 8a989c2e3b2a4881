"""People, their sessions and their API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from llm_ui.enums import LinkKind, UserRole
from llm_ui.models.base import (
    choices,
    computed_field,
    created_field,
    enum_field,
    foreign,
    id_field,
    json_field,
    key_field,
    time_field,
)
from llm_ui.security import names

NAME_KEY_LIMIT = 200


class User(SQLModel, table=True):
    """A user.

    `email` is in lower case. `preferences` holds settings of the account page that have no column
    (theme, automatic titles, a default prompt) and, while the account is being deleted, `leaving`
    and the ID of the user who gets the content. Without a `password_hash` nobody can sign in with a
    password. `last_active_at` is updated every few minutes. `name_key` and `look_key` are
    normalized forms of the name that reveal look-alikes (security/names.py). `is_admin` is computed
    from `role` by the database.
    """

    __table_args__ = (choices("role", *UserRole),)
    # Read computed columns back after a write: an async session cannot load them lazily.
    __mapper_args__ = {"eager_defaults": True}

    id: str = id_field()
    email: str = Field(max_length=254, unique=True)
    username: str = Field(max_length=64)
    password_hash: str = Field(max_length=256)
    role: UserRole = enum_field(UserRole, UserRole.USER)
    is_admin: bool = computed_field(sa.Boolean, "role = 'admin'")
    is_active: bool = True
    language: str | None = Field(default=None, max_length=8)
    default_model_id: str | None = foreign("aimodel.id", "SET NULL", nullable=True)
    preferences: dict[str, Any] = json_field(filled=True)
    created_at: datetime = created_field()
    updated_at: datetime = created_field()
    last_login: datetime | None = time_field()
    last_active_at: datetime | None = time_field(index=True)
    name_key: str = key_field(NAME_KEY_LIMIT)
    look_key: str = key_field(NAME_KEY_LIMIT)


@sa.event.listens_for(User, "before_insert")
@sa.event.listens_for(User, "before_update")
def _keep_keys(_mapper: object, _connection: object, user: User) -> None:
    keys = (each[:NAME_KEY_LIMIT] for each in names.keys(user.username))
    user.name_key, user.look_key = keys


class UserLink(SQLModel, table=True):
    """An invitation or a password link.

    Only a keyed hash of its token is stored. An invitation with an `email` is for that address
    alone; `user_id` is the user whose password it sets, or who accepted the invitation.
    """

    __tablename__ = "userlink"
    __table_args__ = (
        choices("kind", *LinkKind),
        choices("role", *UserRole),
        sa.Index("ix_userlink_open", "kind", "used_at", "created_at"),
    )

    id: str = id_field()
    kind: LinkKind = enum_field(LinkKind)
    token_hash: str = Field(max_length=64, unique=True)
    email: str | None = Field(default=None, max_length=254)
    role: UserRole = enum_field(UserRole, UserRole.USER)
    user_id: str | None = foreign("user.id", "CASCADE", nullable=True)
    created_by: str | None = foreign("user.id", "CASCADE", nullable=True)
    created_at: datetime = created_field()
    expires_at: datetime = created_field()
    used_at: datetime | None = time_field()


class AuthSession(SQLModel, table=True):
    """A signed-in browser. Only a keyed hash of its cookie's token is stored.

    `confirmed_at` is the time of the last step-up confirmation.
    """

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE")
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = created_field()
    last_seen_at: datetime = created_field()
    expires_at: datetime = created_field(index=True)
    address: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=256)
    confirmed_at: datetime | None = time_field()


class APIKey(SQLModel, table=True):
    """A program's key. `api_key` is its keyed hash; `prefix` is the part people recognize."""

    __tablename__ = "apikey"

    id: str = id_field()
    user_id: str = foreign("user.id", "CASCADE")
    key_name: str = Field(max_length=100)
    prefix: str = Field(max_length=16)
    api_key: str = Field(max_length=64, unique=True)
    scopes: list[str] = json_field(list)
    is_active: bool = True
    created_at: datetime = created_field()
    expires_at: datetime | None = time_field()
    last_used: datetime | None = time_field()
    revoked_at: datetime | None = time_field()


class SignInAttempt(SQLModel, table=True):
    """Failed sign-ins of one account or one address, which throttle the next attempt.

    `subject` is a keyed hash, so the table doesn't identify anyone.
    """

    __tablename__ = "signinattempt"

    subject: str = Field(primary_key=True, max_length=64)
    failures: int = 0
    last_failure_at: datetime = created_field(index=True)
    blocked_until: datetime | None = time_field()


class KnownPlace(SQLModel, table=True):
    """A browser or network from which a user has signed in. `subject` is a keyed hash."""

    __tablename__ = "knownplace"

    subject: str = Field(primary_key=True, max_length=64)
    user_id: str = foreign("user.id", "CASCADE")
    seen_at: datetime = created_field(index=True)
