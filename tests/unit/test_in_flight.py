"""Tabs that send more events than they can handle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.event import Event
from reflex_base.event.processor.event_processor import EventProcessor
from reflex_base.registry import RegistrationContext

from llm_ui.states.socket.in_flight import MOST_CHARACTERS, MOST_EVENTS, InFlight
from tests.conftest import until

FLOOD = 2_500


class Tab:
    """A tab's socket, and Reflex's own queue behind it. `slow` takes until it is told to end; of
    `load` only the newest counts."""

    def __init__(self) -> None:
        self.processor = EventProcessor()
        self.processor.configure()
        self.may_end = asyncio.Event()
        self.ran: list[str] = []
        self.line = SimpleNamespace(closed=False)
        self.in_flight = InFlight()
        self.errors: list[Any] = []

    async def slow(self) -> None:
        await self.may_end.wait()
        self.ran.append("slow")

    async def load(self) -> None:
        self.ran.append("load")

    async def send(self, name: str, size: int = 0) -> None:
        """The socket's reader does one event after the other."""
        await self.processor.enqueue("tab", Event(name=name, payload={}))
        await self.in_flight.room_for_more("sid", "tab", size)
        await asyncio.sleep(0)

    @property
    def waiting(self) -> int:
        return len(self.processor._token_queues.get("tab", ()))

    async def quiet(self) -> None:
        await until(lambda: not len(self.in_flight))


def registered(function: Any, supersedes: bool) -> Any:
    handler = SimpleNamespace(fn=function, supersedes=supersedes, is_background=False)
    return SimpleNamespace(handler=handler, states=[None])


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    found = Tab()
    eio = SimpleNamespace(sockets={"line": found.line})
    manager = SimpleNamespace(eio_sid_from_sid=lambda *_: "line")
    app = SimpleNamespace(
        event_processor=found.processor,
        event_namespace=SimpleNamespace(namespace="/_event"),
        sio=SimpleNamespace(eio=eio, manager=manager),
    )
    context = RegistrationContext()
    context.event_handlers.update(
        slow=registered(found.slow, supersedes=False), load=registered(found.load, supersedes=True)
    )
    context._set_app(app)  # type: ignore[arg-type]
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, told: found.errors.append(told.get("exception"))
    )
    with context:
        await found.processor.start()
        yield found
        found.may_end.set()
        await found.quiet()
        await found.processor.stop()
    assert found.errors == []


async def test_superseded_events_are_not_kept_and_do_not_stop_the_tab(tab: Tab) -> None:
    """A flood of events in one tab: skipping a thousand superseded ones at once would end its
    queue for good."""
    await tab.send("slow")
    for _ in range(FLOOD):
        await tab.send("load")
    assert tab.waiting < MOST_EVENTS
    tab.may_end.set()
    await tab.quiet()
    assert tab.ran == ["slow", "load"]
    await tab.send("load")
    await tab.quiet()
    assert tab.ran == ["slow", "load", "load"]
    assert tab.waiting == 0


@pytest.mark.parametrize(
    ("size", "fitting"), [(0, MOST_EVENTS), (MOST_CHARACTERS // 4 + 1, 4), (MOST_CHARACTERS + 1, 1)]
)
async def test_a_busy_tab_has_to_wait_with_more(tab: Tab, size: int, fitting: int) -> None:
    sent: list[int] = []

    async def flood() -> None:
        for number in range(MOST_EVENTS + 10):
            await tab.send("slow", size)
            sent.append(number)

    flooding = asyncio.create_task(flood())
    await asyncio.sleep(0.1)
    # The last of them has been taken, and its sender waits.
    assert len(sent) == fitting - 1
    tab.may_end.set()
    async with asyncio.timeout(5):
        await flooding
    await tab.quiet()
    assert len(tab.ran) == MOST_EVENTS + 10


async def test_nobody_waits_for_a_socket_that_has_closed(tab: Tab) -> None:
    for _ in range(MOST_EVENTS - 1):
        await tab.send("slow")
    last = asyncio.create_task(tab.send("slow"))
    await asyncio.sleep(0.05)
    assert not last.done()
    tab.line.closed = True
    async with asyncio.timeout(5):
        await last


async def test_a_tab_without_unfinished_events_is_forgotten(tab: Tab) -> None:
    """A state for every name."""
    await tab.send("load")
    assert len(tab.in_flight) == 1
    await tab.quiet()
