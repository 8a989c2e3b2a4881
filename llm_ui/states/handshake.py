"""What the handshake of a tab's socket says: whose session, which language, which zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reflex_base.constants import RouteVar
from reflex_base.event.context import EventContext

from llm_ui import auth
from llm_ui.auth import Actor, Client, cookie
from llm_ui.i18n import pick_language


def calling_client() -> Client:
    """Where the event that is being handled comes from."""
    route = EventContext.get().router_data
    return auth.client_of(str(route.get(RouteVar.CLIENT_IP, "")), route.get(RouteVar.HEADERS, {}))


def session_token(cookie_header: str) -> str | None:
    """The session's token in a Cookie header, or None."""
    return cookie(cookie_header, auth.cookie_name()) or None


def language_of(headers: Mapping[str, str]) -> str:
    """The language that a browser shows: chosen by a cookie, else its own."""
    chosen = cookie(headers.get("cookie", ""), "lang")
    return pick_language(headers.get("accept-language", ""), chosen)


def in_language(actor: Actor, headers: Mapping[str, str]) -> Actor:
    """The actor with the language that their browser shows."""
    return replace(actor, language=language_of(headers))


def zone_of(cookie_header: str) -> ZoneInfo:
    """The time zone that the page put into the cookie `tz`; UTC when there is none."""
    try:
        return ZoneInfo(unquote(cookie(cookie_header, "tz")) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
