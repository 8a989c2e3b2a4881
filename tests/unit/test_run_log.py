"""The log of a run: read from any position, in any cut, it is the same text."""

import random

import pytest

from llm_ui.generation.log import JOIN_AT, Piece, RunLog, grown, joined, short_number


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
    for kind, payload in [
        ("reasoning", "a"),
        ("text", "b"),
        ("source", "{}"),
        ("text", "c"),
        ("thought", ""),
        ("text", "d"),
        ("reasoning", "e"),
    ]:
        log.append(kind, payload)
    assert (log.whole("text"), log.whole("reasoning")) == ("d", "abce")
    assert log.since(3) == [
        Piece(3, "text", "c"),
        Piece(4, "thought", ""),
        Piece(5, "text", "d"),
        Piece(6, "reasoning", "e"),
    ]
    assert log.since(5)[0] == Piece(5, "text", "d")
    assert grown("x", "y", log.since(3)) == ("d", "yxce")


def test_a_runs_number_is_never_the_empty_one():
    assert all(short_number(str(n)) for n in range(1000))


@pytest.mark.parametrize("seed", range(4))
def test_single_characters_become_few_pieces_and_every_position_still_holds(seed):
    """A malicious model server sending huge tokens, or four million tiny ones."""
    rng = random.Random(seed)
    log, said = RunLog(), ""
    for number in range(20_000):
        kind = "source" if number % 5000 == 4999 else "text"
        log.append(kind, "{}" if kind == "source" else chr(97 + number % 26))
        said += "\0" if kind == "source" else chr(97 + number % 26)
    assert log.count < 2 * JOIN_AT
    assert log.length == len(said)
    for _ in range(200):
        position = rng.randrange(log.length)
        found = log.since(position)
        assert found[0].start == position
        assert found[-1].end == log.length
        text = "".join("\0" if each.kind == "source" else each.payload for each in found)
        assert text == said[position:]


def test_a_follower_reads_each_character_once_however_pieces_were_joined():
    rng = random.Random(1)
    log, position, got = RunLog(), 0, []
    for number in range(5000):
        log.append("text", chr(97 + number % 26))
        if rng.random() < 0.01:
            for piece in log.since(position):
                assert piece.start == position
                got.append(piece.payload)
                position = piece.end
    got += [each.payload for each in log.since(position)]
    assert "".join(got) == log.whole("text")
