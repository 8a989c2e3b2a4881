"""The page that explains all error codes; a problem's `type` links to it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from llm_ui.api.http.errors import ERROR_PAGE, language_of
from llm_ui.api.http.validation import CODES
from llm_ui.errors import AppError
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.security import policy

router = APIRouter(include_in_schema=False)
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
       color-scheme: light dark; }
h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
h2:target { outline: 2px solid; outline-offset: .25rem; }
p { margin: .25rem 0; }
"""


def kinds(of: type[AppError] = AppError) -> Iterator[type[AppError]]:
    """Every error with a code of its own, as declared in errors.py."""
    yield of
    for each in of.__subclasses__():
        for kind in kinds(each):
            if kind.code != of.code:
                yield kind


def _entry(kind: type[AppError], language: str) -> str:
    title = escape(translate(f"problem.{kind.code}", language))
    about = escape(translate(f"problem_help.{kind.code}", language))
    return (
        f'<h2 id="{kind.code}"><code>{kind.code}</code> · {kind.status}</h2>'
        f"<p><strong>{title}.</strong> {about}</p>"
    )


@router.get(ERROR_PAGE)
async def explain(request: Request) -> HTMLResponse:
    """All error codes with their statuses, and what to do about them."""
    language = language_of(request.headers)
    title = escape(translate("problem_page.title", language))
    intro = escape(translate("problem_page.intro", language))
    parts = escape(translate("problem_page.parts", language))
    about = escape(translate("problem_page.parts_intro", language))
    found = "".join(_entry(each, language) for each in kinds() if each.code != "config")
    listed = ", ".join(f"<code>{each}</code>" for each in CODES)
    direction = LANGUAGES[language].direction
    page = (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · LLM UI</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{title}</h1><p>{intro}</p>{found}"
        f'<h2 id="errors">{parts}</h2><p>{about}</p><p>{listed}</p></main></body></html>'
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": policy.of_page(page)})
