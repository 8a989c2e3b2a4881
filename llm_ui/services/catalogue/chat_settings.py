"""The settings of a chat: its instructions and sampling parameters.

Stored in `ChatHistory.settings`, without unset ones. Parameters that the chosen model's provider
doesn't accept are kept but not sent (`for_provider`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from llm_ui.errors import InvalidInput, Refusals, UnknownField, one_line
from llm_ui.providers.registry import TYPES
from llm_ui.schemas.chats.views import SettingsView
from llm_ui.security.text import storable

PROMPT_LIMIT = 20_000
STOPS, STOP_LIMIT = 4, 100
# Whether the chat's instructions are added to its project's or replace them.
ADD, REPLACE = "add", "replace"
# All settings that at least one provider type accepts.
SETTINGS = tuple(dict.fromkeys(name for each in TYPES.values() for name in each.settings))
EFFORTS = ("minimal", "low", "medium", "high")


def accepted_by(provider_type: str) -> list[str]:
    """The names of the settings that this provider type accepts."""
    return list(TYPES[provider_type].settings)


def for_provider(settings: Mapping[str, Any], provider_type: str) -> dict[str, Any]:
    """The sampling parameters among the settings that the provider accepts."""
    accepted = TYPES[provider_type].settings
    return {name: value for name, value in settings.items() if name in accepted}


# --- checking ----------------------------------------------------------------------------


def _refuse(name: str) -> InvalidInput:
    return InvalidInput(f"error.setting_{name}", field=name)


def _number(name: str, low: float, high: float, *, whole: bool) -> Callable[[Any], float | int]:
    def check(value: Any) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refuse(name)
        if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
            raise _refuse(name)
        return int(value) if whole else float(value)

    return check


def _prompt(value: Any) -> str:
    text = storable(value).strip() if isinstance(value, str) else None
    if text is None or len(text) > PROMPT_LIMIT:
        raise _refuse("system_prompt")
    return text


def _stop(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _refuse("stop")
    found = [storable(each) for each in value if each]
    if len(found) > STOPS or any(len(each) > STOP_LIMIT for each in found):
        raise _refuse("stop")
    return found


def _effort(value: Any) -> str:
    if value not in EFFORTS:
        raise _refuse("reasoning_effort")
    return str(value)


def _combine(value: Any) -> str:
    if value not in (ADD, REPLACE):
        raise _refuse("instructions")
    # Adding is the default and isn't stored.
    return REPLACE if value == REPLACE else ""


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "system_prompt": _prompt,
    "instructions": _combine,
    "temperature": _number("temperature", 0, 2, whole=False),
    "top_p": _number("top_p", 0, 1, whole=False),
    "max_tokens": _number("max_tokens", 1, 1_000_000, whole=True),
    "stop": _stop,
    "seed": _number("seed", 0, 2**31 - 1, whole=True),
    "reasoning_effort": _effort,
}


def clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """Validated settings for storage, without empty ones.

    Raises:
        InvalidInput: a name is unknown, or a value is out of range.
    """
    found: dict[str, Any] = {}
    refusals = Refusals()
    for name, value in given.items():
        if name not in _CHECKS:
            raise UnknownField(one_line(name, 40), None, _CHECKS)
        if value is None or value in ("", [], ()):
            continue
        with refusals:
            checked = _CHECKS[name](value)
            if checked not in ("", []):
                found[name] = checked
    refusals.done()
    if "system_prompt" not in found:
        # Without instructions of its own, the chat has nothing to replace others with.
        found.pop("instructions", None)
    return found


# --- the page's form -----------------------------------------------------------------------


def from_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Validated settings from a form's texts.

    Numbers may have a decimal point or comma; stop sequences are one per line. Unknown fields are
    rejected. Raises InvalidInput.
    """
    values: dict[str, Any] = {}
    for name, text in fields.items():
        if text is None and name in _CHECKS:
            # The field is hidden because the model's provider doesn't accept it.
            continue
        if not isinstance(text, str):
            raise UnknownField(one_line(name, 40), None, _CHECKS)
        if name == "stop":
            values[name] = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        elif name in ("temperature", "top_p", "max_tokens", "seed"):
            values[name] = _typed_number(name, text.strip())
        else:
            values[name] = text
    return clean(values)


def _typed_number(name: str, text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise _refuse(name) from None


def texts_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as texts by name; stop sequences one per line."""
    return {
        name: "\n".join(value) if isinstance(value, list) else str(value)
        for name, value in settings.items()
        if name in _CHECKS
    }


def view_of(settings: Mapping[str, Any]) -> SettingsView:
    """Settings as shown in the form."""
    texts = texts_of(settings)
    return SettingsView(**texts, count=len(texts) - ("instructions" in texts))
