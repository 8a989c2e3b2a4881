"""Requests that begin and do not go on, as raw connections from any loopback address."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Iterator

_HEAD = (
    "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "{length}\r\n\r\n"
)
HALVES = (
    _HEAD.format(length="Content-Length: 200") + "{",
    _HEAD.format(length="Transfer-Encoding: chunked") + "1\r\n{\r\n",
    _HEAD.format(length="Content-Length: 200\r\nExpect: 100-continue"),
)
CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n"


@contextlib.contextmanager
def many_files() -> Iterator[None]:
    """This process may have some thousands of connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Half:
    """A connection with half a request on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.answer = ""

    @classmethod
    async def send(cls, port: int, request: str, address: str = "127.0.0.1") -> Half:
        """Connect from an address and send what there is."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        writer.write(request.encode())
        return cls(reader, writer)

    async def ended(self) -> str:
        """The status of its answer, once the server has closed it; "" without an answer."""
        with contextlib.suppress(ConnectionError):
            self.answer = (await self._reader.read()).decode().removeprefix(CONTINUE)
        return self.answer[9:12]

    def more(self, data: bytes) -> None:
        """Send some more."""
        self._writer.write(data)

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()
