"""No page, dialog or state of one has anything that axe finds wrong, in either theme."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
import sqlalchemy as sa
from playwright.async_api import WebSocketRoute, expect

from tests.e2e.axe import look
from tests.e2e.conftest import People
from tests.e2e.scenes import (
    CALM,
    EMPTY,
    FOR_GUESTS,
    FRESH,
    GUESTS,
    LEADS_TO,
    SCENES,
    Scene,
    addresses,
    play,
    ready,
    thing,
    tidy,
)
from tests.e2e.stage import Stage
from tests.e2e.window import PHONE, WIDE, Person

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="package"),
    # Many pages in one test: signing in costs more than looking.
    pytest.mark.timeout(600),
]

# Dialogs and menus that stand in a page, shown one after the other, as they are without data.
STANDING = """() => [...document.querySelectorAll("dialog, [popover]")].map(
  (each) => each.id || each.dataset.testid || "without a name")"""
SHOW = """(n) => {
  const each = document.querySelectorAll("dialog, [popover]")[n];
  each.matches("dialog") ? each.showModal() : each.showPopover();
}"""
HIDE = """(n) => {
  const each = document.querySelectorAll("dialog, [popover]")[n];
  each.matches("dialog") ? each.close() : each.hidePopover();
}"""


async def _all(person: Person, stage: Stage, scenes: Iterable[Scene]) -> list[str]:
    await person.context.add_init_script(FRESH)
    page = await person.tab()
    problems = []
    for scene in scenes:
        await play(page, stage, scene)
        for size in scene.sizes:
            await page.set_viewport_size(size)
            first = size == scene.sizes[0]
            problems += await look(page, f"{scene.name} at {size['width']}", colours=first)
        await tidy(page)
    return problems


async def test_axe_finds_what_is_wrong(stage: Stage, people: People) -> None:
    guest = await people.visitor(stage.app, "guest", **CALM)
    page = await guest.tab("/login")
    await ready(page)
    await page.evaluate(
        """document.querySelector("main").innerHTML +=
          '<p style="color: #777; background: #888">Grey</p><button></button>'"""
    )
    found = [each.partition(": main >")[0] for each in await look(page, "here")]
    assert found == [
        "here (light) button-name",
        "here (light) color-contrast",
        "here (dark) color-contrast",
    ]


async def test_every_page_and_every_dialog_in_it(stage: Stage, people: People) -> None:
    people.watch.allow("/nowhere")
    alice = await people.alice(stage.app, **CALM)
    guest = await people.visitor(stage.app, "guest", **CALM)
    problems = []
    seen: set[str] = set()
    for path in addresses():
        page = await (guest if path in FOR_GUESTS else alice).tab()
        await play(page, stage, Scene(path))
        here = page.url.removeprefix(stage.app.url).rstrip("/") or "/"
        assert here == LEADS_TO.get(path, path.format(**stage.things))
        for size in (WIDE, PHONE):
            await page.set_viewport_size(size)
            problems += await look(page, f"{path} at {size['width']}", colours=size == WIDE)
        for n, name in enumerate(await page.evaluate(STANDING)):
            if name not in seen:
                await page.evaluate(SHOW, n)
                problems += await look(page, f"{path}, {name}")
                await page.evaluate(HIDE, n)
            seen.add(name)
        await page.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("group", SCENES)
async def test_what_comes_up(stage: Stage, people: People, group: str) -> None:
    people.watch.allow("422", "Unprocessable")
    alice = await people.alice(stage.app, **CALM)
    problems = await _all(alice, stage, SCENES[group])
    assert not problems, "\n".join(problems)


async def test_where_nothing_is_yet(stage: Stage, people: People) -> None:
    charlie = await people.user(stage.app, "charlie", **CALM)
    problems = await _all(charlie, stage, EMPTY)
    # Now there is something that is not charlie's own.
    alice = await people.alice(stage.app)
    shared = {"name": "For all", "text": "Say it in one sentence.", "is_public": True}
    await alice.post("/prompts", shared)
    theirs = Scene("/prompts", ("click prompt-open",), "prompt-copy-open")
    problems += await _all(charlie, stage, [theirs])
    assert not problems, "\n".join(problems)


async def test_before_one_is_signed_in(stage: Stage, people: People) -> None:
    people.watch.allow("401", "422", "Unprocessable")
    alice = await people.alice(stage.app)
    # Whoever pressed the button on the page of people has ended the link before.
    fresh = await alice.post(f"/admin/users/{stage.things['dana']}/reset-link")
    stage.things["reset"] = fresh["path"]
    guest = await people.visitor(stage.app, "guest", **CALM)
    problems = await _all(guest, stage, GUESTS)
    assert not problems, "\n".join(problems)


async def test_while_one_waits(stage: Stage, people: People) -> None:
    """Before the server has said anything, and where no model is there to answer."""
    alice = await people.alice(stage.app, **CALM)
    page = await alice.tab()

    def hold(_: WebSocketRoute) -> None:
        """Nothing comes through."""

    await page.route_web_socket(re.compile("/_event"), hold)
    problems = []
    for path in addresses():
        if path not in FOR_GUESTS and path not in LEADS_TO and path != "/nowhere":
            await page.goto(stage.address(path))
            await page.wait_for_function("() => !document.querySelector('html.lu-wait')")
            await expect(page.locator(".lu-skeleton").first).to_be_visible()
            problems += await look(page, f"{path}, waiting")
    assert not problems, "\n".join(problems)


async def test_without_a_model(stage: Stage, people: People) -> None:
    alice = await people.alice(stage.app, **CALM)
    page = await alice.tab()
    models = sa.table("aimodel", sa.column("is_active"))
    stage.app.sql(sa.update(models).values(is_active=False))
    try:
        await page.goto(stage.address("/chat"))
        await page.get_by_test_id("no-models").wait_for()
        problems = await look(page, "/chat, no models")
    finally:
        stage.app.sql(sa.update(models).values(is_active=True))
    assert not problems, "\n".join(problems)


async def test_without_a_connection_and_when_a_page_breaks(stage: Stage, people: People) -> None:
    people.watch.allow("ERR_INTERNET_DISCONNECTED", "WebSocket", "TypeError", "error boundary")
    alice = await people.alice(stage.app, **CALM)
    page = await alice.tab("/chat")
    await ready(page)
    await alice.context.set_offline(True)
    await thing(page, "offline").wait_for()
    problems = await look(page, "offline")
    await alice.context.set_offline(False)

    def spoil(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(
            lambda sent: route.send(
                str(sent).replace('"chats_rx_state_":', '"chats_rx_state_":null,"":')
            )
        )

    await page.route_web_socket(re.compile("/_event"), spoil)
    await page.goto(stage.address("/chat"))
    # Once the page tries by itself whether a reload helps.
    await page.wait_for_function(
        "() => performance.getEntriesByType('navigation')[0].type === 'reload'"
    )
    await thing(page, "crash").wait_for()
    problems += await look(page, "a page that broke")
    assert not problems, "\n".join(problems)
