"""API keys: one's own on the account page, and everybody's for admins."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, InvalidInput, PasswordNeeded
from llm_ui.schemas.keys import KeyItem, NewKey
from llm_ui.services import api_keys
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.confirming import ask_password
from llm_ui.states.feedback import tell, words_of

FORM, SHOWN = "key-dialog", "key-shown"
NEVER = "never"


def _hand_over(fresh: NewKey) -> Any:
    """Put a fresh key before the person who made it. It goes to this tab once and stands
    in no var: whoever hydrates the page later does not get it."""
    return browser.call("key", FORM, SHOWN, fresh.key)


class KeysState(rx.State):
    """The person's own keys."""

    keys: list[KeyItem] = []
    problem: str = ""
    forms: int = 0

    async def _show(self) -> None:
        async with unit_of_work(writes=False) as session:
            self.keys = await api_keys.list_own(session, current_actor())
        self.problem = ""

    @rx.event
    async def load_keys(self) -> None:
        """on_load of the account page."""
        await self._show()

    @rx.event
    async def create_key(self, name: str, scope: str, days: str) -> Any:
        """Make a key that expires in so many days, or "never"."""
        try:
            if days != NEVER and not (days.isdecimal() and len(days) < 10):
                raise InvalidInput("error.key_days", limit=api_keys.LONGEST_DAYS)
            async with unit_of_work() as session:
                fresh = await api_keys.create_key(
                    session, current_actor(), name, [scope],
                    None if days == NEVER else int(days), never_expires=days == NEVER,
                )  # fmt: skip
        except PasswordNeeded:
            return await ask_password(self, KeysState.create_key, name, scope, days)
        except AppError as error:
            self.problem = words_of(error)
            return None
        self.forms += 1
        await self._show()
        return _hand_over(fresh)

    @rx.event
    async def rotate_key(self, key_id: str) -> Any:
        """Give a key another secret."""
        try:
            async with unit_of_work() as session:
                fresh = await api_keys.rotate_key(session, current_actor(), key_id)
        except PasswordNeeded:
            return await ask_password(self, KeysState.rotate_key, key_id)
        except AppError as error:
            return tell(error)
        await self._show()
        return _hand_over(fresh)

    @rx.event
    async def revoke_key(self, key_id: str) -> Any:
        """End a key for good."""
        try:
            async with unit_of_work() as session:
                await api_keys.revoke_key(session, current_actor(), key_id)
        except AppError as error:
            return tell(error)
        await self._show()
        return None


class AllKeysState(rx.State):
    """Everybody's keys, for admins."""

    loaded: bool = False
    keys: list[KeyItem] = []
    query: str = ""
    has_more: bool = False
    _next: str = ""

    async def _page(self, cursor: str | None) -> None:
        async with unit_of_work(writes=False) as session:
            page = await api_keys.list_all(
                session, current_actor(), query=self.query, cursor=cursor
            )
        self.keys = [*self.keys, *page.items] if cursor else page.items
        self._next = page.next_cursor or ""
        self.has_more, self.loaded = bool(self._next), True

    @rx.event
    @admin
    async def load_all_keys(self) -> None:
        """on_load of the page."""
        self.query = ""
        await self._page(None)

    @rx.event
    @admin
    async def look_for_keys(self, query: str) -> None:
        """Show what holds these words."""
        self.query = query[:200]
        await self._page(None)

    @rx.event
    @admin
    async def load_more_keys(self) -> None:
        """Add the next page."""
        if self._next:
            await self._page(self._next)

    @rx.event
    @admin
    async def revoke_any_key(self, key_id: str) -> Any:
        """End anybody's key for good."""
        try:
            async with unit_of_work() as session:
                ended = await api_keys.revoke_any(session, current_actor(), key_id)
        except AppError as error:
            return tell(error)
        self.keys = [ended if each.id == key_id else each for each in self.keys]
        return None
