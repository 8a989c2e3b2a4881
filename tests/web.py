"""A web server for tests: pages by path, and a note of who asked for what.

async with web_server() as web:
    web.pages["/a"] = Page(b"<p>Hello</p>")
    ... f"{web.url}/a" ...
    assert web.asked == ["/a"]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ARTICLE = """<!doctype html><html><head><title>{title}</title><style>p {{ color: red }}</style>
<script>window.bad = 1</script></head><body><nav><a href="/">Home</a> <a href="/x">Menu</a></nav>
<article><h1>{title}</h1>{body}</article><footer>Imprint and cookies</footer></body></html>"""


def article(title: str, *paragraphs: str) -> bytes:
    """A page as people write them, with everything around it that nobody reads."""
    body = "".join(f"<p>{each}</p>" for each in paragraphs)
    return ARTICLE.format(title=title, body=body).encode()


@dataclass
class Page:
    """What a path answers. `delay` is in seconds, before the body."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class Web:
    """A running server."""

    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """Host and port, as an exception names them."""
        return f"127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; the connection is closed after it."""
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1]
            self.asked.append(path)
            self.hosts += [line[5:].strip() for line in lines if line.lower().startswith("host:")]
            page = self.pages.get(path) or self.pages.get(path.partition("?")[0])
            page = page or Page(b"<p>There is nothing here.</p>", status=404)
            headers = {"content-type": page.kind, "connection": "close", **page.headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {page.status} Scripted\r\n{head}\r\n".encode())
            await writer.drain()
            if page.delay:
                await asyncio.sleep(page.delay)
            writer.write(page.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def web_server() -> AsyncIterator[Web]:
    """A server on a port of its own, in this event loop."""
    web = Web(0)
    server = await asyncio.start_server(web.answer, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
