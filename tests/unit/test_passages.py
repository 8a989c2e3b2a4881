"""Long texts are cut without loss, and a question finds its passages."""

from __future__ import annotations

import pytest

from llm_ui.services.passages import PASSAGE_CHARS, rank, split
from llm_ui.services.tokens import estimate

FILLER = "The committee met on Tuesday and adjourned without a decision. " * 12
HEATING = "The heat pump in the annex was installed in 1987 by Brunhilde Kowalski. "


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "word " * 5000,
        "x" * 5000,
        "a line\n" * 900,
        f"{FILLER}\n\n" * 9,
        "äöü🎈 " * 2000,
    ],
)
def test_the_passages_are_the_text(text: str) -> None:
    passages = split(text)
    assert "".join(passages) == text
    assert all(0 < len(each) <= PASSAGE_CHARS for each in passages)


def test_a_text_is_cut_between_paragraphs() -> None:
    first, second = "a" * 700, "b" * 700
    assert split(f"{first}\n\n{second}") == [f"{first}\n\n", second]


def test_what_the_question_is_about_is_found_and_stands_in_reading_order() -> None:
    passages = [FILLER] * 40
    passages[7] = passages[31] = FILLER + HEATING
    budget = 2 * estimate(passages[7])
    assert rank(passages, "Who installed the heat pumps?", budget) == [7, 31]


def test_the_budget_is_kept() -> None:
    passages = [FILLER + HEATING] * 50
    chosen = rank(passages, "heat pump", 1000)
    assert sum(estimate(passages[n]) for n in chosen) <= 1000
    assert chosen


def test_a_question_without_matching_words_gets_the_beginning() -> None:
    passages = [f"{n} {FILLER}" for n in range(20)]
    chosen = rank(passages, "¿¿?", 3 * estimate(passages[0]) + 10)
    assert chosen == [0, 1, 2]


@pytest.mark.parametrize(
    "query", ['"', "NEAR(a b)", "text: x", "a* OR *", "-- ;", "col:", "^x", "AND OR NOT", "\x00ab"]
)
def test_a_question_is_never_a_search_expression(query: str) -> None:
    assert rank([FILLER, HEATING], query, 10_000) == [0, 1]


def test_nothing_fits_into_nothing() -> None:
    assert rank([FILLER], "committee", 0) == []
    assert rank([], "committee", 100) == []
