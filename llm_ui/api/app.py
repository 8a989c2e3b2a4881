"""The REST application: what Reflex mounts itself under."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline

from llm_ui import __version__
from llm_ui.api import (
    account,
    admin,
    asking,
    auth,
    branches,
    chat_export,
    chats,
    docs,
    error_page,
    files,
    health,
    jobs,
    keys,
    me,
    methods,
    metrics,
    models,
    projects,
    prompts,
    runs,
    search,
    shelf,
    usage,
)
from llm_ui.api.answers import Compressing, Located, WithoutBody
from llm_ui.api.bodies import BodiesInTime, OpenSockets
from llm_ui.api.callers import KnownHosts, SameScheme, TrueAddress
from llm_ui.api.cors import KeysFromAnywhere
from llm_ui.api.errors import install_error_handlers
from llm_ui.api.etags import NotModified, not_modified
from llm_ui.api.idempotency import Idempotency, Replay
from llm_ui.api.limits import BodyLimit, RequestId, SecurityHeaders, is_upload
from llm_ui.api.openapi import install_document
from llm_ui.api.rates import RateHeaders
from llm_ui.api.strict import note_parameters, refuse_unknown_parameters
from llm_ui.security.policy import Policies

PREFIX = "/api/v1"
DESCRIPTION = """
Everything the pages do, for programs. Three lines to begin with:

1. Make an API key on the account page: `read` looks, `chat` changes as well, `admin` administers.
2. `curl -H "Authorization: Bearer llmui_…" https://your.server/api/v1/models`
3. `curl -H "Authorization: Bearer llmui_…" -H "Content-Type: application/json"
   -d '{"model": "<an id of these>"}' https://your.server/api/v1/chats`, then
   `POST /chats/{id}/messages` with `{"content": "Hello"}` and `GET /runs/{run_id}/events`.

On this page press **Authorize** and enter a key, or just sign in to the application: calls are
then made as you.

Bodies are JSON, and whoever calls is told of everything in them that is not known. Answers may get
new fields at any time: pass over those that you do not know. Errors are
`application/problem+json` with a stable `code`, explained at [/api/errors](/api/errors).
Moments are ISO 8601 in UTC, ids are opaque, and lists come in pages: `next_cursor` goes into
`cursor`.

Without a key, `POST /auth/login` sets a session's cookie and gives a `csrf_token`, which calls that
change something repeat in the `X-CSRF-Token` header.
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
        servers=[{"url": "/", "description": "This server"}],
        # Names of operations are what generated clients call their functions.
        generate_unique_id_function=lambda route: route.name,
        description=DESCRIPTION,
        dependencies=[Depends(note_parameters), Depends(refuse_unknown_parameters)],
    )
    install_error_handlers(api)
    api.add_exception_handler(NotModified, not_modified)  # type: ignore[arg-type]
    api.add_exception_handler(Replay, runs.replayed)  # type: ignore[arg-type]
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
        me.router,
        asking.router,
    )
    for router in (auth.router, models.router, chats.router, branches.router, runs.router, *own):
        api.include_router(router, prefix=PREFIX)
    for router in (shelf.router, projects.router, search.router, admin.router):
        api.include_router(router, prefix=PREFIX)
    api.include_router(health.router)
    api.include_router(error_page.router)
    api.include_router(metrics.router)
    # Without these, what is behind them would answer with the frontend's page.
    missing = APIRouter(include_in_schema=False)
    for path in ("/api/{path:path}", "/health/{path:path}", "/metrics"):
        missing.add_api_route(path, methods.no_such_route, methods=list(methods.METHODS))
    api.include_router(missing)
    # The first is the innermost.
    api.add_middleware(methods.HeadAsGet)
    api.add_middleware(Located)
    api.add_middleware(Idempotency)
    api.add_middleware(BodyLimit)
    api.add_middleware(RateHeaders)
    api.add_middleware(Compressing)
    api.add_middleware(WithoutBody)
    api.add_middleware(metrics.CountRequests)
    api.add_middleware(BodiesInTime, is_upload=is_upload)
    api.add_middleware(OpenSockets)
    api.add_middleware(KnownHosts)
    api.add_middleware(SameScheme)
    api.add_middleware(SecurityHeaders, policies=policies or Policies())
    api.add_middleware(TrueAddress)
    # Last, so that it goes first: all that follows has an id.
    api.add_middleware(RequestId)
    api.add_middleware(KeysFromAnywhere)
    return api
