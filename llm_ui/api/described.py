"""What FastAPI cannot know of schemas and operations: words, moments, choices, who may call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llm_ui.api.words import CHOICES, FIELDS, LIMITS, PARAMETERS, PLACES
from llm_ui.auth import COOKIE, CSRF_HEADER

Document = dict[str, Any]
# Names of texts that are moments or days. A moment that never was is null.
MOMENTS = ("at", "since")
DAYS = ("day", "start", "end", "list_day", "valid_from")

SCHEMES: Document = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, made on the account page: `Authorization: Bearer llmui_…`",
    },
    "cookieAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The session of a browser that is signed in",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The session's token, beside the cookie, for calls that change something",
    },
}
HEADERS: Document = {
    "X-Request-ID": ("Names the call in the log", "5f0c2f6a9d1e4b7c"),
    "WWW-Authenticate": ("How to come in", 'Bearer realm="llm-ui"'),
    "Retry-After": ("Seconds to wait", "60"),
    "Content-Disposition": ("The name of the file", 'attachment; filename="usage.csv"'),
    "Allow": ("The methods that there are", "GET, HEAD, OPTIONS"),
}


def header(*names: str) -> Document:
    """These headers of an answer, as the document tells them."""
    return {
        name: {
            "description": HEADERS[name][0],
            "schema": {"type": "string"},
            "example": HEADERS[name][1],
        }
        for name in names
    }


def security(*, key: bool, changes: bool) -> list[Document]:
    """What lets a call in: a key, where one does, or a session; one that changes something
    needs its token too."""
    by_session: Document = {"cookieAuth": [], **({"csrf": []} if changes else {})}
    return [{"bearerAuth": []}, by_session] if key else [by_session]


# --- schemas ----------------------------------------------------------------------------------


def describe(schemas: dict[str, Document]) -> None:
    """Say of each field what it is, which texts it can be and whether it is a moment; give
    objects without fields of their own a name."""
    for owner, schema in list(schemas.items()):
        for name, field in schema.get("properties", {}).items():
            place = f"{owner}.{name}"
            if words := PLACES.get(place) or FIELDS.get(name):
                field.setdefault("description", words)
            for each in _parts(field):
                _type(each, name, place)
            if "format" in field and field.get("default") == "":
                del field["default"]
            _name_objects(schemas, owner, name, field)


def refers_to(schemas: dict[str, Document], start: Any) -> set[str]:
    """The names of the schemas that something of the document refers to, directly or not."""
    found: set[str] = set()
    waiting = list(_references(start))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(target := part.get("$ref"), str):
            yield target.rpartition("/")[2]
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def require_all(schema: Document) -> None:
    """An answer has all of its fields, whatever its type allows."""
    if fields := schema.get("properties"):
        schema["required"] = list(fields)
        for field in fields.values():
            field.pop("default", None)


def describe_parameter(parameter: Document) -> None:
    """Say what a parameter is."""
    name = parameter["name"]
    if words := PARAMETERS.get(name) or FIELDS.get(name):
        parameter.setdefault("description", words)


def _parts(field: Document) -> Iterator[Document]:
    """A field, its choices and what its lists hold."""
    yield field
    for each in field.get("anyOf", []):
        yield from _parts(each)
    if isinstance(field.get("items"), dict):
        yield from _parts(field["items"])


def _type(part: Document, name: str, place: str) -> None:
    kind = part.get("type")
    if kind == "string":
        if place in CHOICES:
            part["enum"] = list(CHOICES[place])
        elif name.endswith("_at") or name in MOMENTS:
            part["format"] = "date-time"
        elif name in DAYS:
            part["format"] = "date"
    if kind is not None and kind != "null":
        for bound, value in LIMITS.get(place, {}).items():
            if _fits(bound, kind):
                part[bound] = value


def _fits(bound: str, kind: str) -> bool:
    if bound in ("minimum", "maximum"):
        return kind in ("integer", "number")
    return kind == ("array" if bound.endswith("Items") else "string")


def _name_objects(schemas: dict[str, Document], owner: str, name: str, field: Document) -> None:
    """An object of free names becomes a schema of its own: generated clients call what has no
    name by a number."""
    for holder in [field, *field.get("anyOf", [])]:
        if holder.get("type") == "object" and "properties" not in holder:
            title = f"{owner}{''.join(word.title() for word in name.split('_'))}"
            words = field.get("description")
            inner = {key: holder.pop(key) for key in list(holder) if key != "description"}
            holder.pop("description", None)
            schemas[title] = {**inner, "title": title} | ({"description": words} if words else {})
            holder["$ref"] = f"#/components/schemas/{title}"
            if holder is field and words:
                field["description"] = words
