"""Answers as they are read, and answers that try to be more than text."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import Person, answers, finished, send, words
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

RICH = """\
## A heading

Some **bold** words, `code`, and $a^2 + b^2$ in a line.

```python
def answer() -> int:
    return 42  # <b>not bold</b>
```

| left | right |
|:--|--:|
| one | 1 |
| two | 2 |

$$
\\int_0^1 x^2\\,dx = \\tfrac13
$$

- a list
- of two

See [the article](https://example.org/sorting).
"""

HOSTILE = """\
<script>window.pwned = 1</script>

<img src=x onerror="window.pwned = 2"> <svg onload="window.pwned = 3"></svg>

<iframe srcdoc="<script>parent.pwned = 4</script>"></iframe>

[press me](javascript:window.pwned=5) [and me](JaVa\tScRiPt:window.pwned=6) \
[or me](data:text/html;base64,PHNjcmlwdD4=) <javascript:window.pwned=7>

![a picture](https://images.example.org/cat.png) ![drawn](data:image/svg+xml;base64,PHN2Zz4=)

```html"><img src=x onerror=window.pwned=8>
<script>window.pwned = 9</script>
```

$\\href{javascript:window.pwned=10}{x}$ $\\includegraphics{https://images.example.org/y.png}$

<a href="https://example.org" onclick="window.pwned=11">raw link</a> <style>*{display:none}</style>
"""


async def _answered(person: Person, upstream: ScriptedServer, text: str, rate: float = 400) -> Page:
    page, _ = await person.tab_with_chat()
    upstream.always = Script(say=text, rate=rate)
    await send(page, "Show me.")
    await finished(page)
    return page


async def test_code_tables_and_maths(app: App, people: People, upstream: ScriptedServer) -> None:
    bob = await people.user(app)
    await bob.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await _answered(bob, upstream, RICH)
    answer = words(page)
    await expect(answer.locator("h2")).to_have_text("A heading")
    await expect(answer.locator("strong").first).to_have_text("bold")
    await expect(answer.locator("pre code .hljs-keyword").first).to_have_text("def")
    await expect(answer.locator("pre code b")).to_have_count(0)
    await expect(answer.locator("table tbody tr")).to_have_count(2)
    await expect(answer.locator(".katex")).to_have_count(2)
    await expect(answer.locator("ul li")).to_have_text(["a list", "of two"])
    link = answer.get_by_role("link", name="the article")
    await expect(link).to_have_attribute("href", "https://example.org/sorting")
    await expect(link).to_have_attribute("target", "_blank")
    assert "noopener" in (await link.get_attribute("rel") or "")

    await answer.locator(".lu-md-copy").click()
    await expect(answer.locator(".lu-md-copy")).to_have_text("Code copied")
    code = "def answer() -> int:\n    return 42  # <b>not bold</b>"
    assert (await page.evaluate("navigator.clipboard.readText()")).rstrip("\n") == code
    await answers(page).last.get_by_test_id("copy").click()
    assert await page.evaluate("navigator.clipboard.readText()") == RICH

    # Read from the database it looks the same as when it streamed in.
    streamed = await answer.inner_text()
    await page.reload()
    await expect(answer.locator("pre code .hljs-keyword").first).to_have_text("def")
    await expect(answer.locator(".katex")).to_have_count(2)
    assert (await answer.inner_text()).replace("Code copied", "Copy code") == streamed.replace(
        "Code copied", "Copy code"
    )


async def test_whatever_a_model_writes_stays_text(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    """A malicious model server sending script."""
    bob = await people.user(app)
    page = await _answered(bob, upstream, HOSTILE, rate=60)
    for _ in ("streamed", "from the database"):
        answer = words(page)
        await expect(answer).to_contain_text("<script>window.pwned = 1</script>")
        await expect(answer).to_contain_text('<img src=x onerror="window.pwned = 2">')
        for tag in ("script", "iframe", "svg[onload]", "style", "img", "[onerror]", "[onclick]"):
            await expect(answer.locator(tag)).to_have_count(0)
        hrefs = await answer.locator("[href]").evaluate_all(
            "all => all.map((each) => each.getAttribute('href'))"
        )
        assert all(href.startswith(("http:", "https:", "mailto:")) for href in hrefs), hrefs
        for name in ("press me", "and me", "or me"):
            await answer.get_by_text(name).click()
        assert await page.evaluate("window.pwned") is None
        await page.reload()
        await finished(page)
    assert await page.evaluate("window.pwned") is None


async def test_a_picture_from_outside_waits_for_a_click(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    asked: list[dict[str, str]] = []

    async def serve(route: Route) -> None:
        asked.append(route.request.headers)
        await route.fulfill(
            content_type="image/svg+xml",
            body='<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>',
        )

    await bob.context.route("https://images.example.org/**", serve)
    page = await _answered(bob, upstream, "![a cat](https://images.example.org/cat.png)")
    picture = words(page).locator(".lu-md-img")
    await expect(picture).to_contain_text("images.example.org")
    await page.reload()
    await expect(picture).to_be_visible()
    assert asked == []

    people.watch.allow("left the machine: https://images.example.org/cat.png")
    await picture.click()
    await expect(words(page).locator("img")).to_have_attribute("alt", "a cat")
    await expect(words(page).locator("img")).to_have_js_property("naturalWidth", 8)
    await expect(picture).to_have_count(0)
    assert len(asked) == 1
    assert "referer" not in asked[0]


async def test_what_a_person_writes_stays_text_too(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(say="Indeed.")
    await send(page, HOSTILE)
    await finished(page)
    await expect(page.get_by_test_id("message-user")).to_contain_text(
        "<script>window.pwned = 1</script>"
    )
    assert await page.evaluate("window.pwned") is None
