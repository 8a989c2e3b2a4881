"""Headers that no browser sends, on a real connection: the sender gets a refusal, nobody else
notices anything.

httpx would not send them, so they are written by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx

from tests.states.client import AUTH
from tests.states.served import Person, Server
from tests.states.test_access import unhandled

PATIENCE_S = 3.0
AT_ONCE = 8
NAMES = (
    "Host",
    "Cookie",
    "Authorization",
    "Origin",
    "Referer",
    "User-Agent",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Forwarded",
    "X-Request-ID",
    "X-CSRF-Token",
    "Last-Event-ID",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Ünknown",
    "X:y",
    "",
)
VALUES = (
    b"",
    b"\xff\xfe",
    b"\x80",
    "é".encode(),
    "🙂".encode(),
    b"a\x00b",
    b"a\rb",
    b"a\r\n\tb",
    b"\x7f",
    b"-1",
    b"9" * 40,
    b"NaN",
    b"%00",
    b",,;;==\"'",
    b"x" * 20_000,
)
UPGRADE = {
    "Connection": b"Upgrade",
    "Upgrade": b"websocket",
    "Sec-WebSocket-Version": b"13",
    "Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
}
# Not even the beginning of a request.
NO_REQUESTS = (
    b"\r\n\r\n",
    b"\x00" * 64,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n",
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
)


def requests(host: str) -> Iterator[bytes]:
    """Each odd value in each header, for a page of REST and for the websocket."""
    targets: tuple[tuple[str, dict[str, bytes]], ...] = (
        ("/api/v1/auth/me", {"Connection": b"close"}),
        ("/_event/?EIO=4&transport=websocket", UPGRADE),
    )
    for path, usual in targets:
        for name in NAMES:
            for value in VALUES:
                headers = {"Host": host.encode(), **usual, name: value}
                lines = b"".join(b"%b: %b\r\n" % (n.encode(), v) for n, v in headers.items())
                yield f"GET {path} HTTP/1.1\r\n".encode() + lines + b"\r\n"
    yield from NO_REQUESTS


async def answer_to(port: int, request: bytes) -> bytes:
    """The beginning of the answer; b"" if the connection is closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(1024), PATIENCE_S)
    except (ConnectionError, TimeoutError):
        # What is no whole request is waited for; the sender has had enough of that.
        return b""
    finally:
        writer.close()


async def test_no_header_ends_a_worker_or_anybody_elses_connection(
    server: Server, bob: Person
) -> None:
    """A request header that kills the server: whatever it holds, no worker dies of it, nothing
    is answered with an error of ours, and a socket beside it stays open."""
    host = httpx.URL(server.url).netloc.decode()
    port = int(host.rpartition(":")[2])
    workers, errors = server.workers(), unhandled(server)
    places = asyncio.Semaphore(AT_ONCE)

    async def sent(request: bytes) -> tuple[bytes, bytes]:
        async with places:
            return request[:300], await answer_to(port, request)

    async with server.tab(bob) as bystander:
        await bystander.open("/chat")
        answers = await asyncio.gather(*(sent(each) for each in requests(host)))
        assert bystander.is_open
        assert bystander.vars(AUTH)["username"] == "bob"
    # An upgrade that is none is an error to the library of the websocket, and to nobody else.
    broken = [asked for asked, told in answers if told[9:10] == b"5" and b"/_event" not in asked]
    assert broken == []
    # Most of it was answered, and what was not was refused by closing.
    assert sum(told.startswith(b"HTTP/1.1 ") for _, told in answers) > len(answers) // 2
    assert server.workers() == workers
    assert unhandled(server) == errors
    assert "panicked" not in server.log()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{server.url}/health/live")).status_code == 200
