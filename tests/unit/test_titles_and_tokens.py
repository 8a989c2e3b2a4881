"""Titles, token estimates, and what fits into a context window."""

import pytest

from llm_ui.services.prompting import fit
from llm_ui.services.providers import shown_name
from llm_ui.services.titles import LENGTH, title_of
from llm_ui.services.tokens import estimate
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


def test_a_long_title_is_cut_at_a_words_end():
    title = title_of("word " * 50)
    assert len(title) <= LENGTH
    assert title.endswith("word…")


def test_an_estimate_grows_with_the_text_and_is_never_zero_for_some():
    assert estimate("") == 0
    assert estimate("a") == 1
    assert estimate("a" * 400) == 100


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
