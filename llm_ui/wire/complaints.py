"""Extracting the error message from a model server's response, in any format.

There is no standard. The formats handled here were sent by real servers and the proxies in front of
them: an `error` that is an object, a string or a list, custom fields next to it, validation errors,
and any of these inside a response with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from llm_ui.wire.fields import count, fit

# Fields that hold the message, most specific first.
_WORDS = (
    "message",
    "msg",
    "error_message",
    "error_msg",
    "errorMessage",
    "status_msg",
    "detail",
    "details",
    "description",
    "error_description",
    "reason",
    "title",
    "faultstring",
    "Message",
)
_WITHIN = ("error", "errors", "err", "fault", "base_resp", "response", "body", "exception")
_KINDS = ("type", "code", "status", "error_type", "error_code", "status_code", "name")
# Each of these alone makes an object an error, if it is not empty.
_TELLING = ("error", "errors", "error_message", "error_msg", "errorMessage", "error_type", "fault")
_CODES = ("code", "status", "status_code", "statusCode", "error_code")
_FINE = frozenset({"ok", "success", "succeeded", "successful"})
_LEAST_BAD_CODE = 400
_DEEPEST = 6
_MOST_IN_A_LIST = 3

_SECRET = re.compile(
    r"\b(?:(?:sk|pk|rk|gsk|xai|key|hf|nvapi|pplx|tgp)[-_]|AIza)[A-Za-z0-9_*-]{8,}"
    r"|(?<=[Bb]earer )[^\s\"',;]{6,}"
)
_ADDRESS = re.compile(
    r"\b[a-z][a-z+.-]{1,12}://[^\s\"'<>)\]}]+"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b|\blocalhost:\d{1,5}\b"
    r"|\[[0-9a-f:]{2,39}\]:\d{1,5}",
    re.IGNORECASE,
)
_BLOT = "•••"


def blotted(text: str) -> str:
    """Untrusted text with everything masked that looks like a key or an address."""
    return _ADDRESS.sub(_BLOT, _blot_secrets(fit(text)))


def _blot_secrets(text: str) -> str:
    # A long word alone is not a key; keys contain digits, or asterisks where they were masked.
    return _SECRET.sub(lambda found: _BLOT if re.search(r"[\d*]", found[0]) else found[0], text)


def complains(value: dict[str, Any]) -> bool:
    """Whether an object received in place of a piece of the answer reports an error."""
    if any(_holds(value.get(name)) for name in _TELLING):
        return True
    if "error" in (value.get("type"), value.get("object"), value.get("status")):
        return True
    if type(value.get("detail")) in (str, list, dict) and value["detail"]:
        return True
    said = value.get("message", value.get("msg"))
    if _is_bad(value.get("base_resp")) or value.get("success") is False:
        return True
    if type(said) is str and said.lower() in _FINE:
        return False
    if any((count(value.get(name)) or 0) >= _LEAST_BAD_CODE for name in _CODES):
        return True
    # A textual error code next to a message.
    return type(said) is str and bool(said) and type(value.get("code")) is str


def _holds(value: object) -> bool:
    if type(value) is dict:
        return any(_holds(each) for each in value.values())
    return bool(value)


def _is_bad(answer: object) -> bool:
    return type(answer) is dict and bool(count(answer.get("status_code")))


def words_in(value: object) -> tuple[str, tuple[str, ...]]:
    """The message of an error in any format, masked ("" if there is none), and the error types and
    codes it contains, as strings."""
    kinds: list[str] = []
    sentences = list(_sentences(value, kinds, 0))
    return blotted("; ".join(dict.fromkeys(sentences))[:2000]), tuple(kinds)


def _sentences(value: object, kinds: list[str], depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if type(value) is str:
        yield from _read_text(value, kinds, depth)
    elif type(value) is list:
        for each in value[:_MOST_IN_A_LIST]:
            yield from _sentences(each, kinds, depth + 1)
    elif type(value) is dict:
        yield from _read_object(value, kinds, depth)


def _read_text(value: str, kinds: list[str], depth: int) -> Iterator[str]:
    """Read a string; proxies embed the JSON they received in a string of their own."""
    if value.lstrip()[:1] in ("{", "["):
        try:
            inner = list(_sentences(orjson.loads(value), kinds, depth + 1))
        except ValueError:
            inner = []
        if inner:
            yield from inner
            return
    if value.strip():
        yield value.strip()


def _read_object(value: dict[str, Any], kinds: list[str], depth: int) -> Iterator[str]:
    kinds += [
        str(value[name])[:100]
        for name in _KINDS
        if type(value.get(name)) in (str, int) and value[name] != "error"
    ]
    said = False
    inside = [name for name in _WITHIN if type(value.get(name)) in (dict, list)]
    for name in (*inside, *_WORDS, *_WITHIN):
        inner = value.get(name)
        if inner and (found := list(_sentences(inner, kinds, depth + 1))):
            said = True
            yield _placed(found[0], value)
            yield from found[1:]
            break
    metadata = value.get("metadata")
    if type(metadata) is dict and metadata.get("raw"):
        # OpenRouter's own message only says that the provider returned an error.
        yield from _sentences(metadata["raw"], kinds, depth + 1)
    elif not said and type(kind := value.get("error_type")) is str:
        yield kind


def _placed(sentence: str, value: dict[str, Any]) -> str:
    """Prefix FastAPI's location in the request: {"loc": ["body", "temperature"], "msg": …}."""
    place = value.get("loc")
    if type(place) is not list:
        return sentence
    return f"{'.'.join(str(each) for each in place[-3:] if each != 'body')}: {sentence}"
