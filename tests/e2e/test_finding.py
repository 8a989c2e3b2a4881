"""Finding things in the browser: the palette, the list of chats, projects, all chats."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.rows import put
from tests.e2e.window import A_CHAT, CHAT, PHONE, finished, pick, ready, send
from tests.scripted import ScriptedServer
from tests.scripted.script import Script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

NODES = "document.querySelectorAll('*').length"
SEEN = """() => {
  const box = document.querySelector('nav.lu-chats').getBoundingClientRect();
  return [...document.querySelectorAll('.lu-chats__list .lu-chat')].filter((row) => {
    const here = row.getBoundingClientRect();
    return here.bottom > box.top && here.top < box.bottom;
  }).length;
}"""


async def chat_menu(page: Page, title: str, item: str) -> None:
    """Choose something in the menu of a chat in the sidebar."""
    row = page.locator("#sidebar .lu-chat").filter(has_text=title)
    await row.hover()
    await row.get_by_test_id("chat-menu").click()
    await page.get_by_test_id(item).click()


async def test_a_chat_is_found_by_its_words_with_the_keyboard_alone(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("Something else")
    upstream.always = Script(say="The answer speaks of <b>rhubarb</b> and custard.")
    await send(page, "What goes with custard?")
    await finished(page)
    await bob.new_chat("Another one")
    await page.goto(f"{app.url}/chat")
    await ready(page)
    await page.keyboard.press("Control+k")
    field = page.get_by_test_id("palette-field")
    await expect(field).to_be_focused()
    await page.keyboard.type("rhubarb")
    hit = page.get_by_test_id("palette-chat")
    await expect(hit.locator("mark")).to_have_text("rhubarb")
    await expect(hit).to_contain_text("<b>rhubarb</b>")
    await expect(field).to_have_attribute(
        "aria-activedescendant", str(await hit.get_attribute("id"))
    )
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/chat/{chat_id}*")
    await expect(page.get_by_test_id("palette")).to_be_hidden()


def message(page: Page, text: str) -> Locator:
    """The message that says exactly this."""
    return page.locator(".lu-message > article").filter(has_text=re.compile(rf"{text}(?!\d)"))


# Rows near what is seen are in the page too, for a moment those that have just come as well.
IN_SIGHT = """(text) => {
  const { top, bottom } = document.querySelector(".lu-log-box").getBoundingClientRect();
  return [...document.querySelectorAll(".lu-message > article")].some((row) => {
    const place = row.getBoundingClientRect();
    return row.innerText.includes(text) && place.top > top && place.top < bottom - 80;
  });
}"""


# A wheel that has not moved anything yet must not be followed by a second: on a busy machine the
# two become one step, which is longer than the box is high. At an end nothing moves until more
# has been loaded.
SCROLLED = """async () => {
  const box = document.querySelector(".lu-log-box");
  const moved = new Promise((go) => box.addEventListener("scroll", go, { once: true }));
  await Promise.race([moved, new Promise((go) => setTimeout(go, 300))]);
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
}"""


async def test_enter_waits_for_what_is_found_for_all_that_was_typed(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    chat_id = put(app, bob, 1, 40)
    page = await bob.tab("/chat")
    await ready(page)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("question")
    await expect(page.get_by_test_id("palette-chat").locator("mark").first).to_be_visible()
    await page.keyboard.type(" 4")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/chat/{chat_id}?at=*")
    await expect(message(page, "Question 4")).to_be_focused()


async def test_a_found_message_opens_where_it_is(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    chat_id = put(app, bob, 1, 1000)
    page = await bob.tab("/chat")
    await ready(page)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("question 300")
    await expect(page.get_by_test_id("palette-chat").locator("mark").first).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/chat/{chat_id}?at=*")
    found = message(page, "Question 300")
    await expect(found).to_be_focused()
    await expect(found).to_be_in_viewport()
    await expect(found).to_have_attribute("data-found", "now")
    assert await page.locator(".lu-log-row").count() <= 60
    # The keyboard goes on from there: with the next Tab one is at the message's buttons.
    await page.keyboard.press("Tab")
    assert await found.evaluate("(row) => row.contains(document.activeElement)")

    box = page.locator(".lu-log-box")
    await box.hover()
    for wheel, text in ((-400, "Question 250"), (400, "Words 345")):
        for _ in range(200):
            if await page.evaluate(IN_SIGHT, text):
                break
            await page.mouse.wheel(0, wheel)
            await page.evaluate(SCROLLED)
        await expect(message(page, text)).to_be_in_viewport()
    assert await page.locator(".lu-log-row").count() < 300
    await page.get_by_test_id("jump-latest").click()
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()
    await expect(page.get_by_test_id("jump-latest")).to_have_count(0)
    assert page.url.endswith(f"/chat/{chat_id}")
    await expect(found).to_have_count(0)

    # Asked from further up, the question stands at the end of the chat all the same.
    await page.goto(f"{app.url}/history")
    await page.get_by_test_id("history-search").fill("question 300")
    await page.get_by_test_id("found").click()
    await expect(found).to_be_focused()
    await pick(page, "scripted")
    upstream.always = Script(say="At the end.")
    await page.get_by_test_id("composer").fill("Where am I?")
    await page.keyboard.press("Enter")
    await finished(page)
    await expect(page.get_by_text("At the end.", exact=True)).to_be_in_viewport()
    await expect(message(page, "Words 999")).to_have_count(1)
    assert "at=" not in page.url


async def test_earlier_pages_come_without_a_jump(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.model_id()
    chat_id = put(app, bob, 1, 300)
    page = await bob.tab(f"/chat/{chat_id}")
    await expect(page.get_by_text("Words 299")).to_be_in_viewport()
    for _ in range(7):
        rows = await page.locator(".lu-log-row").count()
        # Where the first row is whenever something has changed its size: after the page's own
        # observer, which was there before, and before the frame is painted.
        await page.locator(".lu-log-box").evaluate(
            """(box) => {
              box.scrollTop = 0;
              const row = box.querySelector(".lu-log-row");
              const tops = (window.tops = []);
              const note = () => tops.push(row.getBoundingClientRect().top);
              new ResizeObserver(note).observe(box.querySelector(".lu-log-content"));
            }"""
        )
        await page.wait_for_function(
            f"() => document.querySelectorAll('.lu-log-row').length > {rows}"
        )
        await page.wait_for_timeout(300)
        tops = await page.evaluate("window.tops")
        assert len(tops) > 1
        assert max(tops) - min(tops) < 4, tops
    await page.locator(".lu-log-box").evaluate("(box) => { box.scrollTop = 0; }")
    await expect(page.get_by_text("Question 0", exact=True)).to_be_in_viewport()
    await expect(page.get_by_text("Loading earlier messages")).to_have_count(0)


async def test_a_message_of_nobody_opens_the_chat_at_its_end(app: App, people: People) -> None:
    bob = await people.user(app)
    await bob.model_id()
    chat_id = put(app, bob, 1, 100)
    page = await bob.tab(f"/chat/{chat_id}?at=01890000-0000-7000-8000-000000000000")
    await expect(page.get_by_text("Words 99")).to_be_in_viewport()
    await expect(page.locator("[data-found]")).to_have_count(0)


async def test_the_palette_opens_again_right_behind_its_end(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await page.keyboard.press("Control+k")
    field = page.get_by_test_id("palette-field")
    await field.wait_for()
    # In one task, so that the end of the first is told when the second is open.
    await page.evaluate(
        """() => {
            document.querySelector('[data-testid="palette"]').close();
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }));
        }"""
    )
    await page.wait_for_timeout(200)
    await expect(field).to_be_focused()


async def test_the_palette_does_things(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await page.get_by_test_id("search").click()
    await page.keyboard.type("dark")
    await expect(page.get_by_test_id("palette-command")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_class(re.compile("dark"))
    await page.keyboard.press("Control+k")
    await page.keyboard.type("projects")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/projects/?$"))
    await page.get_by_test_id("no-projects").wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("zzzz")
    await page.get_by_test_id("palette-none").wait_for()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("palette")).to_be_hidden()


async def test_shortcuts(app: App, people: People, upstream: ScriptedServer) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("Keys")
    box = page.get_by_test_id("composer")
    upstream.script("tokens=5000 rate=50")
    await send(page, "Go on.")
    await page.get_by_test_id("stop").wait_for()
    await box.focus()
    await page.keyboard.press("Control+.")
    await finished(page, "stopped")
    await box.focus()
    await page.keyboard.press("Escape")
    await expect(box).not_to_be_focused()
    await page.keyboard.press("Control+/")
    await page.get_by_test_id("keys").wait_for()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("keys")).to_be_hidden()
    await page.keyboard.press("Control+Shift+S")
    await expect(page.locator("#sidebar")).to_be_hidden()
    await page.locator("body").click(position={"x": 640, "y": 400})
    await page.keyboard.press("Shift+Escape")
    await expect(box).to_be_focused()
    await page.keyboard.press("Control+Shift+O")
    await page.wait_for_url(CHAT)


async def test_a_letter_begins_a_message_wherever_the_focus_is(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("Letters")
    box = page.get_by_test_id("composer")
    await page.get_by_test_id("hide-sidebar").focus()
    await page.keyboard.type("nothing? you can [write]")
    await expect(box).to_have_value("nothing? you can [write]")


async def test_a_new_chat_waits_for_its_first_word(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("Before")
    await page.get_by_test_id("new-chat").click()
    await page.wait_for_url(CHAT)
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("can I begin?")
    await expect(page.get_by_test_id("composer")).to_have_value("can I begin?")


async def test_ten_thousand_chats_are_scrolled_through(app: App, people: People) -> None:
    bob = await people.user(app)
    for _ in range(20):
        put(app, bob, 500)
    page = await bob.tab("/chat")
    await ready(page)
    listed = page.locator(".lu-chats__list")
    await expect(listed).to_have_attribute("data-total", "10000")
    for share in (0.3, 0.75, 1.0, 0.1, 0.0):
        await page.locator("nav.lu-chats").evaluate(
            "(box, share) => { box.scrollTop = share * box.scrollHeight; }", share
        )
        await page.wait_for_function(f"() => ({SEEN})() > 5")
        assert await page.evaluate(NODES) < 2500
    await expect(listed).to_have_attribute("data-start", "0")


async def test_pin_archive_and_bring_back(app: App, people: People) -> None:
    bob = await people.user(app)
    for title in ("First", "Second", "Third"):
        await bob.new_chat(title)
    page = await bob.tab("/chat")
    await ready(page)
    items = page.get_by_test_id("chat-list-item")
    await expect(items).to_have_text(["Third", "Second", "First"])
    await chat_menu(page, "First", "pin")
    await expect(items).to_have_text(["First", "Third", "Second"])
    await expect(page.locator(".lu-chats__heading")).to_have_text(["Pinned", "Today"])
    await chat_menu(page, "First", "unpin")
    await chat_menu(page, "Second", "archive")
    await expect(items).to_have_text(["Third", "First"])
    await page.goto(f"{app.url}/history")
    await page.get_by_test_id("shelf-archived").click()
    line = page.get_by_test_id("chat-line")
    await expect(line).to_have_text(["Second"])
    await page.locator(".lu-line").get_by_test_id("chat-menu").click()
    await page.get_by_test_id("unarchive").click()
    await page.get_by_test_id("no-archive").wait_for()
    await expect(items).to_have_count(3)


async def test_a_project_from_its_making_to_its_end(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await bob.new_chat("To be moved")
    page = await bob.tab("/projects")
    await page.get_by_test_id("new-project-button").click()
    await page.get_by_test_id("project-name").first.fill("House")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("project-title")).to_have_text("House")
    await page.get_by_test_id("project-empty").wait_for()
    await chat_menu(page, "To be moved", "move")
    await page.get_by_test_id("move-project").select_option(label="House")
    await page.get_by_test_id("move-dialog-submit").click()
    lines = page.get_by_test_id("project-chats").get_by_test_id("chat-line")
    await expect(lines).to_have_text(["To be moved"])

    await page.get_by_test_id("new-chat-here").click()
    await page.get_by_test_id("chat-project").wait_for()
    await page.get_by_test_id("empty-chat").wait_for()
    upstream.always = Script(say="Yes.")
    await send(page, "Is the roof tight?")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    await page.goto(f"{app.url}/projects")
    await expect(page.get_by_test_id("project")).to_contain_text("2 chats")
    await page.get_by_test_id("project").click()
    await expect(lines).to_have_count(2)
    await page.get_by_test_id("delete-project-button").click()
    await page.get_by_test_id("delete-project-submit").click()
    await page.get_by_test_id("no-projects").wait_for()
    await expect(page.get_by_test_id("chat-list-item")).to_have_count(2)


async def test_many_chats_at_once(app: App, people: People) -> None:
    bob = await people.user(app)
    for n in range(5):
        await bob.new_chat(f"Number {n}")
    page = await bob.tab("/history")
    lines = page.get_by_test_id("history").get_by_test_id("chat-line")
    await expect(lines).to_have_count(5)
    for n in (0, 1):
        await page.get_by_test_id("pick").nth(n).click()
    await page.get_by_test_id("bulk-tag").click()
    await page.get_by_test_id("bulk-tag-field").fill("Roof")
    await page.keyboard.press("Enter")
    await expect(page.locator(".lu-line__tags")).to_have_text(["roof", "roof"])
    await page.get_by_test_id("bulk-delete").click()
    await expect(lines).to_have_text(["Number 2", "Number 1", "Number 0"])
    await page.get_by_test_id("bulk-undo").click()
    await expect(lines).to_have_count(5)
    await page.get_by_test_id("filter-tag").select_option("roof")
    await expect(lines).to_have_count(2)
    await page.get_by_test_id("history-search").fill("number 4")
    await expect(page.get_by_test_id("found")).to_contain_text(["Number 4"])
    await page.get_by_test_id("clear-filters").click()
    await expect(page.get_by_test_id("history-search")).to_have_value("")
    await expect(lines).to_have_count(5)


async def test_a_chat_of_a_thousand_messages_opens_at_its_end_and_stays_light(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    await bob.model_id()
    chat_id = put(app, bob, 1, 1000)
    page = await bob.tab(f"/chat/{chat_id}")
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()
    most = 0
    for _ in range(12):
        await page.locator(".lu-log-box").evaluate("(box) => { box.scrollTop = 0; }")
        await page.wait_for_timeout(300)
        most = max(most, await page.evaluate(NODES))
    assert await page.locator(".lu-log-row").count() > 300
    assert most <= 3000
    await page.get_by_test_id("jump-latest").click()
    await expect(page.get_by_text("Words 999")).to_be_in_viewport()


@pytest.mark.parametrize("path", ["/history", "/projects"])
async def test_the_pages_fit_a_phone(app: App, people: People, path: str) -> None:
    bob = await people.user(app, viewport=PHONE, has_touch=True, is_mobile=True)
    await bob.new_chat("A title that is much too long for a telephone " * 3)
    await bob.post("/projects", {"name": "Donaudampfschifffahrt" * 4, "description": "x" * 300})
    page = await bob.tab(path)
    await page.get_by_test_id("chat-line" if path == "/history" else "project").first.wait_for()
    inner = "document.querySelector('.lu-page').scrollWidth"
    assert await page.evaluate(f"{inner} - innerWidth") <= 0
    assert await page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
