"""The REST application: what Reflex mounts itself under."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline

from llm_ui import __version__
from llm_ui.api import (
    account,
    admin,
    auth,
    branches,
    chat_export,
    chats,
    docs,
    files,
    health,
    jobs,
    keys,
    metrics,
    models,
    projects,
    prompts,
    runs,
    search,
    shelf,
    usage,
)
from llm_ui.api.bodies import BodiesInTime, OpenSockets
from llm_ui.api.callers import KnownHosts, SameScheme, TrueAddress
from llm_ui.api.errors import install_error_handlers, unknown_route
from llm_ui.api.limits import BodyLimit, RequestId, SecurityHeaders, is_upload
from llm_ui.api.openapi import install_document
from llm_ui.security.policy import Policies

PREFIX = "/api/v1"
DESCRIPTION = """
Everything the pages do, for programs. Sign in with `POST /api/v1/auth/login`; the answer
sets a cookie and gives a `csrf_token`. Calls that change something repeat it in the
`X-CSRF-Token` header. Errors are `application/problem+json` with a stable `code`.
"""


def create_api(policies: Policies | None = None) -> FastAPI:
    """The routes under /api/v1, the health routes, and the OpenAPI page at /api/docs.

    Args:
        policies: those of the pages that are served under it.
    """
    api = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        static_url=docs.STATIC,
        title="LLM UI",
        version=__version__,
        description=DESCRIPTION,
    )
    install_error_handlers(api)
    install_document(api)
    docs.install_page(api)
    own = (
        account.router,
        chat_export.router,
        prompts.router,
        usage.router,
        files.router,
        jobs.router,
        keys.router,
    )
    for router in (auth.router, models.router, chats.router, branches.router, runs.router, *own):
        api.include_router(router, prefix=PREFIX)
    for router in (shelf.router, projects.router, search.router, admin.router):
        api.include_router(router, prefix=PREFIX)
    api.include_router(health.router)
    api.include_router(metrics.router)
    missing = APIRouter(include_in_schema=False)
    # Without this, what is behind it would answer with the frontend's page.
    missing.add_api_route(
        "/api/{path:path}",
        unknown_route,
        methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    )
    api.include_router(missing)
    api.add_middleware(BodyLimit)
    api.add_middleware(metrics.CountRequests)
    api.add_middleware(BodiesInTime, is_upload=is_upload)
    api.add_middleware(OpenSockets)
    api.add_middleware(KnownHosts)
    api.add_middleware(SameScheme)
    api.add_middleware(SecurityHeaders, policies=policies or Policies())
    api.add_middleware(TrueAddress)
    # Last, so that it goes first: all that follows has an id.
    api.add_middleware(RequestId)
    return api
