"""Splitting a stream of raw bytes into events: server-sent events and NDJSON.

Written to be cheap per token: bytes stay bytes, nothing is decoded before a line is complete, and a
line that arrives in many pieces is joined only once. Buffers are bounded.

Sources: WHATWG HTML, "Server-sent events" (9.2.5, parsing an event stream); NDJSON 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from llm_ui.errors import ProviderGarbage
from llm_ui.wire.fields import json_chunk

MAX_LINE_BYTES = 1_000_000
LONGEST_FAREWELL = 32
_BOM = b"\xef\xbb\xbf"


class WireEvent(NamedTuple):
    """One event: its name ("" if none was given) and its raw payload."""

    name: str
    data: bytes


class Splitter(Protocol):
    """Turns chunks, split anywhere, into events."""

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """The events that `chunk` completes. Raises ProviderGarbage, after yielding the preceding
        events, if a line is too long or not UTF-8."""
        ...

    def flush(self) -> Iterator[WireEvent]:
        """The events left when the body has ended."""
        ...


class _Lines:
    """Splits chunks into complete lines, ended by CRLF, LF or CR."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skip_lf = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._skip_lf and chunk:
            # The CR at the end of the last chunk was the first half of a CRLF.
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
        return ProviderGarbage(f"a line exceeds {self._limit} bytes")

    @property
    def holds(self) -> bool:
        """Whether there is an incomplete line."""
        return bool(self._parts)

    def rest(self) -> bytes:
        """Remove and return the incomplete line."""
        joined = b"".join(self._parts)
        self._parts, self._size = [], 0
        return joined


class SseSplitter:
    """Server-sent events. `last_id` and `retry` (milliseconds) hold the latest values.

    Servers that end an event with one line break instead of two are supported if the data are JSON
    objects: then the next object, or the end of the body, ends an event.

    Args:
        limit: the maximum number of bytes in a line, and in the data of an event.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._lines = _Lines(limit)
        self._limit = limit
        self._name = ""
        # An event name after data: it belongs to that data, or already to the next event.
        self._later: str | None = None
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True
        # An event without an empty line was seen: from now on each complete object is one.
        self._is_loose = False
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
                    yield self._event()
                else:
                    self._name, self._later = "", None
            elif line.startswith(b"data: ") and not self._data and not self._is_loose:
                self._add(line[6:])
            else:
                yield from self._field(line)

    def flush(self) -> Iterator[WireEvent]:
        """The last event, if only its empty line is missing; incomplete data is dropped."""
        yield from self.feed(b"\n") if self._lines.holds else ()
        if self._data and _is_whole(b"\n".join(self._data)):
            yield self._event()

    def _event(self) -> WireEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        event = WireEvent(self._name if self._later is None else self._later, data)
        self._name, self._later, self._data, self._size = "", None, [], 0
        return event

    def _add(self, value: bytes) -> None:
        self._size += len(value)
        if self._size > self._limit:
            raise ProviderGarbage(f"an event exceeds {self._limit} bytes")
        self._data.append(value)

    def _field(self, line: bytes) -> Iterator[WireEvent]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        value = value.removeprefix(b" ")
        if name == b"data":
            yield from self._more(value)
        elif line.lstrip()[:1] in (b"{", b"["):
            # A line of NDJSON: how gateways in front of the model send their errors.
            yield from self._more(line)
        elif name == b"event":
            if self._data:
                self._later = _text(value).strip()
            else:
                self._name = _text(value).strip()
        elif name == b"error":
            # A field of its own in old versions of llama.cpp.
            self._name = "error"
            yield from self._more(value)
        elif name == b"id" and b"\0" not in value:
            self.last_id = _text(value)
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:9])
        # Comments (fields with an empty name) and unknown fields are ignored, as specified.

    def _more(self, value: bytes) -> Iterator[WireEvent]:
        """Data after data: more of the same event, or the next one."""
        if len(self._data) == 1 and _is_beginning(value) and _is_whole(self._data[0]):
            later, self._later = self._later, None
            self._is_loose = True
            yield self._event()
            self._name = later or ""
        self._add(value)
        if self._is_loose and len(self._data) == 1 and _is_whole(value):
            yield self._event()


class LineSplitter:
    """NDJSON: every non-empty line is an event without a name."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._lines = _Lines(limit)

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """See Splitter."""
        for line in self._lines.feed(chunk):
            if line and not line.isspace():
                yield WireEvent("", line)

    def flush(self) -> Iterator[WireEvent]:
        """The last line, which need not end with a line break."""
        rest = self._lines.rest()
        if rest and not rest.isspace():
            yield WireEvent("", rest)


def _is_beginning(value: bytes) -> bool:
    return value.lstrip()[:1] in (b"{", b"[")


def _is_whole(data: bytes) -> bool:
    """Whether data are a complete object or the end-of-stream marker."""
    if is_farewell(data):
        return True
    if not _is_beginning(data) or data.rstrip()[-1:] not in (b"}", b"]"):
        return False
    try:
        json_chunk(data)
    except ProviderGarbage:
        return False
    return True


def is_farewell(data: bytes) -> bool:
    """Whether data are the end-of-stream marker of OpenAI and compatible servers."""
    return len(data) < LONGEST_FAREWELL and data.strip(b" \t\"'").upper() in (b"[DONE]", b"DONE")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ProviderGarbage("not UTF-8") from None
