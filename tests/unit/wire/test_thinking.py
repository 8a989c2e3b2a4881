"""Thinking written into the answer, however it is cut."""

from __future__ import annotations

import pytest

from llm_ui.wire.events import Token
from llm_ui.wire.thinking import ThinkSplitter


def split(text: str, size: int) -> tuple[str, str]:
    """What is thought and what is said, of a text in pieces of `size`."""
    splitter = ThinkSplitter()
    found = []
    for start in range(0, len(text), size):
        found += splitter.feed(text[start : start + size])
    found += splitter.end()
    assert all(each.text for each in found)
    said = "".join(each.text for each in found if type(each) is Token)
    return "".join(each.text for each in found if type(each) is not Token), said


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("<think>a b</think>c", "a b", "c"),
        ("\n <think>\na\nb\n</think>\n\n c d\n", "a\nb", "c d\n"),
        ("<thinking>a</thinking>b", "a", "b"),
        ("<THINK >a</ Think >b", "a", "b"),
        ('<think mode="deep" n=1>a</think>b', "a", "b"),
        ("<think>a < b <i>c</i> </thin></think>d", "a < b <i>c</i> </thin>", "d"),
        ("<thinking>a</think>b</thinking>c", "a</think>b", "c"),
        ("<think>a</think><think>b</think>", "a", "<think>b</think>"),
        ("<think></think>a", "", "a"),
        ("<think>\n\n</think>\n\na", "", "a"),
        ("<think>never closed", "never closed", ""),
        ("<think>never closed </thi", "never closed </thi", ""),
        ("<think>", "", ""),
        ("<think", "", "<think"),
        ("<thinker>a", "", "<thinker>a"),
        ("<b>a</b>", "", "<b>a</b>"),
        ("  a", "", "  a"),
        ("Use `<think>x</think>` there", "", "Use `<think>x</think>` there"),
        ("```\n<think>\n```", "", "```\n<think>\n```"),
        ("", "", ""),
        ("</think>a", "", "</think>a"),
    ],
)
def test_thinking_and_answer_wherever_the_text_is_cut(
    text: str, thought: str, said: str, size: int
) -> None:
    assert split(text, size) == (thought, said)


def test_what_is_certain_does_not_wait() -> None:
    splitter = ThinkSplitter()
    assert [each.text for each in splitter.feed("Hello")] == ["Hello"]
    assert [each.text for each in splitter.feed(" <think>")] == [" <think>"]
    splitter = ThinkSplitter()
    assert splitter.feed("<think>") == []
    assert [each.text for each in splitter.feed("so then")] == ["so then"]


def test_an_answer_that_goes_on_does_not_begin_to_think() -> None:
    assert ThinkSplitter(begun=True).feed("<think>") == [Token("<think>")]


@pytest.mark.parametrize(
    "text", ["\n" * 500_000, "<think>" + " " * 500_000, "<think " + "x" * 500_000,
             "<think>" + "<" * 200_000, "<think>" + "</ " * 200_000, "<" + " " * 500_000],
)  # fmt: skip
def test_a_hostile_server_gets_no_quadratic_work(text: str) -> None:
    # Quadratic work would take longer than any test may.
    thought, said = split(text, 1000)
    assert len((thought + said).strip()) <= len(text)
