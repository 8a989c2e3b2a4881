"""The log of a run: read from any position, in any cut, it is the same text."""

import random

from llm_ui.generation.log import Piece, RunLog, grown, joined, short_number


def filled(seed: int) -> tuple[RunLog, list[tuple[str, str]]]:
    rng = random.Random(seed)
    log, said = RunLog(), []
    for _ in range(200):
        kind = rng.choice(["text", "text", "text", "reasoning", "source"])
        payload = "{}" if kind == "source" else "äb😀c"[: rng.randint(1, 4)]
        log.append(kind, payload)
        said.append((kind, payload))
    return log, said


def test_reading_in_random_steps_gives_everything_once_and_in_order():
    for seed in range(20):
        log, said = filled(seed)
        rng = random.Random(seed)
        position, got = 0, []
        while position < log.length:
            pieces = log.since(position)
            take = pieces[: rng.randint(1, len(pieces))]
            got += take
            position = take[-1].end
        flat = [(p.kind, c) for p in got for c in (p.payload if p.kind != "source" else ["{}"])]
        want = [(k, c) for k, text in said for c in (text if k != "source" else ["{}"])]
        assert flat == want


def test_a_position_in_the_middle_of_a_piece_gives_the_rest_of_it():
    log = RunLog()
    log.append("text", "Hello ")
    log.append("text", "world")
    assert log.since(3) == [Piece(3, "text", "lo world")]
    assert log.since(11) == []
    assert log.whole("text") == "Hello world"


def test_neighbours_of_one_kind_become_one_piece():
    pieces = [Piece(0, "text", "a"), Piece(1, "text", "b"), Piece(2, "reasoning", "c")]
    assert joined(pieces) == [Piece(0, "text", "ab"), Piece(2, "reasoning", "c")]


def test_text_that_turns_out_to_have_been_thinking_counts_as_that():
    log = RunLog()
    for kind, payload in [("reasoning", "a"), ("text", "b"), ("source", "{}"), ("text", "c"),
                          ("thought", ""), ("text", "d"), ("reasoning", "e")]:  # fmt: skip
        log.append(kind, payload)
    assert (log.whole("text"), log.whole("reasoning")) == ("d", "abce")
    assert log.since(3) == [
        Piece(3, "text", "c"), Piece(4, "thought", ""), Piece(5, "text", "d"),
        Piece(6, "reasoning", "e"),
    ]  # fmt: skip
    assert log.since(5)[0] == Piece(5, "text", "d")
    assert grown("x", "y", log.since(3)) == ("d", "yxce")


def test_a_runs_number_is_never_the_empty_one():
    assert all(short_number(str(n)) for n in range(1000))
