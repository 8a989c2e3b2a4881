"""What stands before Reflex's own websocket: whose tab it is, and what an event looks like.

A tab's token is no secret, yet Reflex sends to whoever connects with it: also the end of
an event that somebody else's tab began before it went away, which no check at the next
event can stop. So on the server a token is never used as it is: its name is made of the
token and of the session whose cookie came with the handshake. Who brings somebody else's
token names a tab of their own.

Rests on Reflex 0.10.1's EventNamespace (`link_token_to_sid`, `on_event`), which is
semi-public: tests/states/test_tokens.py holds it to that.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

import reflex as rx
from reflex.app import EventNamespace

from llm_ui.config import get_settings
from llm_ui.security.limits import Allowance
from llm_ui.security.text import storable
from llm_ui.security.tokens import keyed_hash
from llm_ui.states.handshake import session_token
from llm_ui.states.presence import user_of

MOST_NESTED = 20
# What stands in an event's router data, for the guard; a browser's own word is overwritten.
TOO_MANY = "llm_ui_too_many"

logger = logging.getLogger(__name__)


@functools.cache
def _allowance(times: int) -> Allowance:
    return Allowance(times=times, seconds=60)


def tab_name(token: str, cookie_header: str) -> str:
    """The name of a tab: the same for the same token and session, on every worker."""
    session = session_token(cookie_header) or ""
    return keyed_hash(get_settings().secret_keys[0], "tab", f"{session}\n{token}")


class Door(EventNamespace):
    """The app's namespace."""

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """Note which tab a socket belongs to."""
        name = tab_name(token[:200], self._cookie(sid))
        await super().link_token_to_sid(sid, name, update_state=update_state)

    def _cookie(self, sid: str) -> str:
        sio = self.app.sio
        environ = sio.get_environ(sid, self.namespace) if sio is not None else None
        headers = (environ or {}).get("asgi.scope", {}).get("headers", [])
        return "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")

    async def on_event(self, sid: str, data: Any) -> None:
        """Let an event in; what is none is dropped, for Reflex would log it whole.

        Texts come in as they can be stored and sent back: half a surrogate pair that a handler
        keeps in a var would end the socket that it is sent to.
        """
        if not _is_event(data):
            logger.warning("something that is no event was dropped")
            return
        event = _whole(data)
        # The guard answers it: an event that nobody answers would keep its page waiting.
        event["router_data"] = {**event.get("router_data", {}), TOO_MANY: self._is_too_much(sid)}
        await super().on_event(sid, event)

    def _is_too_much(self, sid: str) -> bool:
        """Count what a tab sends; whether it is more than RATE_LIMIT in a minute."""
        times = get_settings().rate_limit
        if not times:
            return False
        # By the address visitors would keep each other out, and everybody behind one proxy.
        who = user_of(self.sid_to_token.get(sid, "")) or sid
        return not _allowance(times).take(who)


def _is_event(data: Any) -> bool:
    if not (isinstance(data, dict) and isinstance(data.get("name"), str)):
        return False
    route = data.get("router_data", {})
    if not (isinstance(route, dict) and isinstance(data.get("payload", {}), dict)):
        return False
    texts = (route.get("pathname", ""), route.get("asPath", ""))
    return all(isinstance(each, str) for each in texts) and isinstance(route.get("query", {}), dict)


def _whole(value: Any, depth: int = 0) -> Any:
    """The same with `storable` texts. What is nested deeper than any event is left out."""
    if isinstance(value, str):
        return storable(value)
    if depth > MOST_NESTED:
        return None
    if isinstance(value, dict):
        return {storable(name): _whole(each, depth + 1) for name, each in value.items()}
    return [_whole(each, depth + 1) for each in value] if isinstance(value, list) else value


def install(app: rx.App) -> None:
    """Put the door in the place of Reflex's own namespace."""
    if app.sio is None or app.event_namespace is None:
        raise RuntimeError("the app has no websocket")
    door = Door(app.event_namespace.namespace, app)
    app._event_namespace = door
    app.sio.register_namespace(door)
