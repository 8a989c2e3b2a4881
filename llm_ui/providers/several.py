"""Several addresses of one provider behind the Provider protocol, with one event more.

They are asked in their order, those that failed lately last. As long as nothing of an answer
has come, the next one is asked when one fails; after that the answer stays where it began.
An address that has failed is left alone for a while; then one answer tries it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from llm_ui.errors import (
    ModelUnavailable,
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnreachable,
)
from llm_ui.providers.base import Provider
from llm_ui.wire.events import ChatRequest, ModelInfo, StreamEvent, Via

SKIP_S = 30.0
LONGEST_SKIP_S = 300.0
# 401 and 402 are about an address's own key. Any other refusal is about what was asked, and
# would be the same elsewhere.
_OWN_REFUSALS = (401, 402)


@dataclass(slots=True, eq=False)
class Route:
    """One address with its adapter. `key` is whatever its owner knows it by.

    `failures` are those since it last answered; until `closed_until` (seconds of the event
    loop's clock) others are asked before it.
    """

    key: str
    address: str
    provider: Provider
    failures: int = 0
    closed_until: float = 0.0
    is_unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """How an address answered when it was asked for its models: with them, or `error`."""

    route: Route
    models: list[ModelInfo]
    latency_ms: int
    error: ProviderError | None = None


Note = Callable[[Route, ProviderError | None], None]


def may_be_asked_elsewhere(error: ProviderError) -> bool:
    """Whether another address of the same provider might do better."""
    match error:
        case ProviderTimeout():
            return error.phase != "total"
        case ProviderUnreachable() | ProviderOverloaded() | ProviderCutOff() | ProviderGarbage():
            return True
        case ProviderRefused():
            return error.params.get("status") in _OWN_REFUSALS
        case ModelUnavailable():
            return False
    # Beside errors with a kind of their own: 5xx, or an error object in the stream.
    return type(error) is ProviderError and error.params.get("status", 500) >= 500


class Several:
    """See providers.base.Provider; also for a provider with one address only.

    Args:
        routes: at least one, in the order in which they are asked.
        note: told when an address has failed and another one is asked, and (with None) when
            an address that had failed answers again.
        on_lost: called when an answer finds nobody at any address, and one of them was still
            there before.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        note: Note | None = None,
        on_lost: Callable[[], None] | None = None,
    ) -> None:
        self.routes = tuple(routes)
        self._note = note or _say_nothing
        self._on_lost = on_lost
        self._users = 0
        self._is_retired = False
        self._closing: asyncio.Task[None] | None = None

    async def models(self) -> list[ModelInfo]:
        """See Provider: of the first address that answers."""
        with self._in_use():
            for number, route in enumerate(order := self._order(), 1):
                try:
                    return await route.provider.models()
                except ProviderError:
                    if number == len(order):
                        raise
        raise AssertionError("no address")

    async def ask_each(self) -> list[Answered]:
        """Ask every address for its models, all at once; in their order."""
        with self._in_use():
            return list(await asyncio.gather(*map(self._ask, self.routes)))

    async def _ask(self, route: Route) -> Answered:
        began = time.monotonic()
        models: list[ModelInfo] = []
        failure = None
        try:
            models = await route.provider.models()
        except ProviderError as error:
            failure = error
        latency = int((time.monotonic() - began) * 1000)
        if failure is not None:
            self._close_for_a_while(route, failure)
        elif route.is_unreachable:
            # What was not there is there again. One that was overloaded may still be.
            _open(route)
        return Answered(route, models, latency, failure)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent | Via]:
        """See Provider. Before each address it says which one, if there are several."""
        with self._in_use():
            for number, route in enumerate(order := self._order(), 1):
                if len(order) > 1:
                    yield Via(route.address)
                self._try(route)
                started = False
                try:
                    async with aclosing(route.provider.stream(request)) as events:
                        async for event in events:
                            if not started:
                                started = True
                                self._worked(route)
                            yield event
                    return
                except ProviderError as error:
                    if started or not may_be_asked_elsewhere(error):
                        raise
                    self._close_for_a_while(route, error)
                    if number == len(order):
                        self._tell_if_lost()
                        raise
                    self._note(route, error)

    def _order(self) -> list[Route]:
        now = asyncio.get_running_loop().time()
        closed = [route for route in self.routes if route.closed_until > now]
        closed.sort(key=lambda route: (route.failures, route.closed_until))
        return [route for route in self.routes if route.closed_until <= now] + closed

    def _try(self, route: Route) -> None:
        if route.failures:
            # One answer finds out whether it is back; the others do not wait with it.
            self._shut(route)

    def _worked(self, route: Route) -> None:
        if route.failures:
            _open(route)
            self._note(route, None)

    def _tell_if_lost(self) -> None:
        is_lost = all(each.is_unreachable for each in self.routes)
        if self._on_lost and is_lost and any(each.failures == 1 for each in self.routes):
            self._on_lost()

    def _close_for_a_while(self, route: Route, error: ProviderError) -> None:
        route.failures += 1
        route.is_unreachable = isinstance(error, ProviderUnreachable) or (
            isinstance(error, ProviderTimeout) and error.phase == "connect"
        )
        self._shut(route)

    def _shut(self, route: Route) -> None:
        pause = min(LONGEST_SKIP_S, SKIP_S * 2 ** (min(route.failures, 10) - 1))
        route.closed_until = asyncio.get_running_loop().time() + pause

    # --- the end ------------------------------------------------------------------

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._close_if_idle()

    def retire(self) -> None:
        """Close once the answers that are under way have ended."""
        self._is_retired = True
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._is_retired and not self._users and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self.aclose())

    async def aclose(self) -> None:
        """See Provider."""
        for route in self.routes:
            await route.provider.aclose()


def _say_nothing(route: Route, error: ProviderError | None) -> None:  # noqa: ARG001
    return


def _open(route: Route) -> None:
    route.failures, route.closed_until, route.is_unreachable = 0, 0.0, False
