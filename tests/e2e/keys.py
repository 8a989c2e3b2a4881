"""Pages without a mouse: where Tab leads, whether one sees it, and scenes played by keyboard."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from tests.e2e.scenes import Scene, enter, parts, still, thing
from tests.e2e.stage import Stage

TOOLS = Path(__file__).with_name("walk.js").read_text()
# Further than this nobody would go.
MOST = 200
# A field for a date has so many places inside, which look like one.
INSIDE = 6
AT_WRONG_FIELD = "() => document.activeElement?.matches('[aria-invalid=true]')"


async def walk(page: Page, where: str) -> list[str]:
    """Press Tab until it has led once round the page, or round what lies over it.

    Returns what is wrong: what is not reached or not in the page's order, a focus that is not
    to be seen or covered, a trap; a line for each.
    """
    await still(page)
    begin: dict[str, Any] = await page.evaluate("walk.begin()")
    wanted, first = begin["wanted"], begin["at"]
    if not wanted:
        return []
    visited = [first] if first >= 0 else []
    problems: list[str] = []
    same = 0
    for _ in range(2 * len(wanted) + 20):
        await page.keyboard.press("Tab")
        step: dict[str, Any] = await page.evaluate("walk.step()")
        # Past the end the way leads over the browser's own buttons to the beginning.
        if not step["name"]:
            continue
        same = same + 1 if visited[-1:] == [step["at"]] else 0
        if same > INSIDE or (not same and step["at"] in visited):
            break
        problems += [f"{where}: {step['name']}: {each}" for each in step["problems"]]
        if not same and step["at"] >= 0:
            visited.append(step["at"])
    else:
        problems.append(f"{where}: Tab comes to no end")
    if same > INSIDE and len(wanted) > 1:
        problems.append(f"{where}: Tab does not lead out of {wanted[visited[-1]]}")
    problems += [
        f"{where}: Tab does not reach {name}" for n, name in enumerate(wanted) if n not in visited
    ]
    start = visited.index(min(visited)) if visited else 0
    order = visited[start:] + visited[:start]
    if order != sorted(order):
        problems.append(f"{where}: the order is {[wanted[n] for n in order]}")
    return problems


async def walk_back(page: Page, where: str) -> list[str]:
    """The same way with Shift+Tab: what is not reached."""
    begin: dict[str, Any] = await page.evaluate("walk.begin()")
    await page.evaluate("walk.missed()")
    missed: list[str] = begin["wanted"]
    # Once round is enough unless fields have several places inside, as dates have.
    for _ in range(2):
        for _ in range(len(begin["wanted"]) + INSIDE * 2):
            await page.keyboard.press("Shift+Tab")
        again: list[str] = await page.evaluate("walk.missed()")
        missed = [each for each in missed if each in again]
        if not missed:
            break
    return [f"{where}: Shift+Tab does not reach {each}" for each in missed]


async def reach(page: Page, target: str) -> None:
    """Bring the focus to something with Tab, in menus with the arrow keys."""
    await thing(page, target).wait_for()
    await page.wait_for_function("() => walk.arrived()")
    for _ in range(MOST):
        if await page.evaluate("target => walk.isAt(target)", target):
            return
        in_menu = await page.evaluate("walk.inMenu()")
        await page.keyboard.press("ArrowDown" if in_menu else "Tab")
    raise AssertionError(f"the keyboard does not reach {target}")


async def write(page: Page, words: str) -> None:
    """Put words in the place of what a field has."""
    await page.keyboard.press("ControlOrMeta+a")
    for n, line in enumerate(words.split("\n")):
        if n:
            await page.keyboard.press("Shift+Enter")
        await page.keyboard.type(line)


async def act(page: Page, step: str) -> None:
    """Do one step of a scene with the keyboard alone."""
    verb, name, words = parts(step)
    if verb in ("click", "focus", "fill"):
        await reach(page, name)
    await page.evaluate("walk.mark()")
    if verb == "wait":
        await thing(page, name).wait_for()
    elif verb == "click":
        ticks = await page.evaluate("document.activeElement.type === 'checkbox'")
        await page.keyboard.press("Space" if ticks else "Enter")
    elif verb == "fill":
        await write(page, words)
    elif verb == "type":
        await page.keyboard.type(name)
    elif verb == "press":
        await page.keyboard.press(name)


async def play(page: Page, stage: Stage, scene: Scene) -> None:
    """Bring a scene up with the keyboard alone."""
    await enter(page, stage, scene)
    await page.evaluate(TOOLS)
    for step in scene.steps:
        await act(page, step)
    await thing(page, scene.shows).wait_for()
    if scene.shows.endswith("-problem"):
        # The words come first, then the focus goes to the field that they are about.
        with suppress(PlaywrightTimeoutError):
            await page.wait_for_function(AT_WRONG_FIELD, timeout=3_000)
