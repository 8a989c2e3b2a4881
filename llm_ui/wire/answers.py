"""Reading a model's answer: raw bytes in, typed events out.

`read_answer` is the loop behind every adapter; an adapter supplies the request and a parser for its
protocol's objects. The framing is detected (see wire/framing.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Protocol

import httpx

from llm_ui.enums import FinishReason
from llm_ui.errors import (
    EmptyAnswer,
    ProviderCutOff,
    ProviderError,
    ProviderGarbage,
    ProviderTimeout,
)
from llm_ui.wire.events import Done, Reasoning, StreamEvent, Timeouts, Token, Usage
from llm_ui.wire.failures import detail_of, error_in_stream
from llm_ui.wire.fields import mended
from llm_ui.wire.framing import Framing
from llm_ui.wire.http import Call, Retry, Upstream, open_stream, without_secrets
from llm_ui.wire.sse import WireEvent

LINGER_SECONDS = 2.0


class Parser(Protocol):
    """The parser for a single answer.

    `finished` becomes true once the upstream has sent its finish reason: the data that may still
    follow (usage, an end-of-stream marker) is waited for briefly and may be missing. `called_tool`
    says that the model tried to use a tool; `words` is a message that was found in place of a piece
    of the answer, or "".
    """

    @property
    def finished(self) -> bool: ...

    @property
    def called_tool(self) -> bool: ...

    @property
    def words(self) -> str: ...

    def feed(self, event: WireEvent) -> Iterable[StreamEvent]:
        """The events in one piece of the stream; Done when the stream says that it is complete.
        Raises ProviderError (ProviderGarbage for invalid JSON)."""
        ...

    def end(self) -> Iterable[StreamEvent]:
        """Usage and Done for a stream that is `finished` but did not say so itself."""
        ...


def ending(usage: Usage | None, done: Done) -> tuple[StreamEvent, ...]:
    """The last events of an answer."""
    return (done,) if usage is None or usage == Usage() else (usage, done)


async def read_answer(
    client: httpx.AsyncClient,
    call: Call,
    timeouts: Timeouts,
    parser: Parser,
    retry: Retry | None = None,
) -> AsyncGenerator[StreamEvent]:
    """Yield an answer's events as they arrive; Done is the last.

    Closing the generator, or canceling its task, closes the connection to the model server.

    Raises:
        ProviderError: the request failed; the events before the failure have been yielded.
    """
    hearing = Hearing(parser)
    async with open_stream(client, call, timeouts, retry, any_type=True) as upstream:
        lingering = False
        try:
            while True:
                chunk = await _read(upstream, parser)
                for event in hearing.take(chunk):
                    kind = type(event)
                    if kind is Token or kind is Reasoning:
                        upstream.progress()
                    yield event
                    if kind is Done:
                        if chunk:
                            await upstream.drain()
                        return
                if parser.finished and not lingering:
                    lingering = True
                    upstream.shorten(LINGER_SECONDS)
        except ProviderError as error:
            if detail := error.detail:
                error.params["detail"] = without_secrets(detail, call)
            raise


class Hearing:
    """The state of reading one answer: bytes in, events out.

    An unreadable frame is skipped as long as others are readable: it counts as the cause of the
    failure only if the answer has no end, or no text.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._framing = Framing()
        self._said = False
        self._unread: ProviderGarbage | None = None
        self._half: Token | Reasoning | None = None

    def take(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events that a chunk of the body completes. b"" marks the end of the body: then Done
        follows, or ProviderError if the answer is incomplete."""
        for event in self._mended(together(self._events(chunk))):
            kind = type(event)
            if kind is Token or kind is Reasoning:
                self._said = True
            elif kind is Done and not self._said:
                yield self._silence(event)
                return
            yield event

    def _events(self, chunk: bytes) -> Iterator[StreamEvent]:
        if chunk:
            yield from self._feed(self._framing.feed(chunk))
            return
        # An unreadable last frame was merely truncated.
        yield from self._feed(self._framing.flush(), is_last=True)
        if not self._parser.finished:
            raise self._failure()
        yield from self._parser.end()

    def _feed(self, pieces: Iterator[WireEvent], *, is_last: bool = False) -> Iterator[StreamEvent]:
        for piece in pieces:
            try:
                yield from self._parser.feed(piece)
            except ProviderGarbage as error:
                self._unread = self._unread or (None if is_last else error)

    def _silence(self, done: StreamEvent) -> StreamEvent:
        """The end of an answer without text: raise the error, if the upstream gave a reason."""
        if self._parser.called_tool:
            return Done(FinishReason.TOOL)
        if self._parser.words or self._unread:
            raise self._failure()
        return done

    def _failure(self) -> ProviderError:
        """Why the body ended without saying that the answer was complete."""
        if self._said:
            return self._unread or ProviderCutOff()
        if self._parser.words:
            return error_in_stream(self._parser.words)
        if self._framing.is_text:
            # For a web page, this is its title.
            words = detail_of(self._framing.head)
            return (
                error_in_stream(words)
                if words
                else ProviderGarbage("a web page instead of an API response")
            )
        if self._framing.is_empty:
            return EmptyAnswer()
        return self._unread or ProviderCutOff()

    def _mended(self, events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
        """The same events, with surrogate pairs joined that were split across two pieces."""
        for event in events:
            if type(event) is not Token and type(event) is not Reasoning:
                if self._half is not None:
                    yield from self._whole(type(self._half)(""))
                yield event
            elif self._half is None and event.text.isascii():
                yield event
            else:
                yield from self._whole(event)

    def _whole(self, event: Token | Reasoning) -> Iterator[Token | Reasoning]:
        kind, text = type(event), event.text
        if (half := self._half) is not None:
            self._half = None
            if type(half) is kind:
                text = half.text + text
            else:
                yield type(half)(mended(half.text))
        if event.text and "\ud800" <= text[-1] <= "\udbff":
            self._half = kind(text[-1])
            text = text[:-1]
        if text:
            yield kind(mended(text))


def together(events: Iterable[StreamEvent]) -> Iterator[StreamEvent]:
    """Merge adjacent pieces of the same kind, so that each read is a single step downstream. Events
    before an error are yielded before it is raised."""
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
            return b""  # all that matters has arrived
        raise
