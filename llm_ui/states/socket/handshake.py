"""What the handshake of a tab's socket contains: session, language and time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from llm_ui import auth, reflex_internals
from llm_ui.auth import Actor, Client, cookie
from llm_ui.i18n import pick_language


def calling_client() -> Client:
    """The client that sent the current event."""
    return auth.client_of(reflex_internals.peer(), reflex_internals.headers())


def session_token(cookie_header: str) -> str | None:
    """The session's token in a Cookie header, or None."""
    return cookie(cookie_header, auth.cookie_name()) or None


def language_of(headers: Mapping[str, str]) -> str:
    """The browser's language: from the cookie, otherwise from its Accept-Language."""
    chosen = cookie(headers.get("cookie", ""), "lang")
    return pick_language(headers.get("accept-language", ""), chosen)


def in_language(actor: Actor, headers: Mapping[str, str]) -> Actor:
    """The actor with their browser's language."""
    return replace(actor, language=language_of(headers))


def zone_of(cookie_header: str) -> ZoneInfo:
    """The time zone from the page's `tz` cookie; UTC if there is none."""
    try:
        return ZoneInfo(unquote(cookie(cookie_header, "tz")) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
