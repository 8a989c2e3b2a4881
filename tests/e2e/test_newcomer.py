"""What somebody meets who has not read anything: projects that say what they tell models, news in
one place, tooltips, a lost line that shows at once, and words for those who are shut out."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.stage import Stage
from tests.e2e.window import A_CHAT, PASSWORD, Person, finished, grown, ready, send, words
from tests.scripted import Script, ScriptedServer, scripted_server
from tests.unit.providers.test_several import free_url

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

# Texts of the pages' own, not those that somebody wrote into a message.
TITLES = """[...document.querySelectorAll("[title]:not(abbr):not(iframe):not(.lu-md *)")]
  .map((each) => each.outerHTML)"""
OFFLINE = ("WebSocket", "ERR_INTERNET_DISCONNECTED", "Failed to fetch", "ERR_CONNECTION_")


async def changed(person: Person, path: str, body: dict[str, object]) -> None:
    """PATCH below /api/v1."""
    answer = await person.context.request.patch(
        f"{person.url}/api/v1{path}", data=body, headers={"X-CSRF-Token": person.csrf}
    )
    assert answer.ok, await answer.text()


async def deleted(person: Person, path: str) -> None:
    """DELETE below /api/v1."""
    answer = await person.context.request.delete(
        f"{person.url}/api/v1{path}", headers={"X-CSRF-Token": person.csrf}
    )
    assert answer.ok, await answer.text()


async def chat_menu(page: Page, title: str, what: str) -> None:
    row = page.locator(".lu-chat").filter(has_text=title)
    await row.hover()
    await row.get_by_test_id("chat-menu").click()
    await page.get_by_test_id(what).click()


async def test_a_project_says_what_it_tells_models_and_a_question_begins_there(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    await changed(bob, "/account", {"default_model_id": await bob.model_id()})
    page = await bob.tab("/projects")
    await page.get_by_test_id("new-project-button").click()
    form = page.get_by_test_id("new-project")
    await form.get_by_test_id("project-name").fill("Fruit")
    await form.get_by_test_id("project-prompt").fill("Say BANANA.\nTwice.")
    await form.get_by_test_id("project-description").fill("All about fruit")
    await form.get_by_test_id("new-project-submit").click()
    told = page.get_by_test_id("project-instructions")
    await expect(told).to_have_text("Say BANANA.\nTwice.")
    await page.get_by_test_id("edit-instructions").click()
    await page.get_by_test_id("project-dialog").get_by_test_id("project-prompt").fill("Say BANANA.")
    await page.get_by_test_id("project-dialog-submit").click()
    await expect(told).to_have_text("Say BANANA.")
    upstream.always = Script(say="BANANA")
    composer = page.get_by_test_id("project-ask").get_by_test_id("composer")
    await composer.fill("What is yellow?")
    await page.keyboard.press("Enter")
    await page.wait_for_url(A_CHAT)
    await finished(page)
    await expect(page.get_by_test_id("chat-project")).to_contain_text("Fruit")
    assert upstream.requests[-1].body["messages"][0]["content"] == "Say BANANA."

    # What the chat itself says comes behind that, or takes its place.
    await page.get_by_test_id("chat-settings").click()
    await page.get_by_test_id("setting-instructions").wait_for()
    around = page.get_by_test_id("project-instructions-in-force")
    await around.locator("summary").click()
    await expect(around).to_contain_text("Say BANANA.")
    await page.get_by_test_id("setting-system-prompt").fill("Talk like a pirate.")
    await page.get_by_test_id("settings-save").click()
    await expect(page.get_by_test_id("settings-dialog")).to_be_hidden()
    await send(page, "And what is blue?")
    await finished(page)
    first = upstream.requests[-1].body["messages"][0]["content"]
    assert first == "Say BANANA.\n\nTalk like a pirate."
    await page.get_by_test_id("chat-settings").click()
    await page.get_by_test_id("setting-instructions").select_option("replace")
    await page.get_by_test_id("settings-save").click()
    await expect(page.get_by_test_id("settings-dialog")).to_be_hidden()
    await send(page, "And red?")
    await finished(page)
    assert upstream.requests[-1].body["messages"][0]["content"] == "Talk like a pirate."
    await page.go_back()
    await expect(page.get_by_test_id("project-title")).to_have_text("Fruit")
    await expect(composer).to_have_value("")

    # What is refused comes back to where it was written.
    page = await bob.tab(page.url.removeprefix(app.url))
    await expect(page.get_by_test_id("project-instructions")).to_have_text("Say BANANA.")
    composer = page.get_by_test_id("project-ask").get_by_test_id("composer")
    await expect(composer).to_be_enabled()
    models = sa.table("aimodel", sa.column("id"), sa.column("is_active"))
    chosen = sa.update(models).where(models.c.id == await bob.model_id())
    app.sql(chosen.values(is_active=False))
    try:
        await composer.fill("What is green?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".lu-toast")).to_have_count(1)
        await expect(composer).to_have_value("What is green?")
    finally:
        app.sql(chosen.values(is_active=True))


async def test_news_stand_in_one_place_and_what_was_done_is_taken_back(
    app: App, people: People
) -> None:
    bob = await people.user(app)
    await bob.post("/projects", {"name": "House"})
    page, _ = await bob.tab_with_chat("Roof")
    items = page.get_by_test_id("chat-list-item")
    await chat_menu(page, "Roof", "move")
    await page.get_by_test_id("move-project").select_option(label="House")
    await page.get_by_test_id("move-dialog-submit").click()
    news = page.locator(".lu-toasts .lu-toast")
    await expect(news).to_contain_text("Moved to “House”")
    await page.get_by_test_id("undo").click()
    await expect(news).to_have_count(0)
    await page.reload()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Roof")
    await expect(page.get_by_test_id("chat-project")).to_have_count(0)
    await chat_menu(page, "Roof", "archive")
    await expect(news).to_contain_text("Archived")
    await expect(items).to_have_count(0)
    await page.get_by_test_id("undo").focus()
    await page.keyboard.press("Enter")
    await expect(items).to_have_text(["Roof"])

    # Those of the states stand among them, and none over the composer.
    people.watch.allow(r"\b404\b")  # the page may ask once more how the file is read
    await page.goto(f"{app.url}/files")
    await page.get_by_test_id("upload-input").set_input_files(
        [{"name": "roof.txt", "mimeType": "text/plain", "buffer": b"Tiles"}]
    )
    await page.get_by_test_id("delete-file").first.click()
    await page.get_by_test_id("delete-file-dialog-submit").click()
    await expect(page.locator(".lu-toasts .lu-toast")).to_contain_text("roof.txt")


async def test_tooltips_are_our_own(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("say:Tips")
    tip = page.locator("#lu-tip")
    await page.get_by_test_id("chat-settings").hover()
    await expect(tip).to_have_text("Chat settings")
    await expect(tip).to_be_visible()
    await page.mouse.move(2, 400)
    await expect(tip).to_be_hidden()
    await page.get_by_test_id("chat-settings").focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    await expect(tip).to_have_text("Chat settings")
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    for path in ("/chat", "/history", "/projects", "/prompts", "/files", "/account", "/usage"):
        await page.goto(app.url + path)
        await ready(page) if path == "/chat" else await page.locator("main").wait_for()
        assert await page.evaluate(TITLES) == [], path


async def test_a_finger_that_stays_asks_what_a_button_is(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    press = """(button) => {
      const at = { bubbles: true, pointerType: 'touch', clientX: 1, clientY: 1 };
      button.dispatchEvent(new PointerEvent('pointerdown', at));
    }"""
    button = page.get_by_test_id("chat-settings")
    await button.evaluate(press)
    await expect(page.locator("#lu-tip")).to_have_text("Chat settings")
    # The press that asked does not act.
    await button.evaluate("(b) => b.click()")
    await expect(page.get_by_test_id("settings-dialog")).to_be_hidden()
    await button.evaluate("(b) => b.click()")
    await expect(page.get_by_test_id("settings-dialog")).to_be_visible()


async def test_offline_shows_at_once_and_address_and_page_stay_together(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    people.watch.allow(*OFFLINE)
    bob = await people.user(app)
    await bob.new_chat("Another chat")
    page, chat_id = await bob.tab_with_chat("say:Here")
    await page.get_by_test_id("chat-list-item").filter(has_text="Another").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Another chat")
    await page.get_by_test_id("chat-list-item").filter(has_text="Here").click()
    await page.wait_for_url(f"**/chat/{chat_id}*")
    await expect(page.get_by_test_id("chat-title")).to_contain_text("Here")
    await send(page, "tokens=900 rate=40")
    await grown(page)
    await bob.context.set_offline(True)
    await expect(page.get_by_test_id("offline")).to_be_visible(timeout=8_000)
    await expect(page.get_by_test_id("away")).to_be_visible()
    here = page.url
    await page.get_by_test_id("chat-list-item").filter(has_text="Another").click()
    await expect(page.get_by_text("You are offline.")).to_be_visible()
    await page.evaluate("history.back()")
    await page.wait_for_url(here)
    await expect(page.get_by_test_id("chat-title")).to_contain_text("Here")
    await bob.context.set_offline(False)
    await expect(page.get_by_test_id("offline")).to_have_count(0, timeout=10_000)
    await page.get_by_test_id("chat-list-item").filter(has_text="Another").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Another chat")


async def test_a_question_asked_offline_stays_in_sight_and_is_asked_later(
    app: App, people: People
) -> None:
    people.watch.allow(*OFFLINE)
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat("Later")
    await bob.context.set_offline(True)
    await expect(page.get_by_test_id("offline")).to_be_visible(timeout=8_000)
    await page.get_by_test_id("composer").fill("say:Here I am")
    await page.keyboard.press("Enter")
    waiting = page.get_by_test_id("waiting-question")
    await expect(waiting).to_have_text("say:Here I am")
    await bob.context.set_offline(False)
    await finished(page)
    await expect(words(page)).to_have_text("Here I am")
    await expect(waiting).to_have_count(0)


async def test_a_file_without_words_leaves_no_empty_bubble(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat("Only a file")
    await page.get_by_test_id("attach-input").set_input_files(
        [{"name": "roof.txt", "mimeType": "text/plain", "buffer": b"Tiles"}]
    )
    await expect(page.get_by_test_id("send")).to_be_enabled()
    await page.get_by_test_id("send").click()
    await finished(page)
    question = page.get_by_test_id("message-user")
    await expect(question).to_contain_text("roof.txt")
    await expect(question.locator(".lu-question__text")).to_have_count(0)
    assert (await bob.stored(chat_id))[0]["content"] == ""


async def test_enter_takes_the_first_model_that_is_found(app: App, people: People) -> None:
    alice, bob = await people.alice(app), await people.user(app)
    async with scripted_server() as more:
        more.model_names = tuple(f"Number {n}" for n in ("one", "two", "three", "four", "five"))
        more.model_names += tuple(f"Letter {each}" for each in "abcd")
        body = {"name": "Many", "provider_type": "openai", "api_url": f"{more.url}/v1"}
        many = await alice.post("/admin/providers", body)
        await alice.post(f"/admin/providers/{many['id']}/sync")
        page, _ = await bob.tab_with_chat("Many")
        await page.get_by_test_id("model-picker").click()
        await page.get_by_test_id("model-search").press_sequentially("umber thr")
        await expect(page.get_by_test_id("model-option").locator("visible=true")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("model-picker")).to_contain_text("Number three")
        await expect(page.get_by_test_id("model-search")).to_be_hidden()
        await deleted(alice, f"/admin/providers/{many['id']}")


async def test_who_is_disabled_is_told_so(app: App, people: People) -> None:
    people.watch.allow(r"\b403\b", r"\b401\b")
    alice, bob = await people.alice(app), await people.user(app)
    page = await bob.tab("/chat")
    await ready(page)
    await changed(alice, f"/admin/users/{bob.user_id}", {"is_active": False})
    await page.wait_for_url(re.compile(r"/login/?\?ended=disabled"))
    told = "Your account has been disabled. Contact an administrator."
    await expect(page.get_by_test_id("ended")).to_have_text(told)
    await page.get_by_test_id("login-email").fill(bob.email)
    await page.get_by_test_id("login-password").fill("not the password")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_role("alert")).to_contain_text("Incorrect email or password")
    await page.get_by_test_id("login-password").fill(PASSWORD)
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_role("alert")).to_have_text(told)


async def test_without_a_model_each_reads_what_they_can_do(stage: Stage, people: People) -> None:
    alice, bob = await people.alice(stage.app), await people.user(stage.app)
    models = sa.table("aimodel", sa.column("is_active"))
    stage.app.sql(sa.update(models).values(is_active=False))
    try:
        page = await bob.tab("/chat")
        told = page.get_by_test_id("no-models")
        await expect(told).to_contain_text("When an administrator adds one")
        # Somebody else runs the model service here, so nothing is starting.
        for never in ("starting", "dev.py", "OPENAI"):
            await expect(told).not_to_contain_text(never)
        await expect(told.get_by_role("link")).to_have_count(0)
        page = await alice.tab("/chat")
        told = page.get_by_test_id("no-models")
        await expect(told).to_contain_text("dev.py doctor")
        await expect(told).not_to_contain_text("starting")
        await told.get_by_role("link", name="Add a provider").click()
        await page.wait_for_url("**/admin/providers*")
    finally:
        stage.app.sql(sa.update(models).values(is_active=True))


async def test_the_dashboard_says_in_words_why_a_provider_is_down(app: App, people: People) -> None:
    alice = await people.alice(app)
    nowhere = {"name": "Nowhere", "provider_type": "openai", "api_url": free_url()}
    made = await alice.post("/admin/providers", nowhere)
    page = await alice.tab("/admin")
    await page.get_by_test_id("refresh").click()
    row = page.get_by_test_id("provider-row").filter(has_text="Nowhere")
    reason = "Nothing is listening at this address: the connection was refused."
    await expect(row.get_by_test_id("provider-reason")).to_have_text(reason)
    await deleted(alice, f"/admin/providers/{made['id']}")
