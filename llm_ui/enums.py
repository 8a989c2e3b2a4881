"""Enumerations: the values of roles, states and kinds in rows, services, pages and REST.

Columns, JSON and the OpenAPI document hold the plain strings.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class Choices(StrEnum):
    """Base of the enumerations. The OpenAPI document lists the values inline at each field, so that
    generated clients use plain strings instead of one type per enumeration."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = cast("dict[str, Any]", handler(source))
        # With a ref, the enumeration would get a schema of its own in the document.
        schema.pop("ref", None)
        return cast("CoreSchema", schema)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": [each.value for each in cls]}


# --- people, their links and their keys ---------------------------------------------------


class UserRole(Choices):
    """What an account's owner may do."""

    USER = "user"
    ADMIN = "admin"


class PersonStatus(Choices):
    """The state of an account: active, not signed in yet, disabled, or being deleted."""

    ACTIVE = "active"
    WAITING = "waiting"
    DISABLED = "disabled"
    LEAVING = "leaving"


class LinkKind(Choices):
    """What an administrator's link is for: creating an account, or setting a password."""

    INVITE = "invite"
    RESET = "reset"


class Scope(Choices):
    """What an API key may do; each scope includes the ones before it."""

    READ = "read"
    CHAT = "chat"
    ADMIN = "admin"


class KeyStatus(Choices):
    """Whether an API key still works."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class SessionEnd(Choices):
    """Why a session has ended, as shown on the sign-in page: the account was disabled or deleted,
    its role or password changed, the session was signed out elsewhere, or it simply expired."""

    DISABLED = "disabled"
    DELETED = "deleted"
    ROLE = "role"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    ELSEWHERE = "elsewhere"
    OVER = "over"


class MessageRole(Choices):
    """Who a message, or a turn of a prompt, is from."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


# --- answers ------------------------------------------------------------------------------


class RunState(Choices):
    """The state of a run, and of the message it writes."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class WaitingFor(Choices):
    """What a run without output is waiting for: its turn in the queue, the model's first token, or
    the processing of a long prompt."""

    QUEUED = "queued"
    ASKED = "asked"
    READING = "reading"


class FinishReason(Choices):
    """Why a model stopped writing, in one vocabulary for all providers."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    PAUSE = "pause"
    TOOL = "tool"
    UNKNOWN = "unknown"
    # The engine's own: the answer has reached the maximum length.
    TOO_LONG = "too_long"


class SourceState(Choices):
    """How far the reading of an answer's source has got."""

    READING = "reading"
    READ = "read"
    FAILED = "failed"


# --- work in the background ---------------------------------------------------------------


class JobStatus(Choices):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether the job is queued or running."""
        return self in (JobStatus.QUEUED, JobStatus.RUNNING)


class JobEnding(Choices):
    """Why a job's task was canceled: a user stopped it, the worker is shutting down, or another
    worker has taken it over."""

    CANCELLED = "cancelled"
    STOPPING = "stopping"
    LOST = "lost"


# --- files --------------------------------------------------------------------------------


class FileKind(Choices):
    """How a file is used in a prompt: as text, or as an image."""

    TEXT = "text"
    IMAGE = "image"


class FileStatus(Choices):
    """Whether a file's text has been read."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


# --- providers, their models and the installation -----------------------------------------


class ProviderOrigin(Choices):
    """Where a provider comes from: built in, named by the environment, or added by an
    administrator."""

    BUNDLED = "bundled"
    ENVIRONMENT = "environment"
    ADMIN = "admin"


class ProviderStatus(Choices):
    """How a provider, or one of its addresses, answered the last check."""

    OK = "ok"
    DOWN = "down"
    UNKNOWN = "unknown"


class Visibility(Choices):
    """Who may use a model; for `CHOSEN`, the people in its ModelReader rows."""

    EVERYONE = "everyone"
    ADMINS = "admins"
    CHOSEN = "chosen"


class LoadState(Choices):
    """What became of the model file that was requested last."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class PriceState(Choices):
    """Whether a price is past, current or future."""

    PAST = "past"
    NOW = "now"
    FUTURE = "future"


class RegistrationPolicy(Choices):
    """Who may create an account: everyone, people with an invitation, or nobody."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class LogLevel(Choices):
    """The severity of a log row."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Theme(Choices):
    """The color scheme of the pages; `SYSTEM` follows the device."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
