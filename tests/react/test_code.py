"""Blocks of code: their head stays in sight, and what one can do with them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .test_answer import body, push, show

LABELS = {
    "copy_code": "Copy code",
    "copied": "Copied",
    "code_fold": "Fold",
    "code_save": "Download",
    "code_wrap": "Wrap",
}
LONG = "```python\n" + "".join(f"x{n} = {n}\n" for n in range(300)) + "```\n"


def test_the_head_of_a_long_block_stays_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    show(page, live=False, text="Look:\n\n" + LONG, labels=LABELS)
    page.evaluate("window.scrollTo(0, 3000)")
    expect(page.get_by_role("button", name="Copy code")).to_be_in_viewport()
    expect(page.locator(".lu-md-code-lang")).to_be_in_viewport()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_lines_are_wrapped_and_the_block_is_folded_by_keyboard(page: Page) -> None:
    show(page, live=False, text=LONG + "\n```js\n" + "word " * 200 + "\n```\n", labels=LABELS)
    wrap = page.get_by_role("button", name="Wrap").last
    expect(wrap).to_have_attribute("aria-pressed", "false")
    wrap.focus()
    page.keyboard.press("Enter")
    expect(wrap).to_have_attribute("aria-pressed", "true")
    code = body(page).locator("pre").last
    assert code.evaluate("(pre) => pre.scrollWidth <= pre.clientWidth")
    # Only the long one can be folded.
    fold = page.get_by_role("button", name="Fold")
    expect(fold).to_have_count(1)
    fold.click()
    assert body(page).locator("pre").first.bounding_box()["height"] < 300  # type: ignore[index]
    fold.click()
    assert body(page).locator("pre").first.bounding_box()["height"] > 3000  # type: ignore[index]


def test_the_lines_of_a_long_block_have_numbers_that_are_not_copied(page: Page) -> None:
    short = "```js\n" + "word\n" * 29 + "```\n"
    show(page, live=False, text=LONG + "\n" + short, labels=LABELS)
    pre = body(page).locator("pre")
    numbers = "(pre) => getComputedStyle(pre, '::before').content"
    assert pre.first.evaluate(numbers).startswith('"1\\a 2\\a 3')
    assert pre.last.evaluate(numbers) == "none"
    assert pre.first.inner_text().startswith("x0 = 0\nx1 = 1")
    # They stand beside their lines: 300 of them are as high as the code.
    heights = """(pre) => [pre.querySelector("code").getBoundingClientRect().height,
      pre.scrollHeight - parseFloat(getComputedStyle(pre).paddingTop) * 2]"""
    code, all_of_it = pre.first.evaluate(heights)
    assert abs(code - all_of_it) < 3
    page.get_by_role("button", name="Wrap").first.click()
    assert pre.first.evaluate(numbers) == "none"


def test_a_block_is_kept_as_a_file_with_a_fitting_name(page: Page) -> None:
    text = (
        "```python\nx = 1\n```\n\n```ts title=app.ts\nlet y\n```\n\n```\nplain\n```\n\n"
        "```dockerfile\nFROM x\n```\n\n```c++\nint z;\n```\n"
    )
    show(page, live=False, text=text, labels=LABELS)
    names = []
    for button in page.get_by_role("button", name="Download").all():
        with page.expect_download() as download:
            button.click()
        names.append(download.value.suggested_filename)
    assert names == ["code.py", "app.ts", "code.txt", "Dockerfile", "code.cpp"]


def test_a_block_that_grows_stays_wrapped(page: Page) -> None:
    show(page, labels=LABELS)
    begun = "- item\n\n  ```py\n  x = 1\n"
    push(page, begun, 0)
    wrap = page.get_by_role("button", name="Wrap")
    wrap.click()
    push(page, "  y = 2\n", len(begun))
    expect(body(page)).to_contain_text("y = 2")
    expect(wrap).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".lu-md-code[data-wrap]")).to_have_count(1)
