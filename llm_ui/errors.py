"""Every error the application raises on purpose.

    AppError                      code, HTTP status, message key, parameters
    ├── ConfigError               a setting is wrong; the start stops
    ├── InvalidInput         422  what was sent cannot be used; names the field
    │   ├── UnknownField          there is no such field, perhaps another one is meant
    │   ├── UnknownParameter      the same of a query
    │   ├── BadJson               the body is no JSON
    │   └── IdempotencyMismatch   the idempotency key was that of something else
    ├── NotAuthenticated     401  nobody is signed in
    │   └── InvalidCredentials    e-mail and password do not fit together
    ├── NotAllowed           403  signed in, but not for this
    │   ├── KeyScope              the API key may not, though its owner may
    │   ├── AccountDisabled       the right password, and an account that is switched off
    │   ├── CsrfRefused           a cookie call without its CSRF token
    │   └── PasswordNeeded        the password has to be typed once more for this
    ├── NotFound             404  missing, or not yours: nobody can tell which
    ├── WrongMethod          405  the route is there, and takes another method
    ├── TooSlow              408  what was announced did not come
    ├── Conflict             409  the thing is not in the state this needs
    │   ├── StillReading          a file's text is still being read
    │   ├── IdempotencyBusy       the same call is being done at this moment
    │   └── AlreadyRegistered
    ├── Changed              412  somebody else has changed it first; says how it is now
    ├── TooLarge             413
    ├── UnsupportedType      415  the body says that it is something else than JSON
    ├── UnknownHost          421  called under a name that is not this server's
    ├── TooManyRequests      429  carries retry_after, in seconds
    ├── DatabaseAway         503  the database does not answer, or takes too long
    ├── DiskFull             507  there is no room left to write anything
    └── ProviderError        502  an upstream model did not do its part
        ├── ProviderUnreachable   no connection, or it broke before an answer
        ├── ProviderTimeout  504  which of: connect, first_token, silence, total
        ├── ProviderRefused       it rejected our key or our request
        ├── ProviderOverloaded    429 or 503 upstream
        ├── ProviderCutOff        the stream ended without saying that it is done
        ├── EmptyAnswer           it ended without a word
        ├── ProviderGarbage       what it sent is not its protocol
        ├── ContextTooLong        the prompt does not fit into the context window
        ├── ModelUnavailable      the model is gone, or switched off
        └── ProviderRemoved       an admin removed the provider during the answer

`message_key` names an entry of the i18n catalogues; `params` fill it in. The
text of an upstream's own error goes into params["detail"], cut to one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

DETAIL_LIMIT = 300


def one_line(text: str, limit: int = DETAIL_LIMIT) -> str:
    """Text from outside as a single printable line of at most `limit` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


class AppError(Exception):
    """The root: every subclass fixes a code, a status and a message key.

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
    """A setting is wrong: `sentence` says which one and what it accepts."""

    code = "config"

    def __init__(self, sentence: str) -> None:
        super().__init__("error.config", sentence=sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class InvalidInput(AppError):
    """What was sent cannot be used. `field` names the part that is wrong, `what` is a word for
    how; `others` are what is wrong beside it."""

    code = "invalid_input"
    status = 422
    message_key = "error.invalid_input"
    what = "invalid"
    others: tuple[InvalidInput, ...] = ()

    def __init__(self, message_key: str, *, field: str | None = None, **params: Any) -> None:
        super().__init__(message_key, **params)
        self.field = field


class UnknownField(InvalidInput):
    """A field that there is not. `nearest` is the one that is probably meant, `known` are all
    that there are."""

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
    """A body that is no JSON; `position` counts the characters before what is wrong."""

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
    """An API key may not do what its owner may. `needed` is the scope that would, None where
    none does; `has` are those of the key."""

    code = "key_scope"
    message_key = "error.key_scope"

    def __init__(self, needed: str | None, has: Iterable[str]) -> None:
        self.needed, self.has = needed, sorted(has)
        names = ", ".join(self.has)
        super().__init__(None if needed else "error.key_scope_none", needed=needed, has=names)


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
    code = "not_found"
    status = 404
    message_key = "error.not_found"


class WrongMethod(AppError):
    code = "wrong_method"
    status = 405
    message_key = "error.wrong_method"


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


class StillReading(Conflict):
    """`retry_after` is in whole seconds."""

    code = "file_waiting"
    message_key = "error.file_waiting"
    retry_after = 5


class AlreadyRegistered(Conflict):
    code = "already_registered"
    message_key = "error.already_registered"


class Changed(AppError):
    """`etag` and `now` are how the thing is by now."""

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
    """An upstream model did not do its part.

    Args:
        detail: the upstream's own words, if it had any; untrusted text.
        provider: its name, where it is known; `named` gives it later.
    """

    code = "provider_error"
    status = 502
    message_key = "error.provider"

    def __init__(self, detail: str = "", **params: Any) -> None:
        given = {"detail": one_line(detail), "provider": "", "model": "", **params}
        super().__init__(None, **given)

    def named(self, provider: str, model: str) -> None:
        """Say whose failure it is, where that is not known yet."""
        for name, value in (("provider", provider), ("model", model)):
            self.params[name] = self.params[name] or value

    @property
    def detail(self) -> str:
        return str(self.params.get("detail", ""))


class ProviderUnreachable(ProviderError):
    code = "provider_unreachable"
    message_key = "error.provider_unreachable"


class ProviderTimeout(ProviderError):
    """`phase` is one of connect, first_token, silence, total; `seconds` the limit."""

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
    """It can do no more now, or no more for this account.

    Args:
        is_limit: it counts requests, and these were too many.
        seconds: when it may be asked again, where it says so.
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
    """`reason` is why the model ended: "length", "content_filter" and "tool" have words of
    their own."""

    code = "empty_answer"
    message_key = "error.empty_answer"

    def __init__(self, reason: str = "stop") -> None:
        super().__init__()
        if reason in ("length", "content_filter", "tool"):
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
