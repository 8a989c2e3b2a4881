"""Reading a model's answer: raw bytes in, typed events out.

`read_answer` is the one loop behind every adapter; an adapter brings the request, a
splitter for its protocol's framing and a parser for its events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Protocol

import httpx

from llm_ui.errors import ProviderCutOff, ProviderError, ProviderGarbage, ProviderTimeout
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Timeouts, Token, Usage
from llm_ui.wire.http import Call, Retry, Upstream, open_stream
from llm_ui.wire.sse import Splitter, WireEvent

LINGER_SECONDS = 2.0


class Parser(Protocol):
    """One answer's parser; it lives as long as the answer.

    `finished` turns true when the upstream has given the reason for which it stopped:
    what may still come (usage, a farewell) is waited for briefly and can be missed.
    """

    @property
    def finished(self) -> bool: ...

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """The events in one piece of the stream; Done when it says that it is over.
        Raises ProviderError (ProviderGarbage for a known field of the wrong type)."""
        ...

    def end(self) -> Iterable[StreamEvent]:
        """The end of a stream that is `finished` but did not say so: Usage, Done."""
        ...


def ending(usage: Usage | None, done: Done) -> tuple[StreamEvent, ...]:
    """The last events of an answer."""
    return (done,) if usage is None or usage == Usage() else (usage, done)


async def read_answer(
    client: httpx.AsyncClient,
    call: Call,
    timeouts: Timeouts,
    splitter: Splitter,
    parser: Parser,
    retry: Retry | None = None,
) -> AsyncGenerator[StreamEvent]:
    """Yield an answer's events as they come; Done is the last.

    Closing the generator, or cancelling its task, closes the upstream's socket.

    Raises:
        ProviderError: what went wrong; the events before it have been yielded.
    """
    async with open_stream(client, call, timeouts, retry) as upstream:
        lingering = False
        while True:
            chunk = await _read(upstream, parser)
            pieces = splitter.feed(chunk) if chunk else splitter.flush()
            for event in together(_feed(parser, pieces, complete=bool(chunk))):
                if type(event) is Token or type(event) is Reasoning:
                    upstream.progress()
                yield event
                if type(event) is Done:
                    await upstream.drain()
                    return
            if not chunk:
                if not parser.finished:
                    raise ProviderCutOff
                for event in parser.end():
                    yield event
                return
            if parser.finished and not lingering:
                lingering = True
                upstream.shorten(LINGER_SECONDS)


def together(events: Iterable[StreamEvent]) -> Iterator[StreamEvent]:
    """The same events with neighbouring pieces of one kind as one: what came in one read
    is one step for everybody behind. What came before an error is given before it is raised.
    """
    kind: type[Token | Reasoning] = Token
    texts: list[str] = []
    failure: ProviderError | None = None
    source = iter(events)
    while True:
        try:
            event = next(source, None)
        except ProviderError as error:
            event, failure = None, error
        if type(event) is Token or type(event) is Reasoning:
            if texts and type(event) is not kind:
                yield kind("".join(texts))
                texts.clear()
            kind = type(event)
            texts.append(event.text)
            continue
        if texts:
            yield kind("".join(texts))
            texts.clear()
        if event is None:
            break
        yield event
    if failure is not None:
        raise failure


async def _read(upstream: Upstream, parser: Parser) -> bytes:
    try:
        return await upstream.read()
    except (ProviderCutOff, ProviderTimeout):
        if parser.finished:
            return b""  # all that mattered has come
        raise


def _feed(parser: Parser, pieces: Iterable[WireEvent], complete: bool) -> Iterator[StreamEvent]:
    for piece in pieces:
        try:
            yield from parser.feed(piece)
        except ProviderGarbage:
            if complete:
                raise
            raise ProviderCutOff from None  # half a line: the body broke off in it
