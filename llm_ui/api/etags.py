"""ETags: whether what a caller knows is still how things are.

A tag has two parts: of what people edit, and of all that is answered. A change is refused
(`If-Match`) when what people edit has changed meanwhile, whatever else has; a read is spared
(`If-None-Match`) only when nothing at all is different.
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
    """The caller has what would be answered."""

    def __init__(self, etag: str, headers: Mapping[str, str]) -> None:
        super().__init__(etag)
        self.etag = etag
        self.headers = headers


async def not_modified(_: Request, found: NotModified) -> Response:
    """The answer to those who have it already."""
    return Response(status_code=304, headers={**found.headers, HEADER: found.etag})


def _digest(value: Any) -> str:
    return hashlib.sha256(TypeAdapter(Any).dump_json(value)).hexdigest()[:PART]


def tag_of(answer: Any, moving: Collection[str] = ()) -> str:
    """The tag of an answer, of which the fields that are `moving` are nobody's to edit."""
    whole = TypeAdapter(type(answer)).dump_python(answer, mode="json")
    edited = {name: value for name, value in whole.items() if name not in moving}
    return f'W/"{_digest(edited)}.{_digest(whole)}"'


def named(header: str) -> list[str]:
    """The tags of a header, without their marks of weakness."""
    return [
        each.strip().removeprefix("W/").strip('"') for each in header.split(",") if each.strip()
    ]


class Conditions:
    """What a call makes its answer depend on."""

    def __init__(self, request: Request, response: Response) -> None:
        self._if_match = request.headers.get("if-match")
        self._if_none_match = request.headers.get("if-none-match")
        self._response = response

    @property
    def guards(self) -> bool:
        """Whether a change is wanted only if nobody else has made one."""
        return self._if_match is not None

    def answer(self, answer: Any, moving: Collection[str] = ()) -> str:
        """Give an answer its tag. Raises NotModified if the caller has it."""
        etag = self.mark(answer, moving)
        self.spare(etag, {})
        return etag

    def spare(self, etag: str, headers: Mapping[str, str]) -> None:
        """Raise NotModified if the caller has what bears this tag, and these headers."""
        known = named(self._if_none_match or "")
        if "*" in known or named(etag)[0] in known:
            raise NotModified(etag, headers)

    def mark(self, answer: Any, moving: Collection[str] = ()) -> str:
        """Give the answer to a change its tag."""
        etag = tag_of(answer, moving)
        self._response.headers[HEADER] = etag
        return etag

    def require(self, answer: Any, moving: Collection[str] = ()) -> None:
        """Raise Changed if the caller wants to change something else than this, which is how
        it is now."""
        if self._if_match is None:
            return
        known = [each.partition(".")[0] for each in named(self._if_match)]
        etag = tag_of(answer, moving)
        if "*" in known or named(etag)[0].partition(".")[0] in known:
            return
        now = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else None
        raise Changed(etag, now or TypeAdapter(type(answer)).dump_python(answer, mode="json"))


def conditions(request: Request, response: Response) -> Conditions:
    """What the call depends on, from its headers."""
    return Conditions(request, response)


If = Annotated[Conditions, Depends(conditions)]
