"""API keys: the user's own on the account page, and all users' keys for administrators."""

from __future__ import annotations

import reflex as rx

from llm_ui.errors import InvalidInput
from llm_ui.schemas.accounts.api_keys import KeyItem, NewKey
from llm_ui.services.accounts import api_keys
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import Searching, Slice

FORM, SHOWN = "key-dialog", "key-shown"
NEVER = "never"


def _hand_over(fresh: NewKey) -> Reply:
    """Show a new key to the user who created it. It is sent to this tab once and not stored in a
    var, so a later hydrate doesn't include it."""
    return browser.hand(SHOWN, fresh.key)


class KeysState(rx.State):
    """The user's own keys."""

    keys: list[KeyItem] = []
    problem: str = ""

    async def _show(self) -> None:
        self.keys = await read(api_keys.list_own)

    @handler()
    async def load_keys(self) -> None:
        """on_load of the account page."""
        await self._show()
        self.problem = ""

    @handler(form="", closes=FORM)
    async def create_key(self, name: str, scope: str, days: str) -> Reply:
        """Create a key that expires after this many days, or "never"."""
        if days != NEVER and not (days.isdecimal() and len(days) < 10):
            raise InvalidInput("error.key_days", limit=api_keys.LONGEST_DAYS)
        lasts = None if days == NEVER else int(days)
        fresh = await write(api_keys.create_key, name, [scope], lasts, never_expires=days == NEVER)
        await self._show()
        return _hand_over(fresh)

    @handler()
    async def rotate_key(self, key_id: str) -> Reply:
        """Give a key a new secret."""
        fresh = await write(api_keys.rotate_key, key_id)
        await self._show()
        return _hand_over(fresh)

    @handler()
    async def revoke_key(self, key_id: str) -> None:
        """Revoke a key permanently."""
        await write(api_keys.revoke_key, key_id)
        await self._show()


class AllKeysState(Searching, rx.State):
    """Everybody's keys, for administrators."""

    items: list[KeyItem] = []

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        return await read(api_keys.list_all, query=self.query, cursor=cursor, limit=limit)

    @handler("admin")
    async def load_all_keys(self) -> None:
        """on_load of the page."""
        self.query = ""
        await self._list()

    @handler("admin")
    async def revoke_any_key(self, key_id: str) -> None:
        """Revoke anybody's key permanently."""
        ended = await write(api_keys.revoke_any, key_id)
        self.items = [ended if each.id == key_id else each for each in self.items]
