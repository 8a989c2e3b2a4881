"""Everything can be done without a mouse, and one always sees where one is."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e import keys, scenes
from tests.e2e.conftest import People
from tests.e2e.keys import TOOLS, reach, walk, walk_back, write
from tests.e2e.scenes import (
    CALM,
    FOR_GUESTS,
    FRESH,
    HAND,
    SCENES,
    Scene,
    addresses,
    still,
    tidy,
)
from tests.e2e.stage import Stage
from tests.e2e.window import finished, words
from tests.e2e.window import ready as chat_ready

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.timeout(600),
]


async def _skip(page: Page, where: str) -> list[str]:
    """From the top of a page to its content with one key."""
    skip = page.locator(".lu-skip")
    if not await skip.count():
        return []
    await reach(page, ".lu-skip")
    await expect(skip).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    inside = await page.evaluate("document.querySelector('#main').contains(document.activeElement)")
    return [] if inside else [f"{where}: the link to the content does not lead there"]


async def test_tab_leads_through_every_page_and_back(stage: Stage, people: People) -> None:
    people.watch.allow("/nowhere")
    alice = await people.alice(stage.app, **CALM)
    guest = await people.visitor(stage.app, "guest", **CALM)
    problems = []
    for path in addresses():
        page = await (guest if path in FOR_GUESTS else alice).tab()
        await scenes.play(page, stage, Scene(path))
        await page.evaluate(TOOLS)
        problems += await walk(page, path)
        problems += await walk_back(page, path)
        problems += await _skip(page, path)
        await page.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("group", SCENES)
async def test_what_comes_up_keeps_the_focus_and_gives_it_back(
    stage: Stage, people: People, group: str
) -> None:
    """Each scene is played by keyboard; what then lies over the page is left by Escape."""
    people.watch.allow("422", "Unprocessable")
    alice = await people.alice(stage.app, **CALM)
    await alice.context.add_init_script(FRESH)
    page = await alice.tab()
    problems = []
    for scene in SCENES[group]:
        # A file is picked in a window of the system.
        if any(step.startswith("pick ") for step in scene.steps):
            continue
        await keys.play(page, stage, scene)
        name = await page.evaluate("walk.over()")
        if name.startswith("<dialog"):
            problems += await walk(page, scene.name)
        if name:
            await page.keyboard.press("Escape")
            await page.wait_for_function("() => !walk.over()")
            await still(page)
            strayed = await page.evaluate("back => walk.strayed(back)", scene.back)
            problems += [f"{scene.name}: the focus comes back {strayed}"] if strayed else []
        await tidy(page)
    assert not problems, "\n".join(problems)


async def test_a_question_is_asked_and_its_answer_stopped(stage: Stage, people: People) -> None:
    bob = await people.user(stage.app, **CALM)
    page = await bob.tab("/chat")
    await chat_ready(page)
    await page.evaluate(TOOLS)
    await reach(page, "composer")
    await page.keyboard.type("tokens=900 rate=30")
    await page.keyboard.press("Enter")
    await expect(words(page)).not_to_have_text("")
    await reach(page, "stop")
    await page.keyboard.press("Enter")
    await finished(page, "stopped")
    # One may write on at once.
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("say:Well done.")
    await page.keyboard.press("Enter")
    await finished(page)
    await expect(words(page)).to_have_text("Well done.")


async def test_the_menu_of_a_chat(stage: Stage, people: People) -> None:
    bob = await people.user(stage.app, **CALM)
    for title in ("First", "Second"):
        await bob.new_chat(title)
    page = await bob.tab("/chat")
    await chat_ready(page)
    await page.evaluate(TOOLS)
    items = page.get_by_test_id("chat-list-item")
    menus = page.get_by_test_id("chat-menu")
    await expect(items).to_have_text(["Second", "First"])

    # Opened, looked through, left: by Escape, and by Tab, which goes on from the button.
    await reach(page, "chat-menu")
    await expect(menus.first).to_have_css("opacity", "1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("pin")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_test_id("delete")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menus.first).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("pin")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("pin")).to_be_hidden()
    await expect(items.nth(1)).to_be_focused()

    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await reach(page, "rename")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("rename-title")).to_be_focused()
    await write(page, "Last")
    await page.keyboard.press("Enter")
    await expect(items).to_have_text(["Last", "First"])
    await expect(menus.first).to_be_focused()

    await page.keyboard.press("Enter")
    await reach(page, "delete")
    await page.keyboard.press("Enter")
    await expect(items).to_have_text(["First"])
    await reach(page, "undo")
    await page.keyboard.press("Enter")
    await expect(items).to_have_text(["Last", "First"])


async def test_a_drawer_keeps_the_focus_until_it_is_shut(stage: Stage, people: People) -> None:
    alice = await people.alice(stage.app, **CALM)
    page = await alice.tab()
    scene = Scene("/prompts", ("click open-drawer",), "hide-sidebar", HAND)
    await keys.play(page, stage, scene)
    problems = await walk(page, "the drawer")
    assert not problems, "\n".join(problems)
    assert not await page.evaluate("document.activeElement.closest('main')")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("open-drawer")).to_be_focused()
    await expect(page.locator("#sidebar")).to_be_hidden()
    problems = await walk(page, "the page without its drawer")
    assert not problems, "\n".join(problems)
