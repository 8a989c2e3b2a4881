"""The network between a browser and the app, which a test may cut and mend, freeze and thaw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Wire:
    """Forwards one port to another, its `target`, which may be changed while the wire is
    cut. While cut, open connections break and new ones fail; while frozen, both stay as
    they are and nothing goes through, as where packets are lost without a word."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.target = target
        self._server: asyncio.Server | None = None
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._abandoned: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Break everything."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for each in (*(each for pair in self._pairs for each in pair), *self._abandoned):
            each.transport.abort()
        self._abandoned.clear()
        self.thaw()
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Let nothing through, and tell nobody."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let through what was held up and all that follows."""
        self._flowing.set()

    def abandon(self) -> None:
        """Break what is open, for the near ends only: the far ones are never told."""
        for near, far in list(self._pairs):
            self._abandoned.add(far)
            near.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        copies = [
            asyncio.ensure_future(self._copy(reader, far_writer)),
            asyncio.ensure_future(self._copy(far_reader, writer)),
        ]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for copy in copies:
                copy.cancel()
            self._pairs.discard(pair)
            writer.transport.abort()
            if far_writer not in self._abandoned:
                far_writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        if writer not in self._abandoned:
            writer.write_eof()


@contextlib.asynccontextmanager
async def wire(port: int, target: int) -> AsyncIterator[Wire]:
    """A wire that is up."""
    made = Wire(port, target)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()
