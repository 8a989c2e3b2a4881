"""The REST application, which Reflex is mounted under."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route

from llm_ui import __version__
from llm_ui.api import admin
from llm_ui.api.accounts import account, api_keys, auth, me
from llm_ui.api.answers import asking, runs
from llm_ui.api.catalogue import models
from llm_ui.api.chats import branches, chat_export, chats, organize, search
from llm_ui.api.files import files
from llm_ui.api.http import methods
from llm_ui.api.http.bodies import BodiesInTime, OpenSockets
from llm_ui.api.http.callers import KnownHosts, SameScheme, TrueAddress
from llm_ui.api.http.cors import KeysFromAnywhere
from llm_ui.api.http.errors import install_error_handlers
from llm_ui.api.http.etags import NotModified, not_modified
from llm_ui.api.http.idempotency import Idempotency, Replay
from llm_ui.api.http.rate_limits import RateHeaders
from llm_ui.api.http.request_limits import (
    BodyLimit,
    HeaderLimit,
    RequestId,
    SecurityHeaders,
    is_upload,
)
from llm_ui.api.http.responses import Compressing, Located, WithoutBody
from llm_ui.api.http.strict import (
    note_parameters,
    refuse_repeated_parameters,
    refuse_unknown_parameters,
)
from llm_ui.api.insights import metrics, own_usage
from llm_ui.api.openapi import docs, error_page
from llm_ui.api.openapi.document import install_document
from llm_ui.api.operations import health, jobs
from llm_ui.api.projects import projects
from llm_ui.api.prompts import prompts
from llm_ui.security.policy import Policies

PREFIX = "/api/v1"
DESCRIPTION = """
With this API, programs can do everything that the pages can. To get started:

1. Create an API key on the account page. Its scope says what it may do: `read` can only read,
   `chat` can also make changes, and `admin` can also manage the installation.
2. List the models: `curl -H "Authorization: Bearer llmui_…" https://your.server/api/v1/models`
3. Create a chat: `curl -H "Authorization: Bearer llmui_…" -H "Content-Type: application/json"
   -d '{"model": "<name of a model>"}' https://your.server/api/v1/chats`. Then ask with
   `POST /chats/{id}/messages` and `{"content": "Hello"}`, and stream the answer from
   `GET /runs/{run_id}/events`.

To try calls on this page, click **Authorize** and enter a key, or just sign in to the application.

Bodies are JSON; unknown fields are rejected with an error. Responses may get new fields at any
time: ignore those you don't know. Errors are `application/problem+json` with a stable `code`,
explained at [/api/errors](/api/errors). Dates and times are ISO 8601 in UTC, IDs are opaque, and
lists are paginated: pass `next_cursor` as `cursor`.

Without a key, `POST /auth/login` sets a session cookie and returns a `csrf_token`. Send it in the
`X-CSRF-Token` header of every call that changes something.
"""


def create_api(policies: Policies | None = None) -> FastAPI:
    """Create the app with the routes under /api/v1, the health routes, and the API docs at
    /api/docs.

    Args:
        policies: the content security policies of the pages served by this app.
    """
    api = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        static_url=docs.STATIC,
        title="LLM UI",
        version=__version__,
        servers=[{"url": "/", "description": "This server"}],
        # Client generators name their functions after the operation IDs.
        generate_unique_id_function=lambda route: route.name,
        description=DESCRIPTION,
        dependencies=[
            Depends(note_parameters),
            Depends(refuse_unknown_parameters),
            Depends(refuse_repeated_parameters),
        ],
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
        own_usage.router,
        files.router,
        jobs.router,
        api_keys.router,
        me.router,
        asking.router,
    )
    for router in (auth.router, models.router, chats.router, branches.router, runs.router, *own):
        api.include_router(router, prefix=PREFIX)
    for router in (organize.router, projects.router, search.router, admin.router):
        api.include_router(router, prefix=PREFIX)
    api.include_router(health.router)
    api.include_router(error_page.router)
    api.include_router(metrics.router)
    # Otherwise the frontend behind these paths would answer with its own page.
    for path in methods.POINTERS:
        api.add_route(path, methods.to_document, methods=["GET"], include_in_schema=False)
    for path in ("/api/{path:path}", "/health/{path:path}", "/metrics"):
        api.router.routes.append(Route(path, methods.NoSuchRoute(), include_in_schema=False))
    # The first one added is the innermost.
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
    api.add_middleware(HeaderLimit)
    # Added near the end so that it runs early: everything inside it has a request ID.
    api.add_middleware(RequestId)
    api.add_middleware(KeysFromAnywhere)
    return api
