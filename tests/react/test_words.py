"""The words of a page are those of the person's language, and only these are fetched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from llm_ui.i18n import LANGUAGES, formats, translate
from tests import one_more
from tests.one_more import CODE, in_it
from tests.react.conftest import HERE, bundle, served

# Links what the bundler needs, and tells which languages the page names.
LINK = """
from llm_ui import pages
print(pages.app_options()["html_custom_attrs"]["data-languages"])
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a page is that was built with one more language."""
    home = tmp_path_factory.mktemp("home")
    languages = one_more.run(home, one_more.application(home), "-c", LINK).strip()
    page, out = home / "page", home / "out"
    shutil.copytree(HERE / "words", page)
    index = (page / "index.html").read_text()
    (page / "index.html").write_text(index.replace("LANGUAGES", languages))
    bundle(out, page, home / "assets")
    shutil.copy(home / "assets" / "boot.js", out)
    with served(out) as address:
        yield address


def look(browser: Browser, url: str, cookie: str = "", **options: Any) -> dict[str, Any]:
    """A page as somebody sees it: its words, its language, and what it fetched for that."""
    with browser.new_context(**options) as context:
        if cookie:
            context.add_cookies([{"name": "lang", "value": cookie, "url": url}])
        page = context.new_page()
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(url)
        page.wait_for_function("window.lab")
        html = page.locator("html")
        return {
            "words": page.locator("h1").inner_text(),
            "lang": html.get_attribute("lang"),
            "dir": html.get_attribute("dir"),
            "catalogues": [each for each in fetched if "messages" in each],
        }


def test_english_needs_no_further_file(browser: Browser, url: str) -> None:
    seen = look(browser, url, locale="en-GB")
    assert seen == {"words": "New chat", "lang": "en", "dir": "ltr", "catalogues": []}


@pytest.mark.parametrize("locale", ["de", "de-AT"])
def test_another_language_is_fetched_alone(browser: Browser, url: str, locale: str) -> None:
    seen = look(browser, url, locale=locale)
    assert (seen["words"], seen["lang"], seen["dir"]) == ("Neuer Chat", "de", "ltr")
    assert len(seen["catalogues"]) == 1


def test_a_new_folder_is_spoken_where_it_was_chosen(browser: Browser, url: str) -> None:
    seen = look(browser, url, cookie=CODE, locale="de")
    assert (seen["words"], seen["lang"], seen["dir"]) == (in_it("New chat"), CODE, "rtl")
    assert len(seen["catalogues"]) == 1


WRITTEN = """() => [
  ...[1, 2, 1234].map((count) => text.t("admin.models_count", { count })),
  text.t("error.too_many_sign_ins", { retry_after: 1 }),
  text.t("error.provider_timeout_connect", { provider: "Cellar", model: "echo", seconds: 1.5 }),
  text.t("backups.days.other", { days: 3 }),
  ...[1, 512, 34816, 1258291, 5e12].map(text.size),
  text.list(["a", "b", "c"]),
]"""


def written(language: str) -> list[str]:
    """The same as the server writes it."""
    return [
        *(translate("admin.models_count", language, count=count) for count in (1, 2, 1234)),
        translate("error.too_many_sign_ins", language, retry_after=1),
        translate(
            "error.provider_timeout_connect", language, provider="Cellar", model="echo", seconds=1.5
        ),
        translate("backups.days.other", language, days=3),
        *(formats.size(size, language) for size in (1, 512, 34816, 1258291, 5 * 10**12)),
        formats.listing(["a", "b", "c"], language),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_browser_and_server_write_alike(browser: Browser, url: str, language: str) -> None:
    with browser.new_context(locale=language) as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_function(f"window.text?.language() === {language!r}")
        assert page.evaluate(WRITTEN) == written(language)


def test_a_chosen_language_that_is_gone_is_the_browsers(browser: Browser, url: str) -> None:
    assert look(browser, url, cookie="xx", locale="de")["words"] == "Neuer Chat"
