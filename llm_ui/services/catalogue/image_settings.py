"""The image settings of a model, stored in `AIModel.default_params` without unset ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llm_ui.errors import InvalidInput
from llm_ui.providers.base import MOST_IMAGES
from llm_ui.providers.registry import TYPES

SETTINGS = tuple(dict.fromkeys(name for each in TYPES.values() for name in each.image_settings))
_SIZE = re.compile(r"auto|[1-9]\d{1,4}x[1-9]\d{1,4}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def accepted_by(provider_type: str) -> list[str]:
    """The names of the settings that this provider type accepts."""
    return list(TYPES[provider_type].image_settings)


def for_provider(settings: Mapping[str, Any], provider_type: str) -> dict[str, Any]:
    """The settings that the provider accepts."""
    accepted = accepted_by(provider_type)
    return {name: value for name, value in settings.items() if name in accepted}


def clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """Validated settings for storage; "", 0 and None leave the choice to the provider.

    `given` may only contain SETTINGS. Raises InvalidInput, which names the wrong one.
    """
    return {
        name: _count(value) if name == "n" else _word(name, value)
        for name, value in given.items()
        if value not in (None, "", 0)
    }


def _count(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not 1 <= value <= MOST_IMAGES:
        raise InvalidInput("error.media_count", field="n", limit=MOST_IMAGES)
    return int(value)


def _word(name: str, value: Any) -> str:
    fits = _SIZE if name == "size" else _WORD
    if not isinstance(value, str) or not fits.fullmatch(value.strip()):
        raise InvalidInput(f"error.media_{name}", field=name)
    return value.strip()


def from_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """Settings from a form's texts, not yet validated."""
    found: dict[str, Any] = {name: fields[name] for name in SETTINGS if name in fields}
    count = found.get("n", "").strip()
    # Anything else, including zero, is left for `clean` to reject with the limit.
    if count.isascii() and count.isdigit() and len(count) < 6 and int(count):
        found["n"] = int(count)
    return found
