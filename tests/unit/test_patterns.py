"""Patterns over texts from people, files and models take time in proportion to the text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from llm_ui.folding import fold_with_places, search_words
from llm_ui.providers.openai.parse import parse_models
from llm_ui.reading.kinds import _is_html
from llm_ui.reading.pages import _tidy
from llm_ui.reading.words import _AROUND_TAB
from llm_ui.services.accounts.export_chats import safe_name
from llm_ui.services.answers.browsing import _URL
from llm_ui.services.chats.titles import _plain
from llm_ui.services.files.uploads import clean_name
from llm_ui.services.prompts.prompts import variables_of
from llm_ui.wire.complaints import blotted
from llm_ui.wire.failures import detail_of
from llm_ui.wire.tags import is_quoted
from llm_ui.wire.thinking import ThinkSplitter

SMALL, TIMES = 4000, 8
# Where the work grows with the square, 64 times as much is done.
MOST = 40 * 0.01


def in_pieces(text: str) -> None:
    """As a model's answer: in very many pieces, of which the last may go on."""
    splitter = ThinkSplitter()
    for at in range(0, len(text), 4):
        splitter.feed(text[at : at + 4])
    splitter.end()


WORKS: tuple[Callable[[str], object], ...] = (
    _plain,
    _tidy,
    lambda text: _AROUND_TAB.sub("\t", text),
    lambda text: _is_html(text.encode()),
    lambda text: detail_of(text.encode()),
    lambda text: is_quoted(text, ""),
    _URL.findall,
    blotted,
    clean_name,
    fold_with_places,
    in_pieces,
    safe_name,
    search_words,
    lambda text: parse_models({"data": [{"id": text}]}),
    variables_of,
)
MARKERS = (
    " ",
    "\t",
    "\n ",
    "<",
    "<|",
    "<!--a-->",
    "<!--",
    "<?xml ?>",
    "</ ",
    "<think ",
    "<|channel|>",
    "`a",
    "_a ",
    "*a ",
    "[a](b ",
    "> ",
    "{{a ",
    "a.",
    "a@",
    "http://a",
    "sk-",
    "\u0301\u0323",
    "\u1100",
    "漢",
    "o1-gpt-5",
)


def seconds(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("work", WORKS)
def test_the_work_grows_with_the_text_and_not_with_its_square(work, marker: str):
    """Work that grows with the square of a text: the same markers, eight times as many."""
    for before in ("", "a", "# a", "<|", "<think>", "</think"):
        small, large = (
            seconds(work, before + marker * (size // len(marker)) + "\x01")
            for size in (SMALL, SMALL * TIMES)
        )
        assert large <= max(MOST, 40 * small), (before, marker)
