"""Every error that the application raises on purpose.

    AppError                      code, HTTP status, message key, parameters
    ├── ConfigError               a setting is invalid; startup fails
    ├── InvalidInput         422  the input is invalid; names the field
    │   ├── UnknownField          no such field; suggests a similar one
    │   ├── UnknownParameter      no such query parameter
    │   ├── BadJson               the body is not valid JSON
    │   └── IdempotencyMismatch   the idempotency key was used for another call
    ├── NotAuthenticated     401  nobody is signed in
    │   └── InvalidCredentials    wrong email address or password
    ├── NotAllowed           403  signed in, but not permitted
    │   ├── KeyScope              the API key lacks a permission of its owner
    │   ├── AccountDisabled       the correct password for a disabled account
    │   ├── CsrfRefused           a call with a cookie but no valid CSRF token
    │   └── PasswordNeeded        needs a step-up confirmation first
    ├── NotFound             404  missing, or another user's: the same response
    ├── WrongMethod          405  the route exists, but takes another method
    ├── TooSlow              408  the announced body did not arrive in time
    ├── Conflict             409  the resource is in the wrong state for this
    │   ├── StillReading          a file's text is still being extracted
    │   ├── IdempotencyBusy       the same call is in progress
    │   ├── IdempotencyUnkept     the same call was completed; its response is not kept
    │   └── AlreadyRegistered
    ├── Changed              412  changed since it was read; has the current state
    ├── TooLarge             413
    ├── UnsupportedType      415  the body's declared type is not JSON
    ├── UnknownHost          421  the Host header does not name this server
    ├── TooManyRequests      429  carries retry_after, in seconds
    ├── HeadersTooLarge      431
    ├── DatabaseAway         503  the database does not answer, or is too slow
    ├── DiskFull             507  no space left to write anything
    └── ProviderError        502  an upstream model failed
        ├── ProviderUnreachable   no connection, or it broke before an answer
        ├── ProviderTimeout  504  in phase connect, first_token, silence or total
        ├── ProviderRefused       it rejected our key or our request
        ├── ProviderOverloaded    429 or 503 from upstream
        ├── ProviderCutOff        the stream ended without a final event
        ├── EmptyAnswer           the answer ended without any text
        ├── ProviderGarbage       the response violates the protocol
        ├── ContextTooLong        the prompt exceeds the context window
        ├── ModelUnavailable      the model is gone or disabled
        └── ProviderRemoved       an admin removed the provider during the answer

`message_key` names an entry of the i18n catalogs, filled in with `params`. An upstream's own
error text goes into params["detail"], as one truncated line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ClassVar

from llm_ui.enums import FinishReason

DETAIL_LIMIT = 300


def one_line(text: str, limit: int = DETAIL_LIMIT) -> str:
    """Untrusted text as a single printable line of at most `limit` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


class AppError(Exception):
    """Base class: every subclass sets a code, a status and a message key.

    Args:
        params: values for the message's placeholders; plain JSON values only.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    message_key: str = "error.internal"

    def __init__(self, message_key: str | None = None, **params: Any) -> None:
        if message_key is not None:
            self.message_key = message_key
        self.params: dict[str, Any] = params
        super().__init__(f"{self.code}: {self.message_key} {params or ''}".strip())


class ConfigError(AppError):
    """A setting is invalid: `sentence` says which one and what it accepts."""

    code = "config"

    def __init__(self, sentence: str) -> None:
        super().__init__("error.config", sentence=sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class InvalidInput(AppError):
    """The input is invalid. `field` names the invalid part and `what` says how it is invalid;
    `others` are further problems, and `more` counts those that are not listed."""

    code = "invalid_input"
    status = 422
    message_key = "error.invalid_input"
    what = "invalid"
    others: tuple[InvalidInput, ...] = ()
    more: int = 0

    def __init__(self, message_key: str, *, field: str | None = None, **params: Any) -> None:
        super().__init__(message_key, **params)
        self.field = field


def not_one_of(field: str, accepted: Iterable[str], *, each: bool = False) -> InvalidInput:
    """The error for a value that must be one of `accepted`; `each` if it is a list of such
    values."""
    key = "error.field_choices" if each else "error.field_choice"
    error = InvalidInput(key, field=field, name=field, accepted=", ".join(accepted))
    error.what = "not_one_of"
    return error


class Refusals:
    """Collects the errors of independent checks, so that the caller gets them all at once; for each
    field only the first is kept.

        refusals = Refusals()
        with refusals:
            name = clean_name(given)
        with refusals:
            icon = clean_icon(chosen)
        refusals.done()
    """

    def __init__(self) -> None:
        self._found: list[InvalidInput] = []

    def __enter__(self) -> None:
        """Begin a check."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if not isinstance(error, InvalidInput):
            return False
        known = {each.field for each in self._found}
        self._found += [each for each in (error, *error.others) if each.field not in known]
        return True

    def done(self) -> None:
        """Raise InvalidInput if anything was refused."""
        if self._found:
            first, *others = self._found
            first.others = tuple(others)
            raise first


