"""The live answer: what the store brings, gaps, and the switch to the finished text."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from . import samples

LABELS = {
    "thinking": "Thinking…",
    "reasoning": "Reasoning",
    "copy_code": "Copy",
    "copied": "Copied",
}


def show(page: Page, **props: Any) -> None:
    given = {"live": True, "run": 7, "labels": LABELS, "events": ["onGap"], **props}
    page.evaluate(
        "(props) => lab.show({kind: 'Answer', props: {stateName: lab.STATE, ...props}})", given
    )


def push(page: Page, text: str, offset: int, run: int = 7, name: str = "response") -> None:
    value = {"g": run, "o": offset, "t": text}
    page.evaluate(
        "([name, value]) => lab.push({[name]: value})", [f"current_{name}_rx_state_", value]
    )


def body(page: Page) -> Any:
    return page.locator(".lu-md-body > .lu-md")


def test_first_token_takes_the_place_of_the_dots(page: Page) -> None:
    show(page)
    dots = page.locator(".lu-md-wait")
    expect(dots).to_be_visible()
    before = page.locator(".lu-md-answer").bounding_box()
    push(page, "Hello", 0)
    expect(body(page)).to_have_text("Hello")
    expect(dots).to_have_count(0)
    after = page.locator(".lu-md-answer").bounding_box()
    assert before
    assert after
    assert abs(before["height"] - after["height"]) < 1


def test_pieces_repeats_and_strangers(page: Page) -> None:
    show(page)
    push(page, "", 0, run=0)
    push(page, "not mine", 0, run=6)
    push(page, "one ", 0)
    push(page, "two ", 4)
    push(page, "two ", 4)
    push(page, "two three", 4)
    expect(body(page)).to_have_text("one two three")
    assert page.evaluate("lab.events") == []


def test_a_gap_is_asked_for_once(page: Page) -> None:
    show(page)
    push(page, "one ", 0)
    push(page, "three ", 8)
    push(page, "four", 14)
    assert page.evaluate("lab.events") == [["onGap", 7, 4]]
    push(page, "one two three four", 0)
    push(page, " five", 18)
    expect(body(page)).to_have_text("one two three four five")
    push(page, "far", 99)
    assert len(page.evaluate("lab.events")) == 2


def test_what_came_before_the_mount_is_shown(page: Page) -> None:
    push(page, "early **bird**", 0)
    show(page)
    expect(body(page).locator("strong")).to_have_text("bird")


def test_a_later_run_starts_afresh(page: Page) -> None:
    show(page)
    push(page, "first try", 0)
    expect(body(page)).to_have_text("first try")
    show(page, run=8)
    expect(body(page)).to_have_text("")
    expect(page.locator(".lu-md-wait")).to_be_visible()
    push(page, "second", 0, run=8)
    expect(body(page)).to_have_text("second")


def test_the_end_touches_nothing(page: Page) -> None:
    show(page)
    at = 0
    for piece in samples.pieces(samples.RICH, 5, 60):
        push(page, piece, at)
        at += len(piece)
    page.wait_for_timeout(400)
    page.evaluate(
        """() => {
          window.changes = [];
          const note = (records) => window.changes.push(...records.map((r) =>
            `${r.type} ${r.target.nodeName} -${r.removedNodes.length} +${r.addedNodes.length}`));
          new MutationObserver(note).observe(
            document.querySelector(".lu-md-body > .lu-md"),
            { childList: true, subtree: true, characterData: true });
          window.blocks = [...document.querySelectorAll(".lu-md-body > .lu-md > *")];
        }"""
    )
    show(page, live=False, run=0, text=samples.RICH.strip())
    page.wait_for_timeout(100)
    same = """() => [...document.querySelectorAll(".lu-md-body > .lu-md > *")]
        .every((node, at) => node === window.blocks[at])"""
    assert page.evaluate(same)
    # Only the block with the link that is defined at the very end is completed.
    assert len(page.evaluate("window.changes")) <= 6, page.evaluate("window.changes")
    expect(page.locator(".lu-md-answer")).to_have_attribute("aria-busy", "false")
    expect(body(page).get_by_role("link", name="late")).to_have_attribute(
        "href", "https://example.org/late"
    )


def test_the_finished_text_counts(page: Page) -> None:
    show(page)
    push(page, "abc", 0)
    show(page, live=False, text="abc and the rest")
    expect(body(page)).to_have_text("abc and the rest")
    show(page, live=False, text="another text")
    expect(body(page)).to_have_text("another text")


def test_an_empty_finish_keeps_what_was_streamed(page: Page) -> None:
    show(page)
    push(page, "kept", 0)
    show(page, live=False, text="")
    expect(body(page)).to_have_text("kept")


def test_thoughts_are_closed_until_opened(page: Page) -> None:
    show(page)
    expect(page.locator("details")).to_have_count(0)
    push(page, "Let me *see*", 0, name="reasoning")
    summary = page.locator("summary")
    expect(summary).to_have_text("Thinking…")
    assert page.locator("details em").count() == 0
    summary.click()
    expect(page.locator("details em")).to_have_text("see")
    push(page, " more", 12, name="reasoning")
    expect(page.locator("details")).to_contain_text("see more")
    push(page, "Answer", 0)
    expect(summary).to_have_text("Reasoning")
    show(page, live=False, text="Answer", reasoning="Let me *see* more")
    expect(page.locator("details .lu-md")).to_have_text("Let me see more")


def test_finished_thoughts(page: Page) -> None:
    show(page, live=False, text="A", reasoning="because")
    page.locator("summary").click()
    expect(page.locator("details .lu-md")).to_have_text("because")


def test_code_is_coloured_and_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page)
    push(page, "```python\ndef f():\n    return '<b>'\n```\n", 0)
    expect(page.locator(".hljs-keyword").first).to_have_text("def")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "def f():\n    return '<b>'"
    expect(page.get_by_role("button", name="Copy")).to_be_visible()


def test_copying_without_a_clipboard(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate(
        "document.addEventListener('copy', () => (window.copied = document.activeElement.value))"
    )
    page.evaluate("lab.show({kind: 'CopyButton', props: {text: 'words', label: 'Copy'}})")
    page.get_by_role("button", name="Copy").click()
    assert page.evaluate("window.copied") == "words"


def test_a_hidden_tab_is_painted_too(page: Page) -> None:
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    page.evaluate("window.requestAnimationFrame = () => 0")
    show(page)
    push(page, "text", 0)
    expect(body(page)).to_have_text("text")


def test_nothing_overflows_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    wide = "x" * 300
    cells = " | ".join(f"a long cell {i}" for i in range(12))
    text = (
        f"{samples.RICH}\n\n{wide}\n\n```\n{wide}\n```\n\n"
        f"| {cells} |\n|{'---|' * 12}\n| {cells} |\n\n`{wide}`\n\nhttps://e.org/{wide}\n\n"
        f"$$\n{' + '.join(['x^2'] * 60)}\n$$\n\n- {wide}\n  - {wide}\n"
    )
    show(page, live=False, text=text)
    page.wait_for_selector(".katex")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_relative_time(page: Page) -> None:
    page.evaluate(
        """lab.show({kind: 'RelativeTime',
          props: {iso: new Date(Date.now() - 3 * 3600e3).toISOString()}})"""
    )
    expect(page.locator("time")).to_have_text("3 hours ago")


LEVELS = """() => [...document.querySelectorAll(".lu-md-body :is(h1, h2, h3, h4, h5, h6)")]
  .map((each) => `${each.textContent} ${each.ariaLevel}`)"""


def test_headings_have_their_level_on_the_page_whatever_the_model_begins_with(page: Page) -> None:
    text = "### a\n\nx\n\n# b\n\n- ## c\n\n##### d\n\n### e\n\n> ## f\n\n# g\n\nThe end."
    expected = ["a 3", "b 3", "c 4", "d 5", "e 5", "f 4", "g 3"]
    show(page)
    for at in range(0, len(text), 5):
        push(page, text[at : at + 5], at)
    expect(body(page)).to_contain_text("The end.")
    # What may still change has its level when it is finished.
    assert page.evaluate(LEVELS)[:6] == expected[:6]
    show(page, live=False, text=text)
    assert page.evaluate(LEVELS) == expected
    # Written anew from the start, as after a gap.
    show(page, live=False, text="## one\n\n" + text)
    expect(body(page)).to_contain_text("one")
    assert page.evaluate(LEVELS)[:3] == ["one 3", "a 4", "b 3"]


def test_a_task_is_called_what_stands_beside_its_box(page: Page) -> None:
    show(
        page,
        live=False,
        text="- [x] a *fish* from [here](https://e.org)\n- [ ] a frog\n\n  and more",
    )
    expect(body(page).get_by_role("checkbox", name="a fish from here")).to_be_checked()
    expect(body(page).get_by_role("checkbox", name="a frog", exact=True)).not_to_be_checked()
