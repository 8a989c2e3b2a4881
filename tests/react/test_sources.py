"""Sources and citations: text from strangers' pages, numbered, linked and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .test_answer import LABELS, body, push, show
from .test_security import ATTACKS

WORDS = {
    **LABELS,
    "thinking_for": "Thinking {value}",
    "thought_for": "Thought for {value}",
    "sources": "Sources",
    "more_sources": "{count} more",
    "source": "Source {number}",
    "reading": "Reading {host}…",
    "searching": "Searching…",
    "problems": {"missing": "Gone."},
}


def source(number: int, **given: Any) -> dict[str, Any]:
    return {
        "number": number,
        "url": f"https://e.org/{number}",
        "title": f"Page {number}",
        "state": "read",
        "problem": "",
        **given,
    }


def tell(page: Page, *sources: dict[str, Any], run: int = 7) -> None:
    page.evaluate(
        "(value) => lab.push({current_sources_rx_state_: value})", {"g": run, "s": list(sources)}
    )


def finished(page: Page, text: str, *sources: dict[str, Any], **props: Any) -> None:
    show(page, live=False, text=text, sources=list(sources), labels=WORDS, **props)


def test_what_is_being_read_gives_way_to_the_answer_and_its_sources(page: Page) -> None:
    show(page, labels=WORDS)
    tell(page, source(1, state="reading", title="", url="https://www.e.org/x"), run=6)
    expect(page.get_by_test_id("reading")).to_have_count(0)
    tell(page, source(1, state="reading", title="", url=""))
    expect(page.get_by_test_id("reading")).to_have_text("Searching…")
    tell(page, source(1, state="reading", title="", url="https://www.e.org/x"), source(2))
    expect(page.get_by_test_id("reading")).to_have_text("Reading e.org…")
    tell(page, source(1), source(2, state="failed", title="", problem="missing"))
    expect(page.locator(".lu-md-wait")).to_be_visible()
    push(page, "So it is [1], [2] and [3].", 0)
    expect(body(page).locator(".lu-md-cite")).to_have_text(["1", "2"])
    expect(page.get_by_test_id("source")).to_have_count(2)
    expect(page.get_by_test_id("source").nth(1)).to_contain_text("Gone.")
    finished(page, "So it is [1], [2] and [3].", source(1), source(2), run=7)
    expect(body(page).locator(".lu-md-cite")).to_have_text(["1", "2"])


@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_citations_are_the_same_however_the_answer_is_cut(page: Page, cut: int) -> None:
    text = (
        "One [1], two [1, 2].\n\n- three [2]\n- `[1]`\n\n```\n[1]\n```\n\n"
        "[1](https://e.org) [7] end"
    )
    show(page, labels=WORDS)
    tell(page, source(1), source(2))
    for start in range(0, len(text), cut):
        push(page, text[start : start + cut], start)
    show(page, live=False, text=text, sources=[source(1), source(2)], labels=WORDS)
    expect(body(page).locator(".lu-md-cite")).to_have_text(["1", "1", "2", "2"])
    expect(body(page).locator("code", has_text="[1]")).to_have_count(2)
    expect(body(page).locator("a")).to_have_text(["1"])
    expect(body(page)).to_contain_text("[7] end")


def test_without_sources_numbers_in_brackets_are_text(page: Page) -> None:
    finished(page, "A list [1] of things [2].")
    expect(body(page)).to_have_text("A list [1] of things [2].")
    expect(page.get_by_test_id("sources")).to_have_count(0)


def test_a_citation_leads_to_its_source(page: Page) -> None:
    finished(page, "See [2].", source(1), source(2))
    button = body(page).get_by_role("button", name="Source 2: Page 2")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("source").nth(1).locator("a")).to_be_focused()


SURVEY = """() => [...document.querySelectorAll(".lu-md-answer, .lu-md-answer *")].map((node) => [
  node.localName, [...node.attributes].map(({ name, value }) => [name, value]) ])"""


@pytest.mark.parametrize("attack", ATTACKS)
def test_titles_addresses_and_problems_stay_text(page: Page, attack: str) -> None:
    evil = [
        source(1, title=attack),
        source(2, url=attack),
        source(3, url=f"javascript:{attack}", title=attack),
        source(4, state="failed", problem=attack, url=f"data:text/html,{attack}"),
    ]
    finished(page, "So [1] [2] [3] [4].", *evil)
    for name, attributes in page.evaluate(SURVEY):
        assert name not in {"script", "style", "iframe", "img", "form", "object", "input"}
        for key, value in attributes:
            assert not key.startswith("on"), (name, key)
            if key in {"href", "src"}:
                assert value.startswith(("https://", "http://", "mailto:"))
    assert page.evaluate("window.bad") is None
    expect(page.get_by_test_id("source")).to_have_count(4)


def test_a_refused_address_is_no_link(page: Page) -> None:
    finished(page, "x", source(1, state="failed", problem="refused", url="http://10.0.0.1/"))
    expect(page.get_by_test_id("source")).to_contain_text("10.0.0.1")
    expect(page.get_by_test_id("source").locator("a")).to_have_count(0)


def test_how_long_a_model_has_thought(page: Page) -> None:
    show(page, labels=WORDS)
    value = {"g": 7, "o": 0, "t": "Let me see.", "ms": 12_400}
    page.evaluate("(value) => lab.push({current_reasoning_rx_state_: value})", value)
    summary = page.locator(".lu-md-think summary")
    expect(summary).to_contain_text("Thinking 1")
    push(page, "Four.", 0)
    expect(summary).to_contain_text("Thought for 1")
    finished(page, "Four.", reasoning="Let me see.", thinking_ms=0, run=7, thinkingMs=65_000)
    expect(summary).to_have_text("Thought for 1 min 5 s")
    finished(page, "Four.", reasoning="Let me see.", run=8, key="other")
    expect(summary).to_have_text("Reasoning")


FILE = "/api/v1/files/01890000-0000-7000-8000-000000000000/content"


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        (FILE, True),
        (f"{FILE}?inline=true", False),
        ("/api/v1/files/x/content", False),
        ("/api/v1/auth/logout", False),
        (f"//e.org{FILE}", False),
        (f" {FILE}", False),
        (FILE.replace("/content", "/../../auth/me"), False),
        ("/admin", False),
    ],
)
def test_of_this_server_only_the_persons_own_files_are_links(
    page: Page, url: str, is_link: bool
) -> None:
    finished(page, "So [1].", source(1, url=url, title="annex.txt"))
    entry = page.get_by_test_id("source")
    expect(entry).to_contain_text("annex.txt")
    expect(entry.locator("a")).to_have_count(1 if is_link else 0)
    if is_link:
        expect(entry.locator("a")).to_have_attribute("href", FILE)


def test_of_many_sources_the_rest_is_folded_until_one_is_asked_for(page: Page) -> None:
    finished(page, "So [2] and [9].", *[source(n) for n in range(1, 10)])
    entries = page.get_by_test_id("source")
    expect(entries).to_have_count(9)
    expect(page.get_by_text("4 more")).to_be_visible()
    expect(entries.nth(8)).to_be_hidden()
    body(page).locator(".lu-md-cite").nth(1).click()
    expect(entries.nth(8)).to_be_visible()
    expect(entries.nth(8).locator("a")).to_be_focused()


def test_one_source_too_many_is_not_folded_alone(page: Page) -> None:
    finished(page, "So [1].", *[source(n) for n in range(1, 7)])
    for entry in page.get_by_test_id("source").all():
        expect(entry).to_be_visible()
