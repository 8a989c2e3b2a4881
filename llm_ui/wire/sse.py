"""Splitting a stream of raw bytes into its events: server-sent events and NDJSON.

Written to cost little per token: bytes stay bytes, nothing is decoded before a line is
complete, and a line that trickles in is joined once. What is buffered is bounded.

Sources: WHATWG HTML, "Server-sent events" (9.2.5, parsing an event stream); NDJSON 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from llm_ui.errors import ProviderGarbage

MAX_LINE_BYTES = 1_000_000
_BOM = b"\xef\xbb\xbf"


class WireEvent(NamedTuple):
    """One event: its name ("" where none was given) and its payload, undecoded."""

    name: str
    data: bytes


class Splitter(Protocol):
    """Turns chunks, cut anywhere, into events."""

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """The events that `chunk` completes. Raises ProviderGarbage (after the events
        before it) where a line is too long or not UTF-8."""
        ...

    def flush(self) -> Iterator[WireEvent]:
        """The body has ended: what counts as an event all the same."""
        ...


class _Lines:
    """Whole lines out of chunks; CRLF, LF or CR ends a line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skip_lf = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._skip_lf and chunk:
            # The CR that ended the last chunk was the first half of a CRLF.
            self._skip_lf = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        lines = chunk.splitlines(keepends=True)
        for line in lines:
            end = line[-1]
            if end not in (0x0A, 0x0D):
                self._keep(line)
                return
            body = line.rstrip(b"\r\n") if end == 0x0A else line[:-1]
            if self._parts:
                self._keep(body)
                body = self.rest()
            elif len(body) > self._limit:
                raise self._too_long()
            yield body
        self._skip_lf = bool(lines) and lines[-1].endswith(b"\r")

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise self._too_long()
        self._parts.append(part)

    def _too_long(self) -> ProviderGarbage:
        return ProviderGarbage(f"a line of more than {self._limit} bytes")

    def rest(self) -> bytes:
        """What came after the last line's end; it is forgotten here."""
        joined = b"".join(self._parts)
        self._parts, self._size = [], 0
        return joined


class SseSplitter:
    """Server-sent events. `last_id` and `retry` (milliseconds) hold what came last.

    Args:
        limit: bytes that one line, and one event's data, may have.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._lines = _Lines(limit)
        self._limit = limit
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True
        self.last_id = ""
        self.retry: int | None = None

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """See Splitter."""
        for line in self._lines.feed(chunk):
            if self._at_start:
                self._at_start = False
                line = line.removeprefix(_BOM)  # noqa: PLW2901
            if not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    event = WireEvent(self._name, data)
                    self._name, self._data, self._size = "", [], 0
                    yield event
                else:
                    self._name = ""
            elif line.startswith(b"data: "):
                self._add(line[6:])
            else:
                self._field(line)

    def flush(self) -> Iterator[WireEvent]:
        """Nothing: an event without its empty line was cut off and does not count."""
        return iter(())

    def _add(self, value: bytes) -> None:
        self._size += len(value)
        if self._size > self._limit:
            raise ProviderGarbage(f"an event of more than {self._limit} bytes")
        self._data.append(value)

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._add(value)
        elif name == b"event":
            self._name = _text(value)
        elif name == b"id" and b"\0" not in value:
            self.last_id = _text(value)
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:9])
        # A comment (its name is empty) or a field of the future: ignored, as specified.


class LineSplitter:
    """NDJSON: each line that is not empty is an event without a name."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._lines = _Lines(limit)

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """See Splitter."""
        for line in self._lines.feed(chunk):
            if line and not line.isspace():
                yield WireEvent("", line)

    def flush(self) -> Iterator[WireEvent]:
        """The last line, which need not end with a line's end."""
        rest = self._lines.rest()
        if rest and not rest.isspace():
            yield WireEvent("", rest)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ProviderGarbage("not UTF-8") from None