class UnknownField(InvalidInput):
    """A field that does not exist. `nearest` is the one that was probably meant, `known` are all
    that exist."""

    code = "unknown_field"
    what = "unknown_field"

    def __init__(self, field: str, nearest: str | None, known: Iterable[str]) -> None:
        names = ", ".join(known)
        key = f"error.{self.code}" if names else f"error.{self.code}_none"
        super().__init__(key, field=field, name=field, nearest=nearest or "", known=names)
        self.nearest = nearest


class UnknownParameter(UnknownField):
    code = "unknown_parameter"
    what = "unknown_parameter"


class BadJson(InvalidInput):
    """A body that is not valid JSON; `position` is the number of characters before the error."""

    code = "bad_json"
    what = "bad_json"

    def __init__(self, position: int | None = None, line: int = 0, column: int = 0) -> None:
        key = "error.bad_json" if position is None else "error.bad_json_at"
        super().__init__(key, field="body", line=line, column=column)
        self.position = position


class IdempotencyMismatch(InvalidInput):
    code = "idempotency_mismatch"

    def __init__(self, field: str = "Idempotency-Key") -> None:
        super().__init__("error.idempotency_mismatch", field=field)


class NotAuthenticated(AppError):
    code = "not_authenticated"
    status = 401
    message_key = "error.not_authenticated"


class InvalidCredentials(NotAuthenticated):
    code = "invalid_credentials"
    message_key = "error.invalid_credentials"


class NotAllowed(AppError):
    code = "not_allowed"
    status = 403
    message_key = "error.not_allowed"


class KeyScope(NotAllowed):
    """The API key lacks a permission that its owner has. `needed` is the scope it would take, or
    None if no scope allows it; `has` are the key's scopes."""

    code = "key_scope"
    message_key = "error.key_scope"

    def __init__(self, needed: str | None, has: Iterable[str], why: str | None = None) -> None:
        self.needed, self.has = needed, sorted(has)
        names = ", ".join(self.has)
        key = None if needed else why or "error.key_scope_none"
        super().__init__(key, needed=needed, has=names)


class AccountDisabled(NotAllowed):
    code = "account_disabled"
    message_key = "error.account_disabled"


class CsrfRefused(NotAllowed):
    code = "csrf_refused"
    message_key = "error.csrf_refused"


class PasswordNeeded(NotAllowed):
    code = "password_needed"
    message_key = "error.password_needed"


class NotFound(AppError):
    """`field` is the part of the request that names the missing thing, if that is not the URL."""

    code = "not_found"
    status = 404
    message_key = "error.not_found"

    def __init__(
        self, message_key: str | None = None, *, field: str | None = None, **params: Any
    ) -> None:
        super().__init__(message_key or ("error.not_found_in" if field else None), **params)
        self.field = field


@contextmanager
def named_by(field: str) -> Iterator[None]:
    """Add to any NotFound raised in this block the part of the request that named the thing."""
    try:
        yield
    except NotFound as error:
        if error.field is None:
            error.field = field
            if error.message_key == NotFound.message_key:
                error.message_key = "error.not_found_in"
        raise


class WrongMethod(AppError):
    code = "wrong_method"
    status = 405
    message_key = "error.wrong_method"

    def __init__(self, method: str = "", allowed: str = "") -> None:
        super().__init__(method=method, allowed=allowed)


class TooSlow(AppError):
    code = "too_slow"
    status = 408
    message_key = "error.too_slow"


class Conflict(AppError):
    code = "conflict"
    status = 409
    message_key = "error.conflict"


class IdempotencyBusy(Conflict):
    code = "idempotency_busy"
    message_key = "error.idempotency_busy"


class IdempotencyUnkept(Conflict):
    code = "idempotency_unkept"
    message_key = "error.idempotency_unkept"


class StillReading(Conflict):
    """`retry_after` is in whole seconds."""

    code = "file_waiting"
    message_key = "error.file_waiting"
    retry_after = 5


