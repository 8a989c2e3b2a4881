"""Normal forms of texts that people, files and models make as they like."""

from __future__ import annotations

import re
import unicodedata

import pytest

from llm_ui.folding import fold, fold_with_places, search_words
from llm_ui.normal_forms import LONG_RUN, MARKS, normalized
from llm_ui.security.names import one_form
from llm_ui.services.accounts.export_chats import safe_name
from llm_ui.services.files.uploads import clean_name

_MARK = re.compile(LONG_RUN.partition("{")[0].removeprefix("("))
# Out of their order, one that becomes a mark, ones that are two, and ones of other planes.
RUNS = ("\u0301\u0323", "\uff9e\u0323", "\u0f73\u0f71", "\u0344\u0323", "\U0001e94a\u0323")


def test_everything_that_becomes_a_mark_counts_as_one():
    for each in map(chr, range(0x110000)):
        if unicodedata.combining(unicodedata.normalize("NFKD", each)[0]):
            assert _MARK.fullmatch(each), hex(ord(each))


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_no_long_run_of_marks_is_ever_put_into_order(run: str, form, monkeypatch):
    """Work that grows with the square of a text: the marks behind a letter are sorted."""
    given: list[str] = []
    plain = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", lambda f, t: given.append(t) or plain(f, t))
    text = ("a" + run * 200_000)[:400_000]
    normalized(text, form)
    for work in (fold, fold_with_places, search_words, one_form, safe_name, clean_name):
        work(text)
    longest = max(len(found[0]) for each in given for found in re.finditer("[^a]+", each))
    assert given
    # Another form may have more of them.
    assert longest <= 4 * MARKS


def test_what_people_write_is_kept_whole():
    for text in ("é" * 100, "नमस्ते", "a" + "\u0301" * MARKS, "ﾞ" * 3, "한국어", "שָׁלוֹם"):
        assert normalized(text, "NFKD") == unicodedata.normalize("NFKD", text)


@pytest.mark.parametrize("run", RUNS)
def test_places_in_a_text_of_marks_are_those_of_the_text(run: str):
    text = "before " + "a" + run * 1000 + " after"
    folded, places = fold_with_places(text)
    assert len(places) == len(folded) + 1
    assert text[places[folded.index("after")] :] == "after"
