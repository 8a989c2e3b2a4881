"""The REST application as a whole."""

import re

from llm_ui.api.accounts import auth
from llm_ui.api.answers import runs
from llm_ui.api.catalogue import models
from llm_ui.api.chats import chats
from llm_ui.api.http.deps import changer, own_page
from llm_ui.db import Database
from llm_ui.generation import Engine
from tests.api.conftest import Caller

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


async def test_an_unknown_route_is_json_and_not_the_frontends_page(visitor: Caller):
    for method in ("GET", "POST", "DELETE"):
        answer = await visitor.request(method, "/api/v1/nothing/here")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


async def test_ready_only_with_database_and_engine(visitor: Caller, db: Database):
    assert (await visitor.get("/health/live")).json() == {"status": "ok"}
    answer = await visitor.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "disk": "ok", "engine": "down"}


async def test_ready_with_both(visitor: Caller, engine: Engine):
    assert (await visitor.get("/health/ready")).status_code == 200


async def test_the_openapi_page_loads_nothing_from_elsewhere(visitor: Caller):
    page = (await visitor.get("/api/docs")).text
    urls = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert urls
    assert all(url.startswith("/") for url in urls)
    for url in urls:
        assert (await visitor.get(url)).status_code == 200
    document = (await visitor.get("/api/v1/openapi.json")).json()
    assert "/api/v1/runs/{run_id}/events" in document["paths"]


async def test_every_answer_has_the_security_headers(visitor: Caller):
    answer = await visitor.get("/health/live")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_every_route_that_changes_something_asks_for_the_csrf_token():
    checked = 0
    routes = [route for module in (auth, chats, models, runs) for route in module.router.routes]
    for route in routes:
        if not CHANGING & route.methods:
            continue
        calls = {dependency.call for dependency in _flat(route.dependant)}
        assert calls & {changer, own_page}, route.path
        checked += 1
    assert checked >= 8


def _flat(dependant):
    for each in dependant.dependencies:
        yield each
        yield from _flat(each)