class AlreadyRegistered(Conflict):
    code = "already_registered"
    message_key = "error.already_registered"


class Changed(AppError):
    """`etag` and `now` describe the current state."""

    code = "changed"
    status = 412
    message_key = "error.changed"

    def __init__(self, etag: str, now: Mapping[str, Any]) -> None:
        super().__init__()
        self.etag = etag
        self.now = now


class TooLarge(AppError):
    code = "too_large"
    status = 413
    message_key = "error.too_large"


class HeadersTooLarge(AppError):
    code = "headers_too_large"
    status = 431
    message_key = "error.headers_too_large"


class UnknownHost(AppError):
    code = "unknown_host"
    status = 421
    message_key = "error.unknown_host"


class UnsupportedType(AppError):
    code = "unsupported_type"
    status = 415
    message_key = "error.unsupported_type"


class TooManyRequests(AppError):
    """`retry_after` is in whole seconds."""

    code = "too_many_requests"
    status = 429
    message_key = "error.too_many_requests"

    def __init__(self, retry_after: int, message_key: str | None = None, **params: Any) -> None:
        super().__init__(message_key, retry_after=retry_after, **params)
        self.retry_after = retry_after


class DatabaseAway(AppError):
    code = "database_away"
    status = 503
    message_key = "error.database_away"


class DiskFull(AppError):
    code = "disk_full"
    status = 507
    message_key = "error.disk_full"


class ProviderError(AppError):
    """An upstream model failed.

    Args:
        detail: the upstream's own error text, if any; untrusted.
        provider: its name, if known; `named` can add it later.
    """

    code = "provider_error"
    status = 502
    message_key = "error.provider"

    def __init__(self, detail: str = "", **params: Any) -> None:
        given = {"detail": one_line(detail), "provider": "", "model": "", **params}
        super().__init__(None, **given)

    def named(self, provider: str, model: str) -> None:
        """Add the provider and model to the error, if not known yet."""
        for name, value in (("provider", provider), ("model", model)):
            self.params[name] = self.params[name] or value

    @property
    def detail(self) -> str:
        return str(self.params.get("detail", ""))


class ProviderUnreachable(ProviderError):
    code = "provider_unreachable"
    message_key = "error.provider_unreachable"


class ProviderTimeout(ProviderError):
    """`phase` is connect, first_token, silence or total; `seconds` is that phase's limit."""

    code = "provider_timeout"
    status = 504
    message_key = "error.provider_timeout"

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__("", phase=phase, seconds=round(seconds, 1))
        self.message_key = f"error.provider_timeout_{phase}"
        self.phase = phase


class ProviderRefused(ProviderError):
    code = "provider_refused"
    message_key = "error.provider_refused"


class ProviderOverloaded(ProviderError):
    """The upstream is overloaded, or this account has reached a limit.

    Args:
        is_limit: the upstream reported a rate limit.
        seconds: when to retry, if the upstream says so.
    """

    code = "provider_overloaded"
    status = 503
    message_key = "error.provider_overloaded"

    def __init__(
        self, detail: str = "", *, is_limit: bool = False, seconds: int = 0, **params: Any
    ) -> None:
        super().__init__(detail, **params, **({"seconds": seconds} if seconds else {}))
        if is_limit:
            self.message_key = "error.provider_rate_limited"
        if seconds:
            self.message_key += "_in"
        elif self.detail:
            self.message_key += "_said"


class ProviderCutOff(ProviderError):
    code = "provider_cut_off"
    message_key = "error.provider_cut_off"


class ProviderGarbage(ProviderError):
    code = "provider_garbage"
    message_key = "error.provider_garbage"


class EmptyAnswer(ProviderError):
    """`reason` is why the model stopped: "length", "content_filter" and "tool" have messages of
    their own."""

    code = "empty_answer"
    message_key = "error.empty_answer"

    def __init__(self, reason: FinishReason = FinishReason.STOP) -> None:
        super().__init__()
        if reason in (FinishReason.LENGTH, FinishReason.CONTENT_FILTER, FinishReason.TOOL):
            self.message_key = f"error.empty_answer_{reason}"


class ContextTooLong(ProviderError):
    code = "context_too_long"
    status = 422
    message_key = "error.context_too_long"


class ModelUnavailable(ProviderError):
    code = "model_unavailable"
    status = 409
    message_key = "error.model_unavailable"


class ProviderRemoved(ProviderError):
    code = "provider_removed"
    status = 409
    message_key = "error.provider_removed"
