"""What a screen is, and the stage it is taken of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from playwright.async_api import Page

from tests.e2e.app import App
from tests.e2e.window import Person
from tests.scripted import ScriptedServer

SIZES = {"1280": (1280, 800), "390": (390, 844)}
THEMES = ("light", "dark")
# The pictures that docs/screens holds, which are in everybody's clone. All others are made by
# `python3 dev.py screens`.
IN_DOCS = frozenset(
    {
        "account-1280-light",
        "answer-1280-light",
        "answer-390-dark",
        "browsing-1280-light",
        "browsing-390-light",
        "dashboard-1280-dark",
        "files-answer-1280-light",
        "history-found-1280-light",
        "jobs-1280-light",
        "log-details-1280-light",
        "login-1280-light",
        "models-1280-light",
        "pair-1280-dark",
        "palette-found-1280-dark",
        "people-1280-light",
        "performance-1280-dark",
        "project-1280-light",
        "prompts-1280-light",
        "providers-1280-light",
        "usage-1280-light",
    }
)
WIDE, PHONE = ("1280",), ("390",)

Step = Callable[[Page], Awaitable[object]]


@dataclass(frozen=True)
class Screen:
    """One picture in every size and theme.

    Args:
        name: of its files: `<name>-<size>-<theme>.png`.
        path: its address; `{name}` stands for an id that the stage has noted.
        wait: the test id of what is there when the page is up.
        then: what is done on the page before the picture.
        before: what is done before the page is asked for.
        after: what is done after the picture, so that the next one finds all as it was.
        who: "ada", who has everything (and is the admin), "ben", who has nothing yet, or
            nobody.
        sizes: the windows that it is taken in.
        settle: milliseconds to wait for what moves.
        crowded: taken at last, when there are ten thousand of everything.
    """

    name: str
    path: str
    wait: str
    then: Step | None = None
    before: Step | None = None
    after: Step | None = None
    who: str = "ada"
    sizes: tuple[str, ...] = tuple(SIZES)
    settle: int = 500
    crowded: bool = False


@dataclass
class Stage:
    """The running app, its people, and the ids of what they made."""

    app: App
    builtin: ScriptedServer
    models: ScriptedServer
    ada: Person
    ben: Person
    ids: dict[str, str] = field(default_factory=dict)
    is_crowded: bool = False


async def press(page: Page, *test_ids: str) -> None:
    """Click one thing after the other."""
    for test_id in test_ids:
        await page.get_by_test_id(test_id).first.click()


def pressing(*test_ids: str) -> Step:
    """A step that clicks one thing after the other."""
    return lambda page: press(page, *test_ids)


def showing(test_id: str) -> Step:
    """A step that scrolls to something."""
    return lambda page: page.get_by_test_id(test_id).last.scroll_into_view_if_needed()
