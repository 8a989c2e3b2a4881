"""Completes schemas and operations with what FastAPI can't know: descriptions, formats, choices and
authentication."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llm_ui.api.http.idempotency import REPLAYED
from llm_ui.api.openapi.field_descriptions import CHOICES, FIELDS, LIMITS, PARAMETERS, PLACES
from llm_ui.auth import COOKIE, CSRF_HEADER

Document = dict[str, Any]
# Fields that contain a timestamp or a date. They are null if it never happened.
MOMENTS = ("at", "last_used", "since")
DAYS = ("day", "start", "end", "list_day", "valid_from")
# Schemas that include only the fields that are set.
SPARSE = ("ChatSettings",)

SCHEMES: Document = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key from the account page: `Authorization: Bearer llmui_…`",
    },
    "cookieAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The session cookie of a signed-in browser",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The session's CSRF token, required with the cookie to change something",
    },
}
HEADERS: dict[str, tuple[str, str]] = {
    "X-Request-ID": ("Identifies the call in the log", "5f0c2f6a9d1e4b7c"),
    "WWW-Authenticate": ("How to authenticate", 'Bearer realm="llm-ui"'),
    "Retry-After": ("Seconds to wait before retrying", "60"),
    "Content-Disposition": ("File name", 'attachment; filename="usage.csv"'),
    "Allow": ("Methods that the address supports", "GET, HEAD, OPTIONS"),
    "Location": ("Address of what was created or started", "/api/v1/chats/019a5c1e-7d3f-7b52"),
    "ETag": ("Version, for `If-Match` and `If-None-Match`", 'W/"9c1185a5c5e9fc54.1d3f2a9b8c7e"'),
    "Link": ("Address of the next page, if there is one", '</api/v1/chats?cursor=MjA>; rel="next"'),
    REPLAYED: ("`true` if this is the response to an earlier call with the same key", "true"),
    "RateLimit-Limit": ("Calls allowed per minute", "600"),
    "RateLimit-Remaining": ("Calls left", "598"),
    "RateLimit-Reset": ("Seconds until the full limit is available again", "42"),
    "RateLimit-Policy": ("Limit and its window (`w`) in seconds", "600;w=60"),
    "X-RateLimit-Limit": ("Same as `RateLimit-Limit`", "600"),
    "X-RateLimit-Remaining": ("Same as `RateLimit-Remaining`", "598"),
    "X-RateLimit-Reset": ("Unix time when the full limit is available again", "1773480413"),
}


def headers() -> Document:
    """All headers that responses may have."""
    return {
        name: {"description": words, "schema": {"type": "string"}, "example": example}
        for name, (words, example) in HEADERS.items()
    }


def header(*names: str) -> Document:
    """The entries for these response headers in the document."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def security(*, key: bool, changes: bool) -> list[Document]:
    """The security requirement of a call: a session or, if allowed, a key. With a session, a change
    also requires the CSRF token."""
    by_session: Document = {"cookieAuth": [], **({"csrf": []} if changes else {})}
    return [{"bearerAuth": []}, by_session] if key else [by_session]


# --- schemas ----------------------------------------------------------------------------------


def describe(schemas: dict[str, Document]) -> None:
    """Add descriptions, allowed values and date formats to all fields, and name anonymous
    objects."""
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
    """The names of all schemas referenced from a part of the document, directly or indirectly."""
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


def require_all(name: str, schema: Document) -> None:
    """Mark all fields of a response as required, regardless of what their types allow."""
    if name in SPARSE:
        return
    if fields := schema.get("properties"):
        schema["required"] = list(fields)
        for field in fields.values():
            field.pop("default", None)


def describe_parameter(parameter: Document) -> None:
    """Add a parameter's description."""
    name = parameter["name"]
    if words := PARAMETERS.get(name) or FIELDS.get(name):
        parameter.setdefault("description", words)


def _parts(field: Document) -> Iterator[Document]:
    """A field, its alternatives and its list items."""
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
    """Move a free-form object to a schema of its own: client generators just number anonymous
    ones."""
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
