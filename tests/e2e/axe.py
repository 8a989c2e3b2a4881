"""axe-core on a page: what it finds wrong, in words."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from tests.e2e.scenes import still

ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The themes differ in nothing but colours, which two of those rules are about; widths do not.
COLOURS = ["color-contrast", "link-in-text-block"]
THEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"runOnly": {"type": "tag", "values": ALL}},
    "dark": {"runOnly": {"type": "rule", "values": COLOURS}},
}
WITHOUT_COLOURS: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": THEMES["light"] | {"rules": {each: {"enabled": False} for each in COLOURS}},
}

# What lies over the page is looked at alone: the page below it has been seen without it.
RUN = """async (rules) => {
  const over = [...document.querySelectorAll("dialog[open], :popover-open:not(.lu-tip)")].pop();
  const found = await axe.run(over ?? document, {
    ...rules, resultTypes: ["violations"], preload: false,
  });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => {
    const why = [...node.any, ...node.all, ...node.none].map(({ message }) => message);
    return `${id}: ${node.target.join(" ")} (${why.join("; ")})`;
  }));
}"""


async def look(page: Page, where: str, *, colours: bool = True) -> list[str]:
    """What is wrong with what is to be seen: a line for each rule and node.

    Args:
        colours: in both themes; without them only what has nothing to do with colours.
    """
    if not await page.evaluate("Boolean(window.axe)"):
        await page.evaluate(AXE_SCRIPT)
    problems = []
    for theme, rules in (THEMES if colours else WITHOUT_COLOURS).items():
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await page.wait_for_function(
            "theme => getComputedStyle(document.documentElement).colorScheme === theme", arg=theme
        )
        await still(page)
        problems += [f"{where} ({theme}) {each}" for each in await page.evaluate(RUN, rules)]
    return problems
