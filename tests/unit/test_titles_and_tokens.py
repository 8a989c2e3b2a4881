"""Titles, token estimates, and what fits into a context window."""

import pytest

from llm_ui.services.answers.turns import fit
from llm_ui.services.catalogue.provider_sync import shown_name
from llm_ui.services.chats import titles
from llm_ui.services.chats.titles import LENGTH, title_of
from llm_ui.services.token_estimates import estimate
from llm_ui.wire.events import PromptMessage


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is a monad?", "What is a monad?"),
        ("# Heading\n\nmore", "Heading"),
        ("\n\n  - `code` here  \n", "code here"),
        ("Explain TCP to me. I know UDP already.", "Explain TCP to me."),
        ("Hi. Please explain TCP", "Hi. Please explain TCP"),
        ("***", "***"),
    ],
)
def test_a_title_is_the_first_thing_that_was_said(question, title):
    assert title_of(question) == title


@pytest.mark.parametrize(
    "question",
    [
        "2024 budget ideas for a family",
        "fix my_function_name please",
        "7 * 8 = ?",
        "what is 2*3*4 and 2**10?",
        "C++ vs C#",
        "1. list item first",
        "3) is the third answer right?",
        "#hashtag",
        "#1 priority",
        "-5 degrees",
        "> 100 users: what breaks?",
        "+ 5 or - 5?",
        "*args and **kwargs",
        "why __init__ and _private_?",
        "f(x) = x_1 + x_2",
        "~/.bashrc or ~/.profile",
        "Version 2.0 vs. 3.0",
        "50% of 80, e.g. in Excel",
        "a `b",
        "[x] or [ ]?",
        "$HOME/bin & co.",
        "٢٠٢٤ ميزانية الأسرة",
        "2024年の予算",
    ],
)
def test_a_title_keeps_numbers_signs_and_underscores(question):
    assert title_of(question) == question


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("## Plan for **next week** ##", "Plan for next week"),
        ("> quoted *words*", "quoted words"),
        ("- [ ] buy milk", "buy milk"),
        ("* `my_func(*args)` fails", "my_func(*args) fails"),
        ("_very important_ question", "very important question"),
        ("~~old~~ new", "old new"),
        ("see [the docs](https://example.org/a_(b)) first", "see the docs first"),
        ("---\n\nafter a line", "after a line"),
        ("```python\ndef my_func():\n```", "def my_func():"),
        ("请帮我写一份设备清单和采购计划。然后翻译成英文", "请帮我写一份设备清单和采购计划。"),
    ],
)
def test_a_title_is_without_what_markdown_would_not_show(question, title):
    assert title_of(question) == title


@pytest.mark.parametrize("piece", ["👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "e\u0301", "ก็", "क्षि", "❤️", "한"])
@pytest.mark.parametrize("shift", range(12))
def test_a_long_title_tears_no_character_apart(piece, shift):
    title = title_of("x" * shift + piece * 60)
    assert len(title) <= LENGTH
    kept = title[shift:].removesuffix("…")
    assert kept == piece * (len(kept) // len(piece))


def test_a_long_title_without_blanks_is_cut_at_a_pause():
    title = title_of("春眠不觉晓处处闻啼鸟夜来风雨声花落知多少床前明月光疑是地上霜举头望明月，" * 3)
    assert title.endswith("望明月…")


def test_a_long_title_is_cut_at_a_words_end():
    title = title_of("word " * 50)
    assert len(title) <= LENGTH
    assert title.endswith("word…")


@pytest.mark.parametrize(
    "question",
    [
        "# a" + " " * 400_000 + "b",
        "_" + "a " * 200_000,
        "*a " * 130_000,
        "~~a " * 100_000,
        "".join("`" * count + "a" for count in range(1, 890)),
        "[!](a)\n" * 60_000,
        "[a](b " * 60_000,
        "> " * 200_000,
        "a." + " " * 400_000 + "a",
        "!\n" * 200_000,
        "\n" * 400_000,
    ],
)
def test_of_a_long_question_a_title_looks_at_its_beginning(question, monkeypatch):
    """Work that grows with the square of a text, where everybody waits for it."""
    looked_at = []
    plain = titles._plain
    monkeypatch.setattr(titles, "_plain", lambda line: looked_at.append(len(line)) or plain(line))
    assert len(title_of(question)) <= LENGTH
    assert max(looked_at, default=0) <= 1000
    assert len(looked_at) <= 50


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("## About hashes ##", "About hashes"),
        ("# the language C#", "the language C#"),
        ("# issue #", "issue"),
        ("_more than one_ word", "more than one word"),
        ("_one_ word_", "_one_ word_"),
        ("_ not_ and_", "_ not_ and_"),
    ],
)
def test_a_title_loses_marks_only_where_they_are_a_pair(question, title):
    assert title_of(question) == title


def test_an_estimate_grows_with_the_text_and_is_never_zero_for_some():
    assert estimate("") == 0
    assert estimate("a") == 1
    assert estimate("a" * 400) == 100


# What OpenAI's o200k and cl100k vocabularies make of each text.
COUNTED = [
    ("Every morning the light on the river changes.", 9, 9),
    ("def area(width: int) -> int:\n    return width * 2\n", 16, 16),
    ("Jeden Morgen ändert sich das Licht auf dem Fluss.", 13, 15),
    ("Все люди рождаются свободными и равными.", 10, 22),
    ("يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.", 18, 37),
    ("सभी मनुष्यों को गौरव और समानता प्राप्त है।", 14, 42),
    ("人人生而自由,在尊严和权利上一律平等。", 16, 22),
    ("すべての人間は、生まれながらにして自由である。", 18, 23),
    ("모든 인간은 태어날 때부터 자유롭다.", 13, 21),
    ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι.", 15, 39),
    ("🎉🙂👍🚀✨😀", 8, 15),
    ("7919 15838 23757 31676 39595 47514", 17, 17),
]


@pytest.mark.parametrize(("text", "newer", "older"), COUNTED)
def test_an_estimate_lies_near_what_real_vocabularies_count(text, newer, older):
    for size in (1, 1000):
        found = estimate(text * size) / size
        assert 0.75 * min(newer, older) <= found <= 1.4 * max(newer, older)


@pytest.mark.parametrize("text", ["a", " ", "1", "é", "語", "🙂"])
def test_a_text_that_repeats_itself_counts_in_proportion(text):
    assert estimate(text * 1_000_000) == pytest.approx(1000 * estimate(text * 1000), rel=0.01)


def turns(*spec: tuple[str, int]) -> list[PromptMessage]:
    return [PromptMessage(role, "x" * tokens * 4) for role, tokens in spec]  # type: ignore[arg-type]


def test_the_oldest_turns_are_left_out_and_what_is_left_begins_with_a_question():
    talk = turns(("system", 10), ("user", 100), ("assistant", 100), ("user", 50))
    assert fit(talk, 1000) == talk
    assert fit(talk, 200) == [talk[0], talk[3]]


def test_the_last_question_stays_however_long_it_is():
    talk = turns(("user", 10), ("assistant", 10), ("user", 5000))
    assert fit(talk, 100) == [talk[2]]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/models/Qwen2.5-7B.Q4_K_M.gguf", "Qwen2.5-7B.Q4_K_M"),
        ("meta-llama/llama-3.3-70b", "meta-llama/llama-3.3-70b"),
        ("gpt-4.1", "gpt-4.1"),
    ],
)
def test_a_models_path_is_shown_as_its_files_name(name, shown):
    assert shown_name(name) == shown
