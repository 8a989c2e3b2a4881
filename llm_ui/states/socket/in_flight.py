"""The unfinished events of each tab, and how many of them are accepted.

Reflex queues any number of events for a tab, including all of their data, while the tab is busy
with another event. Here, nothing more is read from a tab's socket while the tab has too many
events: the remaining data waits in the network, and nothing is lost.
"""

from __future__ import annotations

import asyncio
from typing import Any

from llm_ui import reflex_internals

# How many unfinished events a tab may have, how many characters they may have in total, and how
# often to check whether its socket is still open.
MOST_EVENTS, MOST_CHARACTERS, CHECK_SOCKET_S = 50, 2_000_000, 1.0


class InFlight:
    """Counts unfinished events by tab."""

    def __init__(self) -> None:
        self._tabs: dict[str, _Tab] = {}

    def __len__(self) -> int:
        """The number of tabs with unfinished events."""
        return len(self._tabs)

    async def room_for_more(self, sid: str, name: str, size: int) -> None:
        """Count the event that was just enqueued for a tab, and wait while the tab has too many.

        Args:
            sid: the socket it came from; once that is closed, there is no need to wait.
            name: the tab's name.
            size: how many characters it holds.
        """
        tab = self._tabs.get(name) or _Tab()
        event = reflex_internals.latest_event()
        if event is not None and not event.done():
            self._tabs[name] = tab
            tab.add(event, size)
            event.add_done_callback(lambda event: self._finished(name, tab, event, size))
        while tab.is_full and (socket := reflex_internals.engine_socket(sid)) is not None:
            if socket.closed:
                break
            await asyncio.wait(
                tab.events, timeout=CHECK_SOCKET_S, return_when=asyncio.FIRST_COMPLETED
            )

    def _finished(self, name: str, tab: _Tab, event: asyncio.Future[Any], size: int) -> None:
        tab.remove(event, size)
        if event.cancelled():
            # A newer one has superseded it.
            reflex_internals.drop_cancelled(name)
        if not tab.events and self._tabs.get(name) is tab:
            del self._tabs[name]


class _Tab:
    """A tab's unfinished events, and how many characters they hold."""

    def __init__(self) -> None:
        self.events: set[asyncio.Future[Any]] = set()
        self._characters = 0

    @property
    def is_full(self) -> bool:
        """Whether no more should be accepted for now."""
        is_large = self._characters > MOST_CHARACTERS and bool(self.events)
        return is_large or len(self.events) >= MOST_EVENTS

    def add(self, event: asyncio.Future[Any], size: int) -> None:
        self.events.add(event)
        self._characters += size

    def remove(self, event: asyncio.Future[Any], size: int) -> None:
        self.events.discard(event)
        self._characters -= size
