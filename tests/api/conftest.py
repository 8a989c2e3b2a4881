"""REST in tests: the real application over ASGI, called as a program calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from llm_ui import auth, trace
from llm_ui.api.app import create_api
from llm_ui.db import Database
from tests.conftest import People


class Caller(httpx.AsyncClient):
    """A client that is signed in as somebody: it sends the cookie and the CSRF token, as a page
    does."""


@cache
def _api() -> FastAPI:
    return create_api()


def fresh_api() -> ASGIApp:
    """The application with counters of its own. Its routes are made once: FastAPI makes them at
    their first call, which takes longer than most tests."""
    api = _api()
    stack = api.build_middleware_stack()

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = api
        await stack(scope, receive, send)

    return call


def make_caller(people: People | None = None, name: str | None = None) -> Caller:
    transport = httpx.ASGITransport(fresh_api(), raise_app_exceptions=False)
    caller = Caller(transport=transport, base_url="http://localhost:3000")
    # Answers are compared whole, and a problem names its call.
    caller.headers[trace.HEADER] = "one-and-the-same"
    if people is not None and name is not None:
        signed_in = people.sessions[name]
        caller.cookies.set(auth.COOKIE, signed_in.token)
        caller.headers[auth.CSRF_HEADER] = signed_in.csrf_token
        caller.headers["Sec-Fetch-Site"] = "same-origin"
    return caller


@pytest.fixture
async def visitor(db: Database) -> AsyncIterator[Caller]:
    async with make_caller() as caller:
        yield caller


@pytest.fixture
async def alice(people: People) -> AsyncIterator[Caller]:
    async with make_caller(people, "alice") as caller:
        yield caller


@pytest.fixture
async def bob(people: People) -> AsyncIterator[Caller]:
    async with make_caller(people, "bob") as caller:
        yield caller


@pytest.fixture
async def charlie(people: People) -> AsyncIterator[Caller]:
    async with make_caller(people, "charlie") as caller:
        yield caller
