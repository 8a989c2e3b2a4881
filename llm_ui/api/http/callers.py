"""Checks made before anything else: the client's address, and the host name it used.

These middlewares wrap everything that is served: pages, REST and the websocket.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http.errors import problem
from llm_ui.config import environment, get_settings
from llm_ui.errors import UnknownHost
from llm_ui.security.client_addresses import caller_of, is_address

HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\\@\[\]]+)(?::\d{1,5})?")
LOCAL = frozenset({"localhost"})
# Browsers that have been here over https keep using it for half a year.
HSTS = "max-age=15552000"


class TrueAddress:
    """Sets the scope's `client` to the real client address, for REST and pages alike: behind
    TRUSTED_PROXIES, it is the one that the proxies report."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope.get("client"):
            peer, port = scope["client"]
            forwarded = Headers(scope=scope).getlist("x-forwarded-for")
            address = caller_of(peer, forwarded, get_settings().trusted_proxies)
            scope = {**scope, "client": (address, port)}
        await self.app(scope, receive, send)


@lru_cache(maxsize=8)
def _names(origins: tuple[str, ...]) -> frozenset[str]:
    return LOCAL | {(urlsplit(each).hostname or "").rstrip(".") for each in origins}


def is_known_host(host: str) -> bool:
    """Whether this server may be called by this name: a host of its origins, localhost, or an IP
    address.

    Anyone can point their own domain at this server (DNS rebinding), and their page would then be
    same-origin with ours.
    """
    found = HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower().rstrip(".")
    if is_address(name):
        return True
    deployed = (environment("REFLEX_DEPLOY_URL"), environment("REFLEX_API_URL"))
    return name in _names((*get_settings().origins, *filter(None, deployed)))


class KnownHosts:
    """Refuses requests for an unknown host name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_call = scope["type"] in ("http", "websocket")
        # Browsers always send Host; a request without it comes from no web page.
        if not is_call or all(map(is_known_host, Headers(scope=scope).getlist("host"))):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await problem(UnknownHost(), scope)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


def relative(location: str, host: str) -> str:
    """Strip scheme and host from a redirect to this server: only the proxy knows which ones users
    see. Never returns a redirect to another host ("//evil.example/" is an absolute URL)."""
    parts = urlsplit(location)
    if parts.netloc and parts.netloc != host:
        return location
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if not parts.path.startswith("/") and not parts.netloc:
        return location
    return f"/{parts.path.lstrip('/')}{query}{fragment}"


class SameScheme:
    """Keeps users on the scheme that they used: makes redirects relative, and sends HSTS if
    PUBLIC_URL is https."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")

        async def with_scheme(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if location := headers.get("location"):
                    headers["location"] = relative(location, host)
                if get_settings().secure_cookies:
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self.app(scope, receive, with_scheme)
