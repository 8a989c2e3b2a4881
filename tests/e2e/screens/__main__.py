"""Sets the stage and takes the pictures. Fails when a page scrolls sideways, or violates its
Content-Security-Policy."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from llm_ui.cli.development.suite import find_browser
from llm_ui.i18n import LANGUAGES
from tests.e2e.app import ROOT, App, free_port
from tests.e2e.pictures import FLAGS, take
from tests.e2e.screens import admin, chat, finding, guest, own, tongues
from tests.e2e.screens.compare import compare
from tests.e2e.screens.crowd import crowd
from tests.e2e.screens.kit import IN_DOCS, SIZES, THEMES, Screen, Stage
from tests.e2e.screens.stage import enter, furnish
from tests.e2e.screens.texts import BUILT_IN, MODELS
from tests.scripted import scripted_server

# The answer that is still being written comes first: it would end at last.
TABLE = [each for table in (chat, guest, finding, own, admin, tongues) for each in table.SCREENS]
SCREENS = {each.name: each for each in sorted(TABLE, key=lambda each: each.crowded)}
if len(SCREENS) < len(TABLE):
    raise RuntimeError("two screens have the same name: one picture would hide the other")
TIMEOUT_MS = 15_000
FOLDER, DOCS = ROOT / "data" / "screens", ROOT / "docs" / "screens"
# Stands in what Chromium says of a violation.
POLICY = "Content Security Policy"


class Camera:
    """Takes screens in every size and theme, in one browser profile for each of them."""

    def __init__(self, browser: Browser, stage: Stage, options: argparse.Namespace) -> None:
        self.browser = browser
        self.stage = stage
        self.options = options
        self._contexts: dict[tuple[str, str, str], BrowserContext] = {}

    async def _context(self, who: str, size: str, theme: str) -> BrowserContext:
        found = self._contexts.get((who, size, theme))
        if found is None:
            person = {"ada": self.stage.ada, "ben": self.stage.ben}.get(who)
            state: Any = await person.context.storage_state() if person else None
            width, height = SIZES[size]
            phone = size == "390"
            found = await self.browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                base_url=self.stage.app.url,
                locale="en-GB" if self.options.language == "en" else self.options.language,
                has_touch=phone,
                is_mobile=phone,
                storage_state=state,
            )
            found.set_default_timeout(TIMEOUT_MS)
            self._contexts[who, size, theme] = found
        return found

    async def take(self, screen: Screen, size: str, theme: str) -> str:
        """One picture; returns what is wrong with it."""
        context = await self._context(screen.who, size, theme)
        page = await context.new_page()
        refused: list[str] = []
        page.on("console", lambda told: refused.append(told.text) if POLICY in told.text else None)
        target = self.options.out / f"{screen.name}-{size}-{theme}.png"
        try:
            sideways = await self._show(page, screen)
            await take(page, target)
            if screen.after:
                await screen.after(page)
        except PlaywrightError as error:
            return f"{target.name}: {error}"
        finally:
            await context.set_offline(False)
            await page.close()
        if refused:
            return f"{target.name}: {refused[0]}"
        return f"{target.name} scrolls sideways by {sideways} px" if sideways > 0 else ""

    async def _show(self, page: Page, screen: Screen) -> int:
        """Bring a screen up; returns how far it scrolls sideways."""
        if screen.before:
            await screen.before(page)
        await page.goto(screen.path.format_map(self.stage.ids))
        await page.get_by_test_id(screen.wait).last.wait_for()
        if screen.then:
            await screen.then(page)
        await page.evaluate("document.fonts.ready")
        await page.wait_for_timeout(screen.settle)
        return int(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))


async def main(options: argparse.Namespace) -> None:
    """Set the stage and take the pictures."""
    of_docs = {each.rsplit("-", 2)[0] for each in IN_DOCS} if options.docs else set(SCREENS)
    names = of_docs & set(options.names or SCREENS)
    wanted = [each for name, each in SCREENS.items() if name in names]
    async with (
        scripted_server() as builtin,
        scripted_server() as models,
        async_playwright() as play,
    ):
        builtin.model_names = (BUILT_IN,)
        models.model_names = tuple(name for name, *_ in MODELS)
        program = find_browser()
        browser = await play.chromium.launch(executable_path=program, args=FLAGS)
        with tempfile.TemporaryDirectory() as folder:
            # Nothing is searched for: the address only says that it could be.
            search = f"http://127.0.0.1:{free_port()}"
            app = App(
                Path(folder),
                models.url,
                LLM_API_URL=builtin.url,
                SEARXNG_URL=search,
                SILENCE_TIMEOUT="120",
            )
            await app.start()
            ada, ben = [await enter(browser, app.url, name) for name in ("ada", "ben")]
            stage = Stage(app, builtin, models, ada, ben)
            await furnish(stage, browser)
            camera = Camera(browser, stage, options)
            problems = []
            for screen in wanted:
                if screen.crowded and not stage.is_crowded:
                    crowd(stage)
                problems += [
                    await camera.take(screen, size, theme)
                    for size in screen.sizes
                    if not options.size or size == options.size
                    for theme in options.theme or THEMES
                    if not options.docs or f"{screen.name}-{size}-{theme}" in IN_DOCS
                ]
            await browser.close()
            await app.stop()
    if any(problems):
        raise SystemExit("\n".join(filter(None, problems)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="dev.py screens", description=__doc__)
    parser.add_argument("--out", type=Path, help="output folder (default: data/screens)")
    parser.add_argument(
        "--docs", action="store_true", help="only retake the screenshots in docs/screens"
    )
    parser.add_argument("--size", choices=SIZES, help="only this window")
    parser.add_argument("--theme", choices=THEMES, action="append", help="only this theme")
    parser.add_argument(
        "--compare", type=Path, help="report differences from the screenshots in a folder"
    )
    parser.add_argument("--language", choices=tuple(LANGUAGES), default="en")
    parser.add_argument("names", nargs="*", choices=[*SCREENS, []], default=[])
    given = parser.parse_args()
    given.out = given.out or (DOCS if given.docs else FOLDER)
    given.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(given))
    if given.compare:
        sys.stdout.write("".join(f"{line}\n" for line in compare(given.out, given.compare)))
