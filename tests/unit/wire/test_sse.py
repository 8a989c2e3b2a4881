"""The splitters: whatever way the bytes are cut, the events are the same."""

from __future__ import annotations

import pytest

from llm_ui.errors import ProviderGarbage
from llm_ui.wire.sse import LineSplitter, Splitter, SseSplitter, WireEvent


def split(splitter: Splitter, *chunks: bytes) -> list[tuple[str, bytes]]:
    found = [tuple(e) for chunk in chunks for e in splitter.feed(chunk)]
    return found + [tuple(e) for e in splitter.flush()]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_line_ending_of_the_standard_ends_a_line(end: bytes) -> None:
    stream = end.join([b"event: token", b"data: 1", b"", b"data: 2", b"", b""])
    assert split(SseSplitter(), stream) == [("token", b"1"), ("", b"2")]


STREAM = (
    b"\xef\xbb\xbf: hello\r\nid: 7\r\nretry: 250\r\n\r\nevent:token\ndata:a\ndata: b\n\n"
    b"data\n\nevent: lost\n\ndata: \xf0\x9f\x99\x82\xe6\x97\xa5\r\ndata:  x\r\n\r\ndata: cut off"
)
EVENTS = [("token", b"a\nb"), ("", b""), ("", "🙂日\n x".encode())]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_events_do_not_depend_on_how_the_bytes_are_cut(size: int) -> None:
    splitter = SseSplitter()
    chunks = [STREAM[i : i + size] for i in range(0, len(STREAM), size)]
    assert split(splitter, *chunks) == EVENTS
    assert (splitter.last_id, splitter.retry) == ("7", 250)


def test_an_event_is_given_out_with_the_chunk_that_completes_it() -> None:
    splitter = SseSplitter()
    assert list(splitter.feed(b"data: 1\r\n\r")) == [WireEvent("", b"1")]
    assert list(splitter.feed(b"\ndata: 2\n")) == []
    assert list(splitter.feed(b"\n")) == [WireEvent("", b"2")]


def test_an_unfinished_event_at_the_end_does_not_count() -> None:
    assert split(SseSplitter(), b"data: 1\n\ndata: 2\n") == [("", b"1")]


@pytest.mark.parametrize("chunk", [1_000, 64_000, 10_000_000])
def test_a_line_over_the_limit_is_garbage_after_the_events_before_it(chunk: int) -> None:
    """A malicious model server sending endless lines or huge tokens."""
    stream = b"data: 1\n\ndata: " + b"x" * 1_000_001 + b"\n\n"
    splitter = SseSplitter()
    found = []

    def read() -> None:
        for start in range(0, len(stream), chunk):
            for event in splitter.feed(stream[start : start + chunk]):
                found.append(event.data)

    with pytest.raises(ProviderGarbage):
        read()
    assert found == [b"1"]


def test_many_lines_that_make_one_huge_event_are_garbage() -> None:
    with pytest.raises(ProviderGarbage):
        split(SseSplitter(limit=1000), *([b"data: " + b"x" * 90 + b"\n"] * 20))


def test_an_event_name_that_is_not_utf8_is_garbage() -> None:
    with pytest.raises(ProviderGarbage):
        split(SseSplitter(), b"event: \xff\n")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_ndjson_lines_the_last_one_unended(size: int) -> None:
    stream = b'{"a": 1}\r\n\n  \n{"b": "\xe6\x97\xa5"}\n{"c": 3}'
    chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
    assert [data for _, data in split(LineSplitter(), *chunks)] == [
        b'{"a": 1}',
        '{"b": "日"}'.encode(),
        b'{"c": 3}',
    ]


def test_an_ndjson_line_over_the_limit_is_garbage() -> None:
    with pytest.raises(ProviderGarbage):
        split(LineSplitter(limit=100), b"x" * 60, b"y" * 60)
