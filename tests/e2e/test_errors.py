"""Models that fail: the person is told what happened, keeps what came, and can try again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.async_api import expect

from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.window import answers, finished, grown, plain, ready, send, text_of
from tests.scripted import ScriptedServer, expected_text
from tests.scripted.script import Script, parse_script

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

BROKEN = (
    ("error-401", "does not accept its stored key"),
    ("error-500", "reported a problem"),
    ("error-after=10", "reported a problem"),
    ("cut-after=10", "Connection lost mid-answer"),
    ("garbage-after=10", "an invalid response"),
    ("wrong-types-after=10", "Connection lost mid-answer"),
    ("bad-utf8-after=10", "Connection lost mid-answer"),
    ("split-utf8 bad-utf8-after=10", "Connection lost mid-answer"),
    ("long-line-after=10", "an invalid response"),
    ("long-line", "an invalid response"),
    ("never-done tokens=10", "Connection lost mid-answer"),
    ("stall-after=10", "sent nothing for"),
    ("stall-after=10 comments", "sent nothing for"),
    ("rate=2 cut-after=5", "Connection lost mid-answer"),
)


@pytest.mark.parametrize(("script", "words"), BROKEN)
async def test_it_says_what_went_wrong_keeps_what_came_and_tries_again(
    app: App, people: People, upstream: ScriptedServer, script: str, words: str
) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    upstream.always = parse_script(script)
    await send(page, "What is the capital of France?")
    bubble = page.get_by_test_id("error-bubble")
    await expect(bubble).to_contain_text(words)
    await finished(page, "failed")
    assert "{" not in await bubble.inner_text()
    kept = (await bob.stored(chat_id))[-1]
    came = "" if script.startswith("error-") and "=" not in script else expected_text(script)
    if "bad-utf8" in script:
        came += "\ufffd\ufffd"  # what was no text is marked, and costs nothing else
    assert kept["content"] == came
    assert plain(await text_of(page)) == plain(came)

    upstream.always = Script(say="It is Paris.")
    await bubble.get_by_test_id("retry").click()
    await finished(page)
    await expect(bubble).to_have_count(0)
    await expect(answers(page)).to_have_count(1)
    assert plain(await text_of(page)) == "It is Paris."
    assert (await bob.stored(chat_id))[-1]["content"] == "It is Paris."


@pytest.mark.parametrize("script", [script for script, _ in BROKEN])
async def test_the_next_question_is_answered_and_the_failure_stays_where_it_was(
    app: App, people: People, upstream: ScriptedServer, script: str
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    upstream.always = parse_script(script)
    await send(page, "What is the capital of France?")
    await finished(page, "failed")
    upstream.always = Script(say="It is Paris.")
    await send(page, "And now?")
    await expect(answers(page)).to_have_count(2)
    await finished(page)
    assert plain(await text_of(page)) == "It is Paris."
    await expect(answers(page).first.get_by_test_id("error-bubble")).to_be_visible()


async def test_an_error_is_still_there_after_a_reload(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    upstream.always = parse_script("cut-after=12")
    await send(page, "Tell me something.")
    await finished(page, "failed")
    await page.reload()
    await expect(page.get_by_test_id("error-bubble")).to_contain_text("Connection lost mid-answer")
    assert plain(await text_of(page)) == plain(expected_text("cut-after=12"))


async def test_an_upstream_that_writes_script_into_its_error_gets_text(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    """XSS through error texts."""
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    upstream.always = Script(
        error=400, error_message="<img src=x onerror='window.pwned=1'><script>pwned=1</script>"
    )
    await send(page, "Hello?")
    await expect(page.get_by_test_id("error-bubble")).to_contain_text("<img src=x onerror=")
    assert await page.evaluate("window.pwned") is None
    await expect(page.get_by_test_id("error-bubble").locator("img")).to_have_count(0)


async def test_an_answer_can_be_written_again(app: App, people: People) -> None:
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    await send(page, "tokens=30")
    await finished(page)
    await page.get_by_test_id("retry").click()
    await expect(answers(page)).to_have_count(1)
    await finished(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=30"))


async def test_thinking_is_shown_apart(app: App, people: People) -> None:
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "reasoning=40 tokens=40 rate=60")
    await grown(page)
    await finished(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=40"))
    await answers(page).last.locator("summary").click()
    thoughts = answers(page).last.locator(".lu-md-think-text")
    stored = (await bob.stored(chat_id))[-1]
    assert stored["reasoning"]
    await expect(thoughts).to_have_text(plain(stored["reasoning"]))
    await page.reload()
    await ready(page)
    assert plain(await text_of(page)) == plain(expected_text("tokens=40"))


async def test_words_that_turn_out_to_be_thinking_leave_the_answer(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    upstream.script("rate=15 say:" + "Let me see. " * 10 + "\n</think>\n\nForty-two, of course.")
    bob = await people.user(app)
    page, chat_id = await bob.tab_with_chat()
    await send(page, "What is six times seven?")
    await expect(answers(page).last.locator(".lu-md").last).to_contain_text("Let me see.")
    await finished(page)
    assert plain(await text_of(page)) == "Forty-two, of course."
    block = answers(page).last.get_by_test_id("thinking")
    await expect(block.locator("summary")).to_contain_text("Thought for")
    await block.locator("summary").click()
    await expect(block).to_contain_text("Let me see.")
    stored = (await bob.stored(chat_id))[-1]
    assert stored["content"] == "Forty-two, of course."
    await page.reload()
    await ready(page)
    assert plain(await text_of(page)) == "Forty-two, of course."


async def test_a_model_that_is_called_like_a_script_shows_as_text(
    app: App, people: People, upstream: ScriptedServer
) -> None:
    """XSS through model names: in the picker and beneath the answer."""
    name = "<img src=x onerror='window.pwned=1'>"
    models = sa.table("aimodel", sa.column("id"), sa.column("name"), sa.column("display_name"))
    before = {row.id: row.display_name for row in app.sql(sa.select(models))}
    bob = await people.user(app)
    page, _ = await bob.tab_with_chat()
    app.sql(sa.update(models).values(display_name=name))
    try:
        await page.reload()
        await ready(page)
        upstream.always = Script(say="Hello.")
        await send(page, "Hello?")
        await finished(page)
        await page.get_by_test_id("model-picker").click()
        await expect(page.get_by_test_id("model-option").first).to_contain_text(name)
        assert await page.evaluate("window.pwned") is None
        assert await page.locator("img[src=x]").count() == 0
    finally:
        for model, kept in before.items():
            app.sql(sa.update(models).where(models.c.id == model).values(display_name=kept))
