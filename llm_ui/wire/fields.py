"""Reading JSON from a model server, which may send anything.

An unknown field is ignored; a known one of the wrong type is ProviderGarbage.
"""

from __future__ import annotations

from typing import Any

import orjson

from llm_ui.errors import ProviderGarbage


def json_object(data: bytes) -> dict[str, Any]:
    """The object that `data` holds; orjson checks its UTF-8 too."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ProviderGarbage(f"not JSON: {error}") from None
    if type(value) is not dict:
        raise ProviderGarbage("not a JSON object")
    return value


def text(value: object, field: str) -> str:
    """A text; "" for null or a missing field."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise wrong(field, "a text")


def count(value: object, field: str) -> int | None:
    """A number of tokens; None for null or a missing field."""
    if value is None:
        return None
    if type(value) is int and value >= 0:
        return value
    raise wrong(field, "a number of tokens")


def child(value: object, field: str) -> dict[str, Any]:
    """An object; an empty one for null or a missing field."""
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise wrong(field, "an object")


def items(value: object, field: str) -> list[dict[str, Any]]:
    """A list of objects; an empty one for null or a missing field."""
    if value is None:
        return []
    if type(value) is list and all(type(item) is dict for item in value):
        return value
    raise wrong(field, "a list of objects")


def wrong(field: str, wanted: str) -> ProviderGarbage:
    """The error for a field of the wrong type."""
    return ProviderGarbage(f"{field} is not {wanted}")
