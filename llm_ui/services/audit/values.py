"""The details of a log row for display: labels, prices, days, names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from llm_ui.i18n import catalogue, formats, translate

MICRO = 1_000_000
# Fields whose values are translated, with the catalog keys they are under.
_WORDS = {
    "role": "users.role.",
    "scopes": "api_keys.scope.",
    "visibility": "models.visible.",
    "registration": "users.registration.",
    "reason": "providers.reason.",
    "code": "audit.code.",
    "type": "admin.type.",
    "kind": "jobs.kind.",
}
_PARTS = ("settings.", "media.", "providers.timeout.", "audit.field.")
# Fields where zero means no limit.
_FOR_EVER = {"log_days", "metric_days"}


def label(name: str, language: str) -> str:
    """A field's label; a field without a translation gets its name in words."""
    key = f"audit.field.{name}"
    return translate(key, language) if key in catalogue() else _readable(name)


def raw(text: str) -> Any:
    """A fact's original value, parsed from its text: facts are stored as strings."""
    if text == "–":
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def shown(name: str, value: Any, language: str, currency: str = "") -> str:
    """A value of this field, formatted in the reader's language."""
    if value is None or value in ("", [], {}):
        return translate("audit.not_set", language)
    if isinstance(value, bool):
        return translate("audit.value.yes" if value else "audit.value.no", language)
    if isinstance(value, list):
        return formats.listing([shown(name, each, language) for each in value], language)
    if isinstance(value, dict):
        parts = [
            f"{_part(part, language)}: {shown(part, each, language)}"
            for part, each in value.items()
        ]
        return formats.listing(parts, language)
    if isinstance(value, (int, float)):
        return _number_of(name, value, language, currency)
    return _text_of(name, str(value), language)


def _part(name: str, language: str) -> str:
    known = catalogue()
    key = next((start + name for start in _PARTS if start + name in known), "")
    return translate(key, language) if key else _readable(name)


def _text_of(name: str, value: str, language: str) -> str:
    known = catalogue()
    for key in (_WORDS.get(name, "audit.value.") + value, f"audit.value.{value}"):
        if key in known:
            return translate(key, language).rstrip(".")
    if name in ("valid_from", "expires"):
        return moment(value, language)
    return _readable(value) if name in _WORDS else value


def _number_of(name: str, value: float, language: str, currency: str) -> str:
    makers: dict[str, Callable[[], str]] = {
        "latency_ms": lambda: translate("time.ms", language, value=round(value)),
        "bytes": lambda: formats.size(value, language),
    }
    if name.endswith("_micro"):
        return amount(value, currency, language)
    if name in _FOR_EVER and not value:
        return translate("audit.keep_always", language)
    return makers.get(name, lambda: formats.number(value, language))()


def amount(micro: float, currency: str, language: str) -> str:
    """An amount such as "0.15 USD", with all of its decimals, at least two."""
    units = Decimal(round(micro)) / MICRO
    return f"{formats.amount(units, language)} {currency}".strip()


def moment(iso: str, language: str) -> str:
    """A date in the reader's language, with the time in UTC if it has one."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return formats.moment(at, language) if "T" in iso else formats.day(at, language)


def _readable(name: str) -> str:
    words = name.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]
