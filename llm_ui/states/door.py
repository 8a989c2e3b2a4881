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

import logging
from typing import Any

import reflex as rx
from reflex.app import EventNamespace

from llm_ui.config import get_settings
from llm_ui.security.text import storable
from llm_ui.security.tokens import keyed_hash
from llm_ui.states.handshake import session_token

MOST_NESTED = 20

logger = logging.getLogger(__name__)


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
        if _is_event(data):
            await super().on_event(sid, _whole(data))
        else:
            logger.warning("something that is no event was dropped")


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
