"""ETags: whether the caller's version of an object is still current.

A tag has two parts: a digest of the editable fields and one of the whole response. A change with
`If-Match` is refused only if the editable fields have changed since the caller read the object. A
read with `If-None-Match` returns 304 only if nothing at all has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from llm_ui.errors import Changed

HEADER = "ETag"
PART = 16


class NotModified(Exception):
    """The caller already has the current response."""

    def __init__(self, etag: str, headers: Mapping[str, str]) -> None:
        super().__init__(etag)
        self.etag = etag
        self.headers = headers


async def not_modified(_: Request, found: NotModified) -> Response:
    """The 304 response."""
    return Response(status_code=304, headers={**found.headers, HEADER: found.etag})


def _digest(value: Any) -> str:
    return hashlib.sha256(TypeAdapter(Any).dump_json(value)).hexdigest()[:PART]


def tag_of(answer: Any, moving: Collection[str] = ()) -> str:
    """The ETag of a response. `moving` are the fields that nobody edits."""
    whole = TypeAdapter(type(answer)).dump_python(answer, mode="json")
    edited = {name: value for name, value in whole.items() if name not in moving}
    return f'W/"{_digest(edited)}.{_digest(whole)}"'


def named(header: str) -> list[str]:
    """The tags of a header, without their weakness prefix."""
    return [
        each.strip().removeprefix("W/").strip('"') for each in header.split(",") if each.strip()
    ]


class Conditions:
    """The conditional headers of a request."""

    def __init__(self, request: Request, response: Response) -> None:
        self._if_match = request.headers.get("if-match")
        self._if_none_match = request.headers.get("if-none-match")
        self._response = response

    @property
    def guards(self) -> bool:
        """Whether the call has an `If-Match` header."""
        return self._if_match is not None

    def answer(self, answer: Any, moving: Collection[str] = ()) -> str:
        """Set the response's ETag. Raises NotModified if the caller already has it."""
        etag = self.mark(answer, moving)
        self.spare(etag, {})
        return etag

    def spare(self, etag: str, headers: Mapping[str, str]) -> None:
        """Raise NotModified, with these headers, if the caller already has this tag."""
        known = named(self._if_none_match or "")
        if "*" in known or named(etag)[0] in known:
            raise NotModified(etag, headers)

    def mark(self, answer: Any, moving: Collection[str] = ()) -> str:
        """Set the ETag of the response to a change."""
        etag = tag_of(answer, moving)
        self._response.headers[HEADER] = etag
        return etag

    def require(self, answer: Any, moving: Collection[str] = ()) -> None:
        """Raise Changed if `If-Match` doesn't match `answer`, the current state."""
        if self._if_match is None:
            return
        known = [each.partition(".")[0] for each in named(self._if_match)]
        etag = tag_of(answer, moving)
        if "*" in known or named(etag)[0].partition(".")[0] in known:
            return
        now = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else None
        raise Changed(etag, now or TypeAdapter(type(answer)).dump_python(answer, mode="json"))


def conditions(request: Request, response: Response) -> Conditions:
    """The conditional headers of this request."""
    return Conditions(request, response)


If = Annotated[Conditions, Depends(conditions)]
