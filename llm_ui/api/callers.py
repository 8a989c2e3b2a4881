"""Who is let in at all, before anything is looked at: from which address, under which name.

Stands around everything that is served: pages, REST and the websocket.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.errors import problem
from llm_ui.config import environment, get_settings
from llm_ui.errors import UnknownHost
from llm_ui.security.addresses import caller_of, is_address

HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\\@\[\]]+)(?::\d{1,5})?")
LOCAL = frozenset({"localhost"})
# A browser that has been here over https keeps to it for half a year.
HSTS = "max-age=15552000"


class TrueAddress:
    """Puts the caller's address where everything looks for it: with TRUSTED_PROXIES the one
    that the proxies tell, for REST and pages alike."""

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
    """Whether this server may be called so: the names of its origins, localhost, and addresses.

    A name that somebody else has control of may lead here as well (DNS rebinding), and their
    page would then count as ours.
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
    """Refuses calls under a name that is not this server's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_call = scope["type"] in ("http", "websocket")
        # A browser always sends one; what sends none is no page of anybody's.
        if not is_call or all(map(is_known_host, Headers(scope=scope).getlist("host"))):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await problem(UnknownHost(), scope)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


def relative(location: str, host: str) -> str:
    """A redirect to ourselves without scheme and host: which of them people use, a proxy knows
    and we do not. Never one that leads elsewhere ("//evil.example/" is an address)."""
    parts = urlsplit(location)
    if parts.netloc and parts.netloc != host:
        return location
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if not parts.path.startswith("/") and not parts.netloc:
        return location
    return f"/{parts.path.lstrip('/')}{query}{fragment}"


class SameScheme:
    """Keeps people on the scheme that they came with: redirects without one, and HSTS where
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
