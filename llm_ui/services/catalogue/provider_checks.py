"""Validating providers, and parsing their forms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from llm_ui.errors import InvalidInput, Refusals, UnknownField, one_line
from llm_ui.schemas.catalogue.providers import AddressDraft, ProviderDraft
from llm_ui.security.ssrf import AddressRefused, checked_base_url
from llm_ui.security.text import storable

NAME_LIMIT = 100
KEY_LIMIT = 1000
HEADERS_LIMIT = 20
VALUE_LIMIT = 2000
LARGEST_LIMIT = 10_000
# The minimum and maximum of each timeout in seconds; the maximums are those of config.Settings.
TIMEOUTS: dict[str, tuple[float, float]] = {
    "connect": (0.1, 300.0),
    "first_token": (0.1, 3600.0),
    "silence": (0.1, 3600.0),
    "total": (1.0, 86_400.0),
}
# Placeholder in a form for a header value that is not shown.
HIDDEN = "••••••"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_KEY = re.compile(r"[\x21-\x7e]+")
# Headers that determine the host, the credentials or the message framing are reserved.
_RESERVED = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "host",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "content-length",
        "content-type",
        "content-encoding",
        "accept-encoding",
    }
)


def clean_name(name: str) -> str:
    """A name on one line. Raises InvalidInput."""
    cleaned = " ".join(storable(name).split())
    if not cleaned:
        raise InvalidInput("error.provider_name", field="name")
    if len(cleaned) > NAME_LIMIT:
        raise InvalidInput("error.provider_name_long", field="name", limit=NAME_LIMIT)
    return cleaned


def clean_address(url: str) -> str:
    """A server's URL, which may be private. Raises InvalidInput."""
    try:
        return checked_base_url(url.strip())
    except AddressRefused as refused:
        raise InvalidInput("error.provider_address", field="api_url", detail=str(refused)) from None


def clean_key(key: str) -> str:
    """A key that is valid in a header; "" for none. Raises InvalidInput."""
    cleaned = key.strip()
    if cleaned and (len(cleaned) > KEY_LIMIT or not _KEY.fullmatch(cleaned)):
        raise InvalidInput("error.provider_key", field="api_key")
    return cleaned


def clean_headers(
    headers: Mapping[str, str | None], stored: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Extra headers. A value of None keeps the stored one. Raises InvalidInput."""
    known = {name.lower(): value for name, value in (stored or {}).items()}
    cleaned: dict[str, str] = {}
    seen: set[str] = set()
    for name, given in headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in seen:
            raise InvalidInput("error.provider_header", field="headers", name=name[:100])
        if name.lower() in _RESERVED:
            raise InvalidInput("error.provider_header_reserved", field="headers", name=name)
        value = known.get(name.lower()) if given is None else given
        if value is None or len(value) > VALUE_LIMIT or not _VALUE.fullmatch(value):
            raise InvalidInput("error.provider_header_value", field="headers", name=name)
        seen.add(name.lower())
        cleaned[name] = value
    if len(cleaned) > HEADERS_LIMIT:
        raise InvalidInput("error.provider_headers_many", field="headers", limit=HEADERS_LIMIT)
    return cleaned


def clean_limit(limit: int) -> int | None:
    """The number of concurrent answers; None for 0. Raises InvalidInput."""
    if not 0 <= limit <= LARGEST_LIMIT:
        raise InvalidInput("error.provider_limit", field="limit", largest=LARGEST_LIMIT)
    return limit or None


def clean_timeouts(timeouts: Mapping[str, float]) -> dict[str, float]:
    """Timeouts in seconds. Raises InvalidInput, which names the wrong one."""
    cleaned: dict[str, float] = {}
    refusals = Refusals()
    for name, seconds in timeouts.items():
        with refusals:
            if name not in TIMEOUTS:
                raise UnknownField(one_line(name, 40), None, TIMEOUTS)
            least, most = TIMEOUTS[name]
            if not math.isfinite(seconds) or not least <= seconds <= most:
                raise InvalidInput("error.provider_seconds", field=name, least=least, most=most)
            cleaned[name] = float(seconds)
    refusals.done()
    return cleaned


# --- a form's texts -----------------------------------------------------------------------


def headers_from_text(text: str) -> dict[str, str | None]:
    """Parse lines of "Name: value"; the placeholder as value means the stored one.

    Raises:
        InvalidInput: a line is malformed, or a name occurs twice.
    """
    found: dict[str, str | None] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if not colon or name in found:
            raise InvalidInput("error.provider_header", field="headers", name=line.strip()[:100])
        found[name] = None if value == HIDDEN else value
    return found


def headers_as_text(names: list[str]) -> str:
    """Lines for headers, with placeholders for their values."""
    return "\n".join(f"{name}: {HIDDEN}" for name in names)


def number_from_text(text: str, field: str) -> float | None:
    """Parse a number with a decimal point or comma; None if empty."""
    if not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise InvalidInput("error.provider_number", field=field) from None


def limit_from_text(text: str) -> int:
    """The number of concurrent answers; 0 if empty. Raises InvalidInput."""
    number = number_from_text(text, "limit")
    if number is None:
        return 0
    if not math.isfinite(number) or number != int(number) or number < 1:
        raise InvalidInput("error.provider_limit", field="limit", largest=LARGEST_LIMIT)
    return int(number)


def draft_from_form(fields: Mapping[str, str], *, with_address: bool) -> ProviderDraft:
    """Parse the provider form.

    Args:
        fields: name, api_url, api_key, headers, limit, and seconds under the names of TIMEOUTS;
            `remove_key` and `offers_new_models` if those boxes are checked.
        with_address: False if address and key are configured in the environment.

    Raises:
        InvalidInput: names the field.
    """
    numbers = {name: number_from_text(fields.get(name, ""), name) for name in TIMEOUTS}
    return ProviderDraft(
        name=fields.get("name", ""),
        api_url=fields.get("api_url", "") if with_address else None,
        api_key=key_from_form(fields) if with_address else None,
        headers=headers_from_text(fields.get("headers", "")),
        limit=limit_from_text(fields.get("limit", "")),
        timeouts={name: number for name, number in numbers.items() if number is not None},
        offers_new_models="offers_new_models" in fields,
    )


def address_from_form(fields: Mapping[str, str]) -> AddressDraft:
    """Parse the form of a fallback address; see `draft_from_form`."""
    return AddressDraft(
        api_url=fields.get("api_url", ""),
        api_key=key_from_form(fields),
        headers=headers_from_text(fields.get("headers", "")),
    )


def key_from_form(fields: Mapping[str, str]) -> str | None:
    """The key that was entered; "" to remove the stored one, None to keep it."""
    typed = fields.get("api_key", "").strip()
    return typed or ("" if "remove_key" in fields else None)
