"""Detecting how an answer is framed, from its first bytes.

Servers, and the proxies in front of them, do not always send what was requested, or what their
content type says: NDJSON instead of server-sent events or the other way round, a complete answer
although a stream was requested, or an error as a sentence or a web page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llm_ui.errors import ProviderGarbage
from llm_ui.wire.fields import json_chunk
from llm_ui.wire.sse import LineSplitter, Splitter, SseSplitter, WireEvent

# The event name used for a complete answer.
WHOLE = "whole"
# The size limit of a complete answer, and how much is kept of a body that may be plain text.
WHOLE_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 4096
_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(?:data|event|id|retry|error)?\s*:|data\b", re.IGNORECASE)


class Framing:
    """A Splitter for any answer: it inspects the first line and delegates the rest to the matching
    splitter.

    A body that is a single JSON value is emitted as one event named WHOLE.
    """

    def __init__(self) -> None:
        # The beginning of a body that is not JSON.
        self.head = b""
        self._splitter: Splitter | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._is_whole = False

    def feed(self, chunk: bytes) -> Iterator[WireEvent]:
        """See Splitter."""
        if self._splitter is None:
            return self._first(chunk)
        if 0 < len(self.head) < HEAD_BYTES:
            self.head = (self.head + chunk)[:HEAD_BYTES]
        return self._splitter.feed(chunk)

    def flush(self) -> Iterator[WireEvent]:
        """See Splitter."""
        if self._splitter is not None:
            return self._splitter.flush()
        body, self._parts = b"".join(self._parts).removeprefix(_BOM).strip(), []
        self._size = len(body)
        return iter([WireEvent(WHOLE, body)] if body else ())

    @property
    def is_empty(self) -> bool:
        """Whether only whitespace has arrived."""
        return self._splitter is None and not self._size

    @property
    def is_text(self) -> bool:
        """Whether the body started neither with events nor with JSON."""
        return bool(self.head) and _FIELD.match(self.head) is None

    def _first(self, chunk: bytes) -> Iterator[WireEvent]:
        """Buffer until the framing is clear."""
        if not self._parts:
            chunk = chunk.removeprefix(_BOM).lstrip()
        if not chunk:
            return
        self._parts.append(chunk)
        self._size += len(chunk)
        if self._size > WHOLE_BYTES:
            raise ProviderGarbage(f"the response exceeds {WHOLE_BYTES} bytes")
        if self._parts[0][:1] not in (b"{", b"["):
            body = b"".join(self._parts).removeprefix(_BOM).lstrip()
            if not _BOM.startswith(body):
                self._parts = []
                yield from self._choose(body)
        elif not self._is_whole and b"\n" in chunk:
            body = b"".join(self._parts)
            first, _, rest = body.partition(b"\n")
            if _is_json(first):
                self._splitter, self._parts = LineSplitter(), []
                yield WireEvent("", first)
                yield from self._splitter.feed(rest)
            else:
                self._is_whole = True

    def _choose(self, body: bytes) -> Iterator[WireEvent]:
        if body[:1] in (b"{", b"["):
            yield from self._first(body)
            return
        self.head = body[:HEAD_BYTES]
        self._splitter = SseSplitter()
        yield from self._splitter.feed(body)


def _is_json(line: bytes) -> bool:
    try:
        json_chunk(line)
    except ProviderGarbage:
        return False
    return True
