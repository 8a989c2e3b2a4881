"""What the headers of a websocket's handshake say: the session, and the language."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from llm_ui import auth
from llm_ui.i18n import pick_language


def session_token(cookie_header: str) -> str | None:
    """The session's token in a Cookie header, or None."""
    try:
        morsel = SimpleCookie(cookie_header).get(auth.COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def language_of(headers: dict[str, str]) -> str:
    """The language that a browser shows: chosen by a cookie, else its own."""
    try:
        chosen = SimpleCookie(headers.get("cookie", "")).get("lang")
    except CookieError:
        chosen = None
    return pick_language(headers.get("accept-language", ""), chosen.value if chosen else "")
