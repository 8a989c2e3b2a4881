"""Everything that can be seen, as a table: the pages, and what comes up on them.

A new page is found by itself (`addresses`); an argument in its address gets its value in
stage.py. So are dialogs and menus that stand in a page before they are opened. What only
comes up when somebody does something is a line of SCENES.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.e2e.stage import FILES, Stage
from tests.e2e.window import PHONE, WIDE

# Pages of somebody who is not signed in, and where others lead.
FOR_GUESTS = {"/login", "/register", "/setup", "/join", "/reset"}
LEADS_TO = {"/": "/chat", "/setup": "/login"}

# How the browsers of those are who look at scenes: nothing moves for long, and each page
# begins as in a browser that has never been here, without drafts and with nothing put away.
CALM: dict[str, Any] = {"reduced_motion": "reduce"}
FRESH = "if (location.protocol !== 'about:') { localStorage.clear(); sessionStorage.clear(); }"

# What moves has arrived, and is painted.
STILL = """async () => {
  await document.fonts.ready;
  const ends = (each) => each.effect?.getComputedTiming().endTime < 60000;
  await Promise.all(document.getAnimations().filter(ends).map((a) => a.finished.catch(() => {})));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

# The sizes of a window that a scene is looked at in; it is played in the first.
DESK: tuple[Any, ...] = (WIDE,)
BOTH = (WIDE, PHONE)
HAND = (PHONE,)


@dataclass(frozen=True)
class Scene:
    """A page and what is done there until `shows` is to be seen.

    `path` names things of the stage in braces. A step is a verb and what it is done to:
    `click`, `focus` or `wait` for something, `fill` it with the words behind "=", `press` a
    key, `type` words, `pick` a file for a field. Things are named by test id, or by a
    selector that begins with "." or "#". Whoever leaves what lies over the page by Escape is
    back where they came from, or at `back`.
    """

    path: str
    steps: tuple[str, ...] = ()
    shows: str = ""
    sizes: tuple[Any, ...] = DESK
    back: str = ""

    @property
    def name(self) -> str:
        """What a failure calls it."""
        return " › ".join([self.path, *self.steps]).replace("\n", "↵")


def _on(path: str, *steps: str, shows: str, sizes: tuple[Any, ...] = DESK, back: str = "") -> Scene:
    return Scene(path, steps, shows, sizes, back)


CHAT = "/chat/{chat}"
# In groups, each of which is one test; alice, the admin, is signed in.
SCENES = {
    "around every page": (
        _on("/chat", "click user-menu", shows="account-link"),
        _on(CHAT, "click chat-menu", shows="rename"),
        _on("/history", "click chat-menu", "click rename", shows="rename-dialog", sizes=BOTH),
        _on(CHAT, "click chat-menu", "click tags", shows="tags-dialog"),
        _on(CHAT, "click chat-menu", "click move", shows="move-dialog"),
        _on(
            "/chat/{spare}",
            "click #sidebar [aria-current=page] + button",
            "click delete",
            shows="undo-toast",
            sizes=BOTH,
        ),
        _on("/chat", "press Control+k", shows="palette-command", sizes=BOTH),
        _on("/files", "press Control+k", "type heron", shows="palette-chat"),
        _on("/chat", "press Control+k", "type zzzz", shows="palette-none"),
        _on("/chat", "press Control+/", shows="keys"),
        _on("/chat", "click hide-sidebar", shows="show-sidebar"),
        _on("/projects", "click open-drawer", shows="hide-sidebar", sizes=HAND),
        _on("/projects", "click open-drawer", "click user-menu", shows="account-link", sizes=HAND),
        _on("/chat", "click open-drawer", "click search", shows="palette-command", sizes=HAND),
    ),
    "before an answer": (
        _on("/chat", "click model-picker", shows="model-option", sizes=BOTH),
        _on("/chat", "click temporary-switch", shows="empty-chat"),
        _on("/chat?project={folder_id}", shows="empty-chat"),
        _on("/chat", "click also-picker", shows="also-option"),
        _on("/chat", "click also-picker", "click also-option", shows="also", sizes=BOTH),
        _on(CHAT, "click chat-settings", shows="settings-dialog", sizes=BOTH),
        _on(
            "/chat",
            "click chat-settings",
            "fill setting-stop=a\nb\nc\nd\ne",
            "click settings-save",
            shows="settings-error",
        ),
        _on(CHAT, "click mode-browsing", shows="context-meter"),
        _on(CHAT, "click files-along", shows="along-manage"),
        _on("/chat", "fill composer=/", shows="slash-option"),
        _on(
            "/chat",
            "fill composer=/letter",
            "wait slash-option",
            "press Enter",
            shows="variables-dialog",
        ),
        _on("/chat", "click attach", shows="attach-library"),
        _on(
            "/chat",
            "click attach",
            "click attach-library",
            shows="library-file",
            sizes=BOTH,
            back="composer",
        ),
        _on(
            "/chat",
            "pick attach-input=words.txt",
            "pick attach-input=grey.png",
            "pick attach-input=bad.exe",
            "fill composer=Read.",
            "press Enter",
            shows=".lu-composer-note",
            sizes=BOTH,
        ),
        _on("/chat", "fill composer=delay=30", "press Enter", shows=".lu-md-wait"),
        _on(
            "/chat",
            "fill composer=markdown tokens=900 rate=30",
            "press Enter",
            "wait .lu-md > p",
            shows="stop",
            sizes=BOTH,
        ),
        _on("/chat", "fill composer=reasoning=900 rate=30", "press Enter", shows="thinking"),
    ),
    "an answer": (
        _on(
            "/chat",
            "fill composer=tokens=900 rate=30",
            "press Enter",
            "wait .lu-md > p",
            "click stop",
            shows="continue",
        ),
        _on(CHAT, "click answer-more", shows="copy-plain"),
        _on(CHAT, "click answer-more", "click copy-plain", shows=".lu-toast"),
        _on(CHAT, "click .lu-md-think summary", shows=".lu-md-think-text"),
        _on(CHAT, "click edit", shows="edit-text"),
        _on(CHAT, "click good", shows="good"),
        _on(CHAT, "focus .lu-log-box", "press Home", shows="jump-latest", sizes=BOTH),
        _on("/chat/{painted}", shows="picture", sizes=BOTH),
        _on("/chat/{painted}", "click picture-open", shows="picture-viewer", sizes=BOTH),
        _on("/chat", "click mode-image", shows="image-model", sizes=BOTH),
        _on("/chat/{pair}", shows="pair", sizes=BOTH),
        _on("/chat/{failed}", shows="error-bubble", sizes=BOTH),
        _on("/chat/{broken}", shows="error-bubble"),
    ),
    "lists": (
        _on("/projects", "click new-project-button", shows="new-project", sizes=BOTH),
        _on("/projects/{folder_id}", "click edit-project", shows="project-dialog"),
        _on("/projects/{folder_id}", "click delete-project-button", shows="delete-project"),
        _on("/projects/{folder_id}", "click project-file-remove", shows="removed-file"),
        _on("/projects/{folder_id}", "click from-library", shows="library-dialog"),
        _on("/history", "click pick", shows="bulk-delete", sizes=BOTH),
        _on("/history", "click pick", "click bulk-move", shows="move-many"),
        _on("/history", "click pick", "click bulk-tag", shows="tag-many"),
        _on("/history", "click shelf-archived", shows="chat-line"),
        _on("/history", "fill history-search=herons", shows="found"),
        _on("/history", "fill history-search=zzzz", shows="nothing-found"),
        _on("/prompts", "click new-prompt", shows="prompt-form", sizes=BOTH),
        _on(
            "/prompts",
            "click prompt-edit",
            "fill prompt-name=  ",
            "click prompt-save",
            shows="prompt-problem",
        ),
        _on("/prompts", "click prompt-delete", shows="prompt-delete-dialog"),
        _on("/prompts", "click prompt-tag", shows="prompt-item"),
        _on("/prompts", "fill prompt-search=zzzz", shows="no-match"),
        _on("/files", "click delete-file", shows="delete-file-dialog"),
        _on("/files", "pick upload-input=bad.exe", shows="file-chip", sizes=BOTH),
        _on("/files", "fill file-search=zzzz", shows="no-file-matches"),
        _on(
            "/account",
            "click delete-account",
            "fill leave-password=not it at all",
            "fill leave-word=delete",
            "click leave-submit",
            shows="delete-problem",
        ),
        _on(
            "/account",
            "fill account-email=other@example.org",
            "click profile-save",
            shows="profile-problem",
        ),
        _on("/account", "click key-new", shows="key-name", sizes=BOTH),
        _on("/usage", "click usage-7", shows="usage-plot"),
    ),
    "the administrator's": (
        _on("/admin", shows="machine"),
        _on("/admin/providers", "click add-provider", shows="provider-preset", sizes=BOTH),
        _on(
            "/admin/providers",
            "click add-provider",
            "click provider-other",
            "click provider-more",
            "fill provider-api_url=http://127.0.0.1:9/v1",
            "click provider-test",
            shows="test-failed",
        ),
        _on("/admin/providers", "click provider-edit", shows="provider-locked"),
        _on("/admin/providers", "click provider-delete", shows="provider-delete-yes"),
        _on("/admin/providers", "click test-saved", "wait test-ok", shows="provider-result"),
        _on("/admin/providers", "click sync-now", shows="sync-result"),
        _on("/admin/providers", "click address-add", shows="address-api_url"),
        _on("/admin/providers", "click address-delete", shows="address-delete-dialog"),
        _on("/admin/models", "click model-menu-button", shows="do-top", sizes=BOTH),
        _on(
            "/admin/models",
            "click model-open",
            "focus visible-everyone",
            "press ArrowDown",
            "press ArrowDown",
            "fill reader-search=dana",
            shows="reader-found",
            sizes=BOTH,
        ),
        _on(
            "/admin/models",
            "click model-price",
            "fill price-input=1,000",
            "fill price-output=1",
            "click price-save",
            shows="price-problem",
        ),
        _on("/admin/models", "click pick-all", shows="bulk-off", sizes=BOTH),
        _on("/admin/models", "fill models-search=zzzz", shows="models-none"),
        _on("/admin/models", "click view-types", shows="type-row", sizes=BOTH),
        _on("/admin/models", "click view-types", "click type-edit", shows="type-save"),
        _on("/admin/models", "click view-types", "click type-delete", shows="type-delete-dialog"),
        _on("/admin/media", "click media-add-model", shows="media-add-dialog", sizes=BOTH),
        _on("/admin/media", "click media-model-edit", shows="model-size", sizes=BOTH),
        _on("/admin/media", "click media-model-delete", shows="media-delete-yes"),
        _on("/admin/people", "click person-menu-button", shows="do-reset", sizes=BOTH),
        _on("/admin/people", "click person-menu-button", "click do-reset", shows="handed-link"),
        _on("/admin/people", "click person-menu-button", "click do-promote", shows="person-ask"),
        _on("/admin/people", "click person-menu-button", "click do-delete", shows="delete-email"),
        _on("/admin/people", "click people-invite", shows="invite-email"),
        _on(
            "/admin/people",
            "click people-create",
            "fill create-email=alice@example.org",
            "fill create-name=Alice",
            "click person-create-submit",
            shows="create-problem",
        ),
        _on("/admin/people", "fill people-search=zzzz", shows="nobody"),
        _on("/admin/people", "click view-invitations", shows="invitation-row", sizes=BOTH),
        _on("/admin/people", "click view-registration", shows="registration", sizes=BOTH),
        _on("/admin/keys", "fill keys-search=zzzz", shows="keys-empty"),
        _on(
            "/admin/usage",
            "click by-person",
            "click usage-narrow",
            shows="widen-person",
            sizes=BOTH,
        ),
        _on("/admin/usage", "click sort-cost", shows="usage-row"),
        _on("/admin/performance", "click span-hour", shows="speed-row", sizes=BOTH),
        _on("/admin/performance", "click speed-look-at", "focus speed-plot", shows="speed-all"),
        _on("/admin/performance", "click plot-figures", shows="plot-figures"),
        _on("/admin/jobs", "click start-job", shows="start-backup"),
        _on("/admin/jobs", "click backup-delete", shows="backup-delete-dialog"),
        _on("/admin/log", "click .lu-log__details summary", shows=".lu-log__facts"),
        _on("/admin/log", "fill log-search=zzzz", shows="log-empty"),
    ),
}

# What charlie sees, who has nothing yet.
EMPTY = (
    _on("/chat", shows="no-chats"),
    _on("/chat", "fill composer=/", shows="slash-menu"),
    _on("/projects", shows="no-projects"),
    _on("/history", shows="no-history"),
    _on("/history", "click shelf-archived", shows="no-archive"),
    _on("/prompts", shows="no-prompts", sizes=BOTH),
    _on("/files", shows="no-files"),
    _on("/usage", shows="no-usage"),
)

# What somebody sees who is not signed in.
GUESTS = (
    _on("{join}", shows="join-submit", sizes=BOTH),
    _on(
        "{reset}",
        "fill reset-password=short",
        "click reset-submit",
        shows=".lu-auth-error:not([hidden])",
    ),
    _on(
        "/login",
        "fill login-email=no@example.org",
        "fill login-password=not it at all",
        "click login-submit",
        shows=".lu-auth-error:not([hidden])",
    ),
    _on(
        "/register",
        "fill register-email=no@example.org",
        "fill register-username=No",
        "fill register-password=short",
        "click register-submit",
        shows=".lu-auth-error:not([hidden])",
        sizes=BOTH,
    ),
)


def addresses() -> Iterator[str]:
    """The paths of all registered pages, their arguments in braces."""
    from llm_ui.llm_ui import app

    for route in app._unevaluated_pages:
        path = "/nowhere" if route == "404" else "/" + re.sub("^index$", "", route)
        # A page whose last argument may be missing is two.
        if optional := re.search(r"/\[\[(\w+)\]\]$", path):
            yield path[: optional.start()]
        yield re.sub(r"\[+(\w+)\]+", r"{\1}", path)


def thing(page: Page, name: str) -> Locator:
    """The first one of this name that can be seen."""
    found = page.locator(name) if name[0] in ".#" else page.get_by_test_id(name)
    return found.locator("visible=true").first


def parts(step: str) -> tuple[str, str, str]:
    """A step's verb, what it is done to, and the words to put there."""
    verb, _, what = step.partition(" ")
    name, _, words = what.partition("=") if verb in ("fill", "pick") else (what, "", "")
    return verb, name, words


async def act(page: Page, step: str) -> None:
    """Do one step of a scene, with the mouse where there is a choice."""
    verb, name, words = parts(step)
    if verb == "press":
        await page.keyboard.press(name)
    elif verb == "type":
        await page.keyboard.type(name)
    elif verb == "wait":
        await thing(page, name).wait_for()
    elif verb == "pick":
        picked = {"name": words, "mimeType": "application/x-anything", "buffer": FILES[words]}
        await page.get_by_test_id(name).set_input_files([picked])
        chip = page.get_by_test_id("file-chip").filter(has_text=words)
        await expect(chip).to_have_attribute("data-status", re.compile("ready|refused|failed"))
    elif verb == "fill":
        await thing(page, name).fill(words)
    else:
        await getattr(thing(page, name), verb)()


async def ready(page: Page) -> None:
    """Wait until a page has its data, whichever page it is."""
    await page.wait_for_function(
        """() => document.querySelector("main") && !document.querySelector(
          ".lu-skeleton, html.lu-wait, main [data-testid$=-submit]:disabled")"""
    )


async def still(page: Page) -> None:
    """Wait until nothing moves any more."""
    await page.evaluate(STILL)


async def tidy(page: Page) -> None:
    """After a scene: nothing goes on being written, and nothing stays deleted."""
    for name in ("stop", "undo", "undo-remove-file"):
        for each in await page.get_by_test_id(name).all():
            await each.click()


async def enter(page: Page, stage: Stage, scene: Scene) -> None:
    """Open a scene's page; where it leads elsewhere, what is there."""
    await page.set_viewport_size(scene.sizes[0])
    await page.goto(stage.address(scene.path))
    if scene.path in LEADS_TO:
        await page.wait_for_url(re.compile(rf"{LEADS_TO[scene.path]}/?$"))
    await ready(page)


async def play(page: Page, stage: Stage, scene: Scene) -> None:
    """Bring a scene up."""
    await enter(page, stage, scene)
    for step in scene.steps:
        await act(page, step)
    if scene.shows:
        await thing(page, scene.shows).wait_for()
