"""Thinking written into the answer, however it is cut."""

from __future__ import annotations

import pytest

from llm_ui.wire.events import Reasoning, Token
from llm_ui.wire.thinking import ThinkSplitter, WasThinking


def split(text: str, size: int) -> tuple[str, str]:
    """What is thought and what is said, of a text in pieces of `size`."""
    splitter = ThinkSplitter()
    found = []
    for start in range(0, len(text), size):
        found += splitter.feed(text[start : start + size])
    found += splitter.end()
    thought = said = ""
    for each in found:
        if type(each) is WasThinking:
            thought, said = thought + said, ""
        elif type(each) is Token:
            said += each.text
        elif type(each) is Reasoning:
            thought += each.text
        assert type(each) is WasThinking or each.text
    return thought, said


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
        ("<thought>a</thought>b", "a", "b"),
        ("<reasoning>a</reasoning>b", "a", "b"),
        ("<seed:think>a</seed:think>\nb", "a", "b"),
        ("[THINK]a [b] [/b][/THINK]c", "a [b] [/b]", "c"),
        ("\ufeff[think] a [/think] b", "a", "b"),
        ("◁think▷a◁/think▷b", "a", "b"),
        ("[thinking] about it", "", "[thinking] about it"),
        ("[1] a", "", "[1] a"),
    ],
)
def test_thinking_and_answer_wherever_the_text_is_cut(
    text: str, thought: str, said: str, size: int
) -> None:
    assert split(text, size) == (thought, said)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("I should greet.\n</think>\n\nHello!", "I should greet.", "Hello!"),
        ("I should greet.</think>Hello!", "I should greet.", "Hello!"),
        ("I should greet</think>\nhello", "I should greet", "hello"),
        ("So. </THINKING > Hello! </think>", "So.", "Hello! </think>"),
        ("1. a\n2. b\n</thought>\n\n# Hi", "1. a\n2. b", "# Hi"),
        ("Hm.\n[/THINK]Hello", "Hm.", "Hello"),
        ("Hm.\n◁/think▷Hello", "Hm.", "Hello"),
        ("A `</div>`:\n```\n<p>\n```\n</think>\nHi", "A `</div>`:\n```\n<p>\n```", "Hi"),
        ("</think>a", "", "a"),
        ("\n\n</think>\n\na", "", "a"),
        ('I say "Hi."</think>Hello!', 'I say "Hi."', "Hello!"),
        ("So (at last)</think>\n'Hello'", "So (at last)", "'Hello'"),
        ("用户在打招呼。</think>你好！", "用户在打招呼。", "你好！"),
        # Behind it there is nothing: then what was said is the answer.
        ("Hello!\n</think>", "", "Hello!\n"),
        ("Hello!\n</think>\n", "", "Hello!\n"),
    ],
)
def test_a_closing_tag_alone_ends_what_was_thinking_all_along(
    text: str, thought: str, said: str, size: int
) -> None:
    found = split(text, size)
    assert (found[0].strip(), found[1]) == (thought, said)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "It ends with `</think>` there.",
        "It ends with `\u200b</think> here`.\nNext.",
        'It ends with "</think>" there.',
        "It ends with “</think>”.",
        "It ends with </think> there.",
        "It ends with (</think>).",
        "It ends with '</think>'.",
        "It ends with \\</think>.",
        "It ends with «</think>».",
        "The tag. </think> is it.",
        "</think> is the closing tag.",
        "- </think>: it closes",
        "| </think> | closes |",
        "```\nso\n</think>\nHello\n```",
        "Like this:\n\n~~~xml\n</think>\n~~~\n",
        "Like this:\n\n    </think>\n\nThere.",
        "It writes <think>, and then\n</think>\n\nHello.",
        "First [THINK]x\n[/THINK]\nHello.",
        "a &lt;/think&gt;\nb",
        "<div>\n</div>\n[1](/x) </thin> < / think",
    ],
)
def test_a_closing_tag_that_somebody_writes_about_stays_text(text: str, size: int) -> None:
    assert split(text, size) == ("", text)


HARMONY = "<|channel|>analysis<|message|>They greet. a < b <|x|><|end|><|start|>assistant"
FINAL = "<|channel|>final<|message|>"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        (HARMONY + FINAL + "Hello <b>!", "They greet. a < b <|x|>", "Hello <b>!"),
        ("<|start|>assistant" + HARMONY + FINAL + "Hi<|return|>", "They greet. a < b <|x|>", "Hi"),
        (FINAL + "Hi<|end|>", "", "Hi"),
        ("<|start|>assistant<|message|>Hi", "", "Hi"),
        (HARMONY, "They greet. a < b <|x|>", ""),
        (
            HARMONY
            + "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
            + FINAL
            + "Hi",
            "They greet. a < b <|x|>",
            "Hi",
        ),
        ("<|channel|>analysis<|message|>a<|end|>Hi", "a", "Hi"),
        # The opening stood in the prompt.
        ("They greet.<|end|><|start|>assistant" + FINAL + "Hi", "They greet.", "Hi"),
        ("They greet.\n" + FINAL + "Hi<|return|>", "They greet.", "Hi"),
        ("It has `<|channel|>final<|message|>`.", "", "It has `<|channel|>final<|message|>`."),
        ("Hello!<|end|>", "", "Hello!<|end|>"),
    ],
)
def test_the_channels_of_gpt_oss(text: str, thought: str, said: str, size: int) -> None:
    found = split(text, size)
    assert (found[0].strip(), found[1]) == (thought, said)


def test_a_long_answer_with_many_tags_is_not_looked_at_again_and_again() -> None:
    text = ("Use </think> here. " * 20 + "\n") * 500
    assert split(text, 4000) == ("", text)
    assert split("x" * 500_000 + "\n</think>\na", 4000)[0] == ""


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
    "text",
    [
        "\n" * 500_000,
        "<think>" + " " * 500_000,
        "<think " + "x" * 500_000,
        "<think>" + "<" * 200_000,
        "<think>" + "</ " * 200_000,
        "<" + " " * 500_000,
    ],
)
def test_a_hostile_server_gets_no_quadratic_work(text: str) -> None:
    # Quadratic work would take longer than any test may.
    thought, said = split(text, 1000)
    assert len((thought + said).strip()) <= len(text)
