"""Lenient reading of JSON from model servers, which may send anything.

Only the text of an answer may make the answer fail: a field of the wrong type counts as missing, an
odd number is parsed if possible, and malformed JSON is read leniently. Only data that is not JSON
at all raises ProviderGarbage.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from llm_ui.errors import ProviderGarbage

# Far beyond any answer or context; anything larger is a mistake and fits no column.
MOST_TOKENS = 1_000_000_000
_MOST = 2**53
_NUMBER = re.compile(r"\s*\+?(\d{1,20}(?:[_,]\d{3}){0,6}(?:\.\d{0,20})?(?:[eE]\+?\d{1,2})?)\s*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"


def json_chunk(data: bytes) -> Any:
    """Parse one chunk of a stream. A lone surrogate is kept: its other half may come with the next
    chunk.

    orjson is strict and fast. Some servers send NaN, lone surrogates, or bytes that are not UTF-8;
    Python's own parser accepts those. NaN and infinities count as missing.

    Raises:
        ProviderGarbage: not JSON at all.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            written = data.removeprefix(_BOM).decode(errors="replace")
            return json.loads(written, parse_constant=_nothing, strict=False)
        except (ValueError, RecursionError):
            raise ProviderGarbage(f"not JSON: {error}") from None


def json_value(data: bytes) -> Any:
    """Parse `data`; all strings in it can be stored. Raises ProviderGarbage."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return _storable(json_chunk(data))
        except RecursionError:
            raise ProviderGarbage("nested too deeply") from None


def json_object(data: bytes) -> dict[str, Any]:
    """Parse an object; see `json_value`. Raises ProviderGarbage."""
    value = json_value(data)
    if type(value) is not dict:
        raise ProviderGarbage("not a JSON object")
    return value


def _nothing(_: str) -> None:
    return None


def _storable(value: Any) -> Any:
    if type(value) is str:
        return fit(value)
    if type(value) is list:
        return [_storable(each) for each in value]
    if type(value) is dict:
        return {fit(name): _storable(each) for name, each in value.items()}
    return value


def mended(text: str) -> str:
    """The text with surrogate pairs joined; a lone surrogate becomes U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def fit(text: str) -> str:
    """The text without what no database stores: NUL and lone surrogates become U+FFFD."""
    return mended(text).replace("\0", "\ufffd")


def text(value: object) -> str:
    """The value if it is a string, else ""."""
    return value if type(value) is str else ""


def count(value: object) -> int | None:
    """A count, in any notation; None for anything else."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else None
    if type(value) is str:
        number = _NUMBER.fullmatch(value[:64])
        value = float(re.sub("[_,]", "", number[1])) if number else None
    if type(value) is float and math.isfinite(value) and 0 <= value <= _MOST:
        return int(value)
    return None


def tokens(value: object) -> int | None:
    """A number of tokens, in any notation; None for anything else."""
    number = count(value)
    return number if number is not None and number <= MOST_TOKENS else None


def size(value: object) -> int | None:
    """A positive number of tokens, such as a context window; None for anything else."""
    return tokens(value) or None


def child(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if type(value) is dict else {}


def items(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none for anything else."""
    if type(value) is dict:
        return [value]
    return [item for item in value if type(item) is dict] if type(value) is list else []


def listed(value: object, *names: str) -> list[dict[str, Any]]:
    """The entries of a model list: a bare list, or one in an object's `data` or `models`. An entry
    that is a mere name becomes {"id": name}.

    Args:
        names: the fields of the object that may hold the list, in order; the first one with any
            entries is used.

    Raises:
        ProviderGarbage: there is no list.
    """
    found = [value] if type(value) is list else _lists(child(value), names or ("data", "models"))
    for each in found:
        entries = [{"id": item} if type(item) is str else item for item in each]
        if known := items(entries):
            return known
    if not found or any(found):
        raise ProviderGarbage("not a list of models")
    return []


def _lists(holder: dict[str, Any], names: tuple[str, ...]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for name in names:
        value = holder.get(name)
        if type(value) is list:
            found.append(value)
        elif type(value) is dict:
            inner = [value[each] for each in names if type(value.get(each)) is list]
            found.append(inner[0] if inner else _named(value))
        elif value is None and name in holder:
            found.append([])
    return found


def _named(entries: dict[str, Any]) -> list[Any]:
    """One entry, or several keyed by name: {"model-a": {…}, …}."""
    if "id" in entries:
        return [entries]
    return [{"id": name, **each} for name, each in entries.items() if type(each) is dict]


def name_of(entry: dict[str, Any], *names: str) -> str:
    """The first of these fields that holds a name; "" if none does."""
    return next((name for field in names if (name := text(entry.get(field)).strip())), "")
