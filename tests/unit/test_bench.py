"""What the benchmarks reckon with."""

from __future__ import annotations

import pytest

from bench.figures import shares, token_lags
from bench.tab import Wire


def test_a_tokens_lag_is_from_its_leaving_to_the_piece_that_held_its_end() -> None:
    # Four tokens of three characters, ten a second from 100.0 on; the third one is cut in two.
    arrivals = [(100.15, 7), (100.4, 12)]
    lags = token_lags(arrivals, [3, 6, 9, 12], 100.0, 10)
    assert [left for left, _ in lags] == pytest.approx([100.0, 100.1, 100.2, 100.3])
    assert [lag for _, lag in lags] == pytest.approx([0.15, 0.05, 0.2, 0.1])


def test_shares_are_those_of_all_tokens() -> None:
    assert shares(number / 1000 for number in range(100)) == {
        "p50": 50.0,
        "p95": 95.0,
        "p99": 99.0,
        "worst": 99.0,
    }
    assert shares([]) == {}


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
async def test_frames_are_read_however_they_are_cut(step: int) -> None:
    texts = [b"", b"short", b"x" * 125, b"y" * 126, b"z" * 70_000]
    data = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    for text in texts:
        size = len(text)
        if size < 126:
            head = bytes((129, size))
        elif size < 65536:
            head = bytes((129, 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((129, 127)) + size.to_bytes(8, "big")
        data += head + text
    got: list[bytes] = []
    wire = Wire(lambda text, _moment: got.append(text))
    for at in range(0, len(data), step):
        wire.data_received(data[at : at + step])
    assert got == texts
    assert wire.status.result() == 101
