"""What stands in the details of a log row, as people read it: labels, prices, days, names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from llm_ui.i18n import catalogue, translate

MICRO = 1_000_000
KB = 1000
UNITS = ("B", "kB", "MB", "GB")
# A field whose values are words of a list has them in the catalogues under this.
_WORDS = {
    "role": "people.role.",
    "scopes": "keys_api.scope.",
    "visibility": "models.visible.",
    "registration": "people.registration.",
    "reason": "providers.reason.",
    "code": "log.code.",
    "type": "admin.type.",
    "kind": "jobs.kind.",
}
_PARTS = ("settings.", "media.", "providers.timeout.", "log.field.")
# Whose zero means that nothing is limited.
_FOR_EVER = {"log_days", "metric_days"}


def label(name: str, language: str) -> str:
    """What a field is called; one that we have no word for, in words all the same."""
    key = f"log.field.{name}"
    return translate(key, language) if key in catalogue("en") else _readable(name)


def raw(text: str) -> Any:
    """A fact's value as it was, from its text: facts are told as strings."""
    if text == "–":
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def shown(name: str, value: Any, language: str, currency: str = "") -> str:
    """A value of this field as a person of this language reads it."""
    if value is None or value in ("", [], {}):
        return translate("log.not_set", language)
    if isinstance(value, bool):
        return translate("log.value.yes" if value else "log.value.no", language)
    if isinstance(value, list):
        return ", ".join(shown(name, each, language) for each in value)
    if isinstance(value, dict):
        return ", ".join(
            f"{_part(part, language)}: {shown(part, each, language)}"
            for part, each in value.items()
        )
    if isinstance(value, (int, float)):
        return _number_of(name, value, language, currency)
    return _text_of(name, str(value), language)


def _part(name: str, language: str) -> str:
    known = catalogue("en")
    key = next((start + name for start in _PARTS if start + name in known), "")
    return translate(key, language) if key else _readable(name)


def _text_of(name: str, value: str, language: str) -> str:
    known = catalogue("en")
    for key in (_WORDS.get(name, "log.value.") + value, f"log.value.{value}"):
        if key in known:
            return translate(key, language).rstrip(".")
    if name in ("valid_from", "expires"):
        return moment(value, language)
    return _readable(value) if name in _WORDS else value


def _number_of(name: str, value: float, language: str, currency: str) -> str:
    makers: dict[str, Callable[[], str]] = {
        "latency_ms": lambda: f"{number(value, language)} ms",
        "bytes": lambda: size(value, language),
    }
    if name.endswith("_micro"):
        return amount(value, currency, language)
    if name in _FOR_EVER and not value:
        return translate("log.keep_always", language)
    return makers.get(name, lambda: number(value, language))()


def number(value: float, language: str) -> str:
    """12,345.6 the way the language writes it."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def size(value: float, language: str) -> str:
    """1.2 MB."""
    power = next((n for n in range(3) if value < KB ** (n + 1)), 3)
    scaled = round(value / KB**power, 1)
    return f"{number(int(scaled) if scaled.is_integer() else scaled, language)} {UNITS[power]}"


def amount(micro: float, currency: str, language: str) -> str:
    """0.15 USD, with all the decimals that it was given and two at least."""
    text = f"{micro / MICRO:.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    point = "," if language == "de" else "."
    return f"{whole}{point}{decimals:0<2} {currency}".strip()


def moment(iso: str, language: str) -> str:
    """2026-12-01 or 1.12.2026, with the time in UTC where it has one."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    day = f"{at.day}.{at.month}.{at.year}" if language == "de" else at.date().isoformat()
    return f"{day}, {at:%H:%M} UTC" if "T" in iso else day


def _readable(name: str) -> str:
    words = name.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]
