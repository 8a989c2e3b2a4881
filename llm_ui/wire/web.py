"""Fetching web pages on behalf of a user: guarded, bounded, and cached as HTTP prescribes.

Every connection goes through `GuardedNetwork`: it resolves the name itself, refuses addresses that
are not public, and connects to exactly the address that it has checked, so that DNS rebinding has
no effect. Redirects are followed here, each one checked like the first URL.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sqlite3
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpcore
import httpx
from hishel import AsyncBaseStorage, AsyncSqliteStorage
from hishel.httpx import AsyncCacheTransport

from llm_ui import __version__
from llm_ui.security.ssrf import (
    AddressRefused,
    check_host,
    checked_addresses,
    checked_url,
    is_exception,
    may_be_reached,
)

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 5
MOST_BYTES = 3 * 1024 * 1024
TOTAL_S = 20.0
CONNECT_S = 5.0
READ_S = 10.0
CACHE_FILE = "web-cache.db"
CACHE_TTL_S = 24 * 3600.0
CACHE_BYTES = 100 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})

Resolver = Callable[[str, int], Awaitable[list[str]]]


class Unreadable(Exception):
    """A page that could not be fetched; `problem` is one of PROBLEMS."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(detail or problem)
        self.problem = problem


PROBLEMS = (
    "refused",
    "missing",
    "status",
    "unreachable",
    "slow",
    "large",
    "kind",
    "redirects",
    "empty",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch: the accepted prefixes of its media type, the Accept header, and the size limit
    in bytes (0: the same as for a page)."""

    kinds: tuple[str, ...]
    accept: str
    most: int = 0


PAGE = Wanted(
    ("text/", "application/xhtml+xml", "application/xml", "application/json"),
    "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.1",
)
# File stores often declare images as mere bytes; the caller checks the content.
IMAGES = Wanted(
    ("image/", "application/octet-stream", "binary/octet-stream"), "image/*", 24 * 1024 * 1024
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched page; `url` is its final address, after redirects."""

    url: str
    kind: str
    charset: str
    body: bytes


async def resolve(host: str, port: int) -> list[str]:
    """Resolve a name with the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """The only path from a user's URL to a socket."""

    def __init__(self, exceptions: Iterable[str], resolver: Resolver) -> None:
        self._exceptions = tuple(exceptions)
        self._resolve = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See httpcore. Raises AddressRefused for addresses that are not public."""
        allowed = is_exception(host, port, self._exceptions)
        if not allowed:
            check_host(host)
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        if allowed:
            # A host named by an admin may be private, but never link-local, multicast or a metadata
            # service.
            found = [each for each in found if may_be_reached(each)]
        else:
            found = checked_addresses(found)
        for address in found:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Always refused."""
        raise AddressRefused("not a web address")

    async def sleep(self, seconds: float) -> None:
        """See httpcore."""
        await self._network.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's own transport on the guarded network, without a proxy and without retries."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MOST_REDIRECTS + 1,
            max_keepalive_connections=0,
            network_backend=network,
        )


class Fetcher:
    """Fetches pages. An instance belongs to one event loop; `aclose` ends it.

    Args:
        exceptions: hosts that an admin allows, regardless of their address (see security/ssrf.py).
        folder: the folder for the cache; None disables caching.
        resolver: a custom resolver (for tests).
    """

    def __init__(
        self,
        exceptions: Iterable[str] = (),
        folder: Path | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._exceptions = tuple(exceptions)
        self._network = GuardedNetwork(self._exceptions, resolver)
        self._context = httpx.create_ssl_context()
        self._storage: AsyncBaseStorage | None = None
        self._path = folder / CACHE_FILE if folder else None
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _bound(self._path)
            self._storage = AsyncSqliteStorage(database_path=self._path, default_ttl=CACHE_TTL_S)

    async def fetch(self, url: str, wanted: Wanted = PAGE) -> Fetched:
        """Fetch a page, or another kind of content, from a URL given by a user, a search or a
        server.

        Raises:
            Unreadable: it could not be fetched; says why.
        """
        try:
            async with asyncio.timeout(TOTAL_S):
                try:
                    return await self._follow(url, self._cache(), wanted)
                except sqlite3.Error:
                    logger.warning("the page cache is not working", exc_info=True)
                    return await self._follow(url, None, wanted)
        except AddressRefused as error:
            logger.info("blocked an address: %s", error)
            raise Unreadable("refused", str(error)) from None
        except (TimeoutError, httpx.TimeoutException, httpcore.TimeoutException):
            raise Unreadable("slow") from None
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Unreadable("unreachable", str(error)) from None

    def _cache(self) -> AsyncBaseStorage | None:
        """The cache, unless it is full; a full one is deleted at the next start."""
        if self._path is not None and self._path.exists():
            return self._storage if self._path.stat().st_size <= CACHE_BYTES else None
        return self._storage

    async def _follow(self, url: str, cache: AsyncBaseStorage | None, wanted: Wanted) -> Fetched:
        target = checked_url(url, self._exceptions)
        # Separate connections: nothing of a page that is abandoned early stays open.
        own = _Transport(self._network, self._context)
        transport: httpx.AsyncBaseTransport = own
        if cache is not None:
            transport = AsyncCacheTransport(own, cache)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                response = await transport.handle_async_request(_request(target, wanted))
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    return await _read(response, target, wanted)
                try:
                    joined = str(target.join(response.headers["location"]))
                except (httpx.InvalidURL, ValueError) as error:
                    raise AddressRefused(str(error)) from None
                target = checked_url(joined, self._exceptions)
            raise Unreadable("redirects")
        finally:
            await own.aclose()

    async def aclose(self) -> None:
        """Close the cache."""
        if self._storage is not None:
            await self._storage.close()


def _bound(path: Path) -> None:
    """Delete the cache if it has grown too large: it holds nothing of value."""
    if path.exists() and path.stat().st_size > CACHE_BYTES:
        for each in path.parent.glob(f"{CACHE_FILE}*"):
            each.unlink(missing_ok=True)


def _request(target: httpx.URL, wanted: Wanted) -> httpx.Request:
    headers = {
        "user-agent": f"llm-ui/{__version__}",
        "accept": wanted.accept,
        "accept-encoding": "gzip",
    }
    limits = {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": CONNECT_S}
    return httpx.Request(
        "GET", target.copy_with(fragment=None), headers=headers, extensions={"timeout": limits}
    )


async def _read(response: httpx.Response, target: httpx.URL, wanted: Wanted) -> Fetched:
    if response.status_code in (404, 410):
        raise Unreadable("missing")
    if not response.is_success:
        raise Unreadable("status", str(response.status_code))
    kind = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    coding = response.headers.get("content-encoding", "").strip().lower()
    if not kind.startswith(wanted.kinds) or coding not in _CODINGS:
        raise Unreadable("kind", kind)
    most = wanted.most or MOST_BYTES
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise Unreadable("large")
    unpack = None if coding in ("", "identity") else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in cast("AsyncIterator[bytes]", response.stream):
        try:
            body += unpack.decompress(chunk, most + 1 - len(body)) if unpack else chunk
        except zlib.error as error:
            raise Unreadable("unreachable", str(error)) from None
        if len(body) > most:
            raise Unreadable("large")
    return Fetched(str(target), kind, response.charset_encoding or "", bytes(body))
