"""Paged lists of the admin pages, with search and filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import reflex as rx

from llm_ui.states.handlers import handler

PAGE = 50
QUERY_LIMIT = 200


class Slice(Protocol):
    """A page of a list, as returned by services."""

    @property
    def items(self) -> Sequence[Any]:
        """The rows of the page."""

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page; None on the last page."""


class Listing(rx.State, mixin=True):
    """The rows shown, and whether there are more. Subclasses declare `items` with the rows' type,
    and load pages in `_read`."""

    items: list[Any] = []
    loaded: bool = False
    has_more: bool = False
    _next: str = ""

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        """Load the page after the cursor, or the first one."""
        raise NotImplementedError

    async def _list(self, *, again: bool = False) -> None:
        """Show the first page or, with `again`, as many rows as are already shown."""
        self._take(await self._read(None, max(len(self.items), PAGE) if again else PAGE))

    def _take(self, page: Slice, *, more: bool = False) -> None:
        known = {each.id for each in self.items} if more else set()
        fresh = [each for each in page.items if each.id not in known]
        self.items = [*self.items, *fresh] if more else fresh
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)
        self.loaded = True

    @handler("admin")
    async def load_more(self) -> None:
        """Load the next page."""
        if self._next:
            self._take(await self._read(self._next, PAGE), more=True)


class Searching(Listing, mixin=True):
    """A list with a search field."""

    query: str = ""

    @handler("admin")
    async def look_for(self, query: str) -> None:
        """Search for these words; an empty query shows everything."""
        self.query = query[:QUERY_LIMIT]
        await self._list()


class Filtering(Searching, mixin=True):
    """A list that also has filters: the vars named by `_choices`."""

    # The search field keeps its own text: incrementing this recreates it.
    cleared: int = 0

    def _choices(self) -> Mapping[str, Collection[str]]:
        """The vars that filter or sort the list, with the values each may have; "" means no
        filter."""
        raise NotImplementedError

    @handler("admin")
    async def narrow(self, name: str, value: str) -> None:
        """Set one of the filters."""
        if value in self._choices().get(name, ()):
            setattr(self, name, value)
            await self._list()

    @handler("admin")
    async def clear_filters(self) -> None:
        """Clear the search and all filters."""
        self.query = ""
        for name, values in self._choices().items():
            if "" in values:
                setattr(self, name, "")
        self.cleared += 1
        await self._list()
