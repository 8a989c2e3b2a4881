"""Failover between several addresses of one provider, behind the Provider protocol plus Via events.

Addresses are tried in order, recently failed ones last. If an address fails before the first event
of an answer, the next one is tried; after that, the answer continues at the address where it
started. A failed address is skipped for a while; then a single answer tries it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

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
from llm_ui.providers.base import ImageProvider, Provider
from llm_ui.wire.events import (
    ChatRequest,
    ImageRequest,
    ModelInfo,
    Picture,
    StreamEvent,
    Usage,
    Via,
)

T = TypeVar("T")
SKIP_S = 30.0
LONGEST_SKIP_S = 300.0
# 401 and 402 are about an address's own key. Any other refusal is about the request, and would be
# the same elsewhere.
_OWN_REFUSALS = (401, 402)


@dataclass(slots=True, eq=False)
class Route:
    """One address with its adapter. `key` is any value that identifies it to its owner.

    `failures` counts failures since the last success; until `closed_until` (in seconds of the event
    loop's clock) the other addresses are tried first.
    """

    key: str
    address: str
    provider: Provider
    failures: int = 0
    closed_until: float = 0.0
    is_unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """How an address answered a request for its models: with a list, or with `error`."""

    route: Route
    models: list[ModelInfo]
    latency_ms: int
    error: ProviderError | None = None


Note = Callable[[Route, ProviderError | None], None]


def may_be_asked_elsewhere(error: ProviderError) -> bool:
    """Whether another address of the same provider might succeed."""
    match error:
        case ProviderTimeout():
            return error.phase != "total"
        case ProviderUnreachable() | ProviderOverloaded() | ProviderCutOff() | ProviderGarbage():
            return True
        case ProviderRefused():
            return error.params.get("status") in _OWN_REFUSALS
        case ModelUnavailable():
            return False
    # What remains besides the specific errors: 5xx, or an error object in the stream.
    return type(error) is ProviderError and error.params.get("status", 500) >= 500


def has_made_nothing(error: ProviderError) -> bool:
    """Whether it is safe to retry an image elsewhere: the failed request cannot have been
    charged."""
    if isinstance(error, ProviderTimeout):
        return error.phase == "connect"
    is_unsure = isinstance(error, ProviderCutOff | ProviderGarbage) or type(error) is ProviderError
    return not is_unsure and may_be_asked_elsewhere(error)


class Several:
    """See providers.base.Provider; also used for providers with a single address.

    Args:
        routes: at least one, in the order in which they are tried.
        note: called when an address has failed and the next one is tried, and (with None) when an
            address that had failed answers again.
        on_lost: called when an answer could not reach any address, and at least one of them was
            still reachable before.
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
        """See Provider; the list of the first address that answers."""
        with self._in_use():
            for number, route in enumerate(order := self._order(), 1):
                try:
                    return await route.provider.models()
                except ProviderError:
                    if number == len(order):
                        raise
        raise AssertionError("no address")

    async def ask_each(self) -> list[Answered]:
        """Ask all addresses for their models concurrently; results are in the order of the
        addresses."""
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
            # An unreachable address is reachable again. An overloaded one may still be overloaded.
            _open(route)
        return Answered(route, models, latency, failure)

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent | Via]:
        """See Provider. Yields Via before each address it tries, if there are several."""
        return self._asked(lambda provider: provider.stream(request), may_be_asked_elsewhere)

    def make_images(self, request: ImageRequest) -> AsyncGenerator[Picture | Usage | Via]:
        """See ImageProvider; like `stream`, but an image that may have been made is not retried."""
        return self._asked(
            lambda provider: cast(ImageProvider, provider).make_images(request), has_made_nothing
        )

    async def _asked(
        self,
        ask: Callable[[Provider], AsyncGenerator[T]],
        may_go_on: Callable[[ProviderError], bool],
    ) -> AsyncGenerator[T | Via]:
        with self._in_use():
            for number, route in enumerate(order := self._order(), 1):
                if len(order) > 1:
                    yield Via(route.address)
                self._try(route)
                started = False
                try:
                    async with aclosing(ask(route.provider)) as events:
                        async for event in events:
                            if not started:
                                started = True
                                self._worked(route)
                            yield event
                    return
                except ProviderError as error:
                    if started or not may_go_on(error):
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
            # One answer tests whether it is back; the others do not wait along with it.
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
        """Close as soon as the answers in progress have ended."""
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
