"""Streaming upload of the single file in a form (multipart/form-data).

Starlette's own parser buffers the whole form before the route runs. Here the file is streamed to
its destination as it arrives, so an unacceptable file is rejected immediately.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from llm_ui.errors import InvalidInput, UnsupportedType

FORM = "multipart/form-data"
# How many bytes a form may contain in addition to its file.
BESIDE = 64 * 1024


def has_form(request: Request) -> bool:
    """Whether the body is a form rather than the file itself.

    Raises:
        UnsupportedType: the body is another kind of multipart.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("multipart/") and kind != FORM:
        raise UnsupportedType("error.unsupported_media")
    return kind == FORM


class FormFile:
    """The file in a form that is being received. `name` is available after `begin`."""

    def __init__(self, request: Request) -> None:
        _, options = parse_options_header(request.headers.get("content-type"))
        self.name = ""
        self._body = request.stream()
        self._waiting: list[bytes] = []
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._files, self._beside = 0, 0
        self._is_file = self._is_over = False
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._on_part,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise _unfit() from None

    async def begin(self) -> None:
        """Read up to the beginning of the file. Raises InvalidInput if there is none."""
        while not self._files:
            if not await self._more():
                raise _unfit()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes. Ends only after the whole form has arrived and is valid."""
        while True:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                yield each
            if not await self._more():
                break
        for each in self._waiting:
            yield each
        if not self._is_over:
            raise InvalidInput("error.file_cut", field="file")

    async def _more(self) -> bool:
        chunk = await anext(self._body, None)
        if chunk is None:
            return False
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _unfit() from None
        if self._files > 1 or self._beside > BESIDE:
            raise _unfit()
        return True

    def _on_part(self) -> None:
        self._is_file = False

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _on_header_end(self) -> None:
        field, value = (bytes(each) for each in self._header)
        self._header = (bytearray(), bytearray())
        if field.lower() != b"content-disposition":
            return
        _, options = parse_options_header(value.decode("latin-1"))
        if b"filename" in options:
            self._is_file = True
            self._files += 1
            self.name = options[b"filename"].decode(errors="replace")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._waiting.append(data[start:end])
        else:
            self._beside += end - start

    def _on_part_end(self) -> None:
        self._is_file = False

    def _on_end(self) -> None:
        self._is_over = True


def _unfit() -> InvalidInput:
    return InvalidInput("error.file_form", field="file")
