"""httpx on top of aiohttp's connections: the same API for a third of the CPU per piece.

Reading a stream of 1,000 pieces at 200/s costs about 130 ms of CPU this way, and 330 to 430 ms with
httpx's own transport (h11 in Python under several layers). It implements only what streaming from
model servers needs: HTTP/1.1, no cookies, no redirects, no decompression, and only the connect
timeout (wire.watchdog has the others).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

from llm_ui.security.ssrf import AddressRefused, may_be_reached
from llm_ui.wire.coalescing import Tempo, coalesced

KEEP_ALIVE_SECONDS = 30.0


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine, by name or by literal address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def connection_reason(error: httpx.TransportError) -> str:
    """Why there was no response: metadata, dns, tls, refused, network, broken or not_http."""
    cause = error.__cause__
    if isinstance(cause, AddressRefused):
        return "metadata"
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(
        cause, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)
    ):
        return "tls"
    if isinstance(cause, aiohttp.ClientConnectorError):
        return "refused" if cause.os_error.errno == errno.ECONNREFUSED else "network"
    if isinstance(error, httpx.RemoteProtocolError):
        return "broken" if isinstance(cause, aiohttp.ServerDisconnectedError) else "not_http"
    return "network"


@contextmanager
def _as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    """Translate aiohttp's exceptions into httpx's, most specific first."""
    try:
        yield
    except AddressRefused as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError) as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, OSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error


class GuardedResolver(AbstractResolver):
    """The system's resolver, minus forbidden addresses: a name that an admin entered may point to a
    cloud's metadata service, now or the next time it is resolved."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp. Raises AddressRefused if the name has only forbidden addresses."""
        found = await self._resolver.resolve(host, port, family)
        fitting = [each for each in found if may_be_reached(each["host"])]
        if found and not fitting:
            raise AddressRefused("its name resolves to a metadata service")
        return fitting

    async def close(self) -> None:
        """See aiohttp."""
        await self._resolver.close()


def _check_literal(host: str) -> None:
    """Check a literal address, which is never resolved. Raises AddressRefused."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return
    if not may_be_reached(host.strip("[]")):
        raise AddressRefused("a metadata service")


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, response: aiohttp.ClientResponse, request: httpx.Request, tempo: Tempo | None
    ) -> None:
        self._response = response
        self._request = request
        self._tempo = tempo

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = self._response.content.readany
        with _as_httpx_errors(self._request):
            if self._tempo is None:
                while piece := await read():
                    yield piece
                return
            chunks = coalesced(read, self._transport, self._tempo)
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk

    def _transport(self) -> asyncio.Transport | None:
        connection = self._response.connection
        return connection.transport if connection else None

    async def aclose(self) -> None:
        # A body that was read to its end has already released its connection; any other connection
        # is closed here, without waiting for the peer.
        self._response.close()


class AioTransport(httpx.AsyncBaseTransport):
    """An httpx transport over two aiohttp sessions: loopback connections never use a proxy from the
    environment, all others do if there is one.

    Args:
        coalesce: let pieces accumulate for a moment (see wire/coalescing.py) instead of passing
            each one on as it arrives.
        resolver: a custom resolver (for tests).
    """

    def __init__(self, *, coalesce: bool = True, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._tempo = Tempo() if coalesce else None

    def _session(self, loopback: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(loopback)
        if session is None:
            # The engine, not the connection pool, limits how many requests run at once.
            options: dict[str, Any] = {
                "limit": 0,
                "keepalive_timeout": KEEP_ALIVE_SECONDS,
                "resolver": GuardedResolver(self._resolver),
            }
            if not loopback:
                options["ssl"] = httpx.create_ssl_context()
            session = self._sessions[loopback] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(**options),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=not loopback,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            )
        return session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body is read while the response is iterated."""
        limits: dict[str, float | None] = request.extensions.get("timeout", {})
        body = await request.aread()
        with _as_httpx_errors(request):
            _check_literal(request.url.host)
            response = await self._session(is_loopback(request.url.host)).request(
                request.method,
                str(request.url),
                headers=list(request.headers.multi_items()),
                data=body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.get("connect")),
            )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response, request, self._tempo),
            request=request,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
