"""The API docs page: Swagger UI, served entirely from this server."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

from llm_ui.api.http.methods import DOCUMENT
from llm_ui.auth import CSRF_HEADER
from llm_ui.security import policy

PAGE = "/api/docs"
STATIC = f"{PAGE}/static"
HTML = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LLM UI - API</title>
<link rel="icon" href="{STATIC}/favicon.png">
<link rel="stylesheet" href="{STATIC}/swagger-ui.css">
<link rel="service-desc" type="application/json" href="{DOCUMENT}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{STATIC}/swagger-ui-bundle.js"></script>
<script src="{PAGE}/start.js"></script>
</body>
</html>
"""
# Signed-in users try out calls as themselves: the browser sends their cookie, and calls that change
# something also need the session's CSRF token.
START = f"""
const READING = ["GET", "HEAD", "OPTIONS"];

async function csrfToken() {{
  const answer = await fetch("/api/v1/auth/me", {{ credentials: "same-origin" }});
  return answer.ok ? (await answer.json()).csrf_token : "";
}}

window.ui = SwaggerUIBundle({{
  url: "{DOCUMENT}",
  dom_id: "#swagger-ui",
  deepLinking: true,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  requestInterceptor: async (request) => {{
    const reads = READING.includes((request.method ?? "GET").toUpperCase());
    if (reads || request.headers.Authorization || request.headers["{CSRF_HEADER}"]) return request;
    request.headers["{CSRF_HEADER}"] = await csrfToken();
    return request;
  }},
}});
"""


def install_page(api: FastAPI) -> None:
    """Serve the page at PAGE, and its static files below STATIC."""
    headers = {"Content-Security-Policy": policy.of_page(HTML)}

    @api.get(PAGE, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(HTML, headers=headers)

    @api.get(f"{PAGE}/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(START, media_type="text/javascript")
