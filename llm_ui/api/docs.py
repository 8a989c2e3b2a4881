"""The page of the API: Swagger UI, from this server alone."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from llm_ui.security import policy

PAGE = "/api/docs"
STATIC = f"{PAGE}/static"


def install_page(api: FastAPI) -> None:
    """Serve the page at PAGE; its own files lie below STATIC."""
    assert api.openapi_url is not None
    page = get_swagger_ui_html(
        openapi_url=api.openapi_url,
        title=api.title,
        swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{STATIC}/favicon.png",
    )
    html = bytes(page.body).decode()
    headers = {"Content-Security-Policy": policy.of_page(html)}

    @api.get(PAGE, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(html, headers=headers)
