"""Prometheus metrics, for callers with the token."""

from __future__ import annotations

import hmac
import time

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm_ui.api.http import patterns, rate_limits
from llm_ui.api.http.deps import Caller
from llm_ui.config import get_settings
from llm_ui.errors import NotAuthenticated, NotFound
from llm_ui.services.insights import metrics

router = APIRouter(tags=["metrics"])


def _check(given: str, address: str) -> None:
    token = get_settings().metrics_token
    if token is None:
        raise NotFound
    expected = f"Bearer {token.get_secret_value().strip()}"
    if not hmac.compare_digest(expected.encode(), given.encode()):
        rate_limits.refused(address)
        raise NotAuthenticated


@router.get("/metrics", include_in_schema=False)
async def read_metrics(request: Request, caller: Caller) -> Response:
    """Retrieve all metrics in the Prometheus text format. Returns 404 unless METRICS_TOKEN is
    set."""
    _check(request.headers.get("authorization", ""), caller.address)
    return Response(await metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


class CountRequests:
    """Counts REST calls by route pattern rather than by path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = patterns.of(scope)
                metrics.requests.labels(scope["method"], route, str(message["status"])).inc()
                taken = time.perf_counter() - began
                metrics.request_seconds.labels(scope["method"]).observe(taken)
            await send(message)

        await self.app(scope, receive, counted)
