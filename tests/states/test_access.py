"""Default deny over the websocket. Who may call what stands in handlers.py, and test_isolation.py
plays it; here is what stands before that.

Covers these classes of docs/security.md: unknown names passing a prefix allow-list, a
route without the create route's check, a missing or wrong body killing the process.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.states.client import (
    ADMIN,
    AUTH,
    CHAT,
    FOLLOWING,
    MODEL_CHOICE,
    OPEN_CHAT,
    ROOT,
    SIDEBAR,
    STREAM,
    VAR_SUFFIX,
)
from tests.states.handlers import full_names
from tests.states.served import Person, Server

OWN = "llm_ui.states."
# What a page cannot do without; see INTERNAL in the guard.
INTERNAL = (
    "hydrate",
    "hydrate_and_load",
    "set_is_hydrated",
    "reflex___state____on_load_internal_state.on_load_internal",
    "reflex___state____on_load_internal_state.set_is_hydrated",
    "reflex___state____frontend_event_exception_state.handle_frontend_exception",
)
A_VALUE: dict[Any, Any] = {str: "x", int: 1, bool: True, float: 1.0}


def handlers() -> dict[str, Any]:
    """Every event handler that the application registers, Reflex's own included."""
    from llm_ui.llm_ui import app
    from llm_ui.reflex_internals import registered_handlers

    with app.set_contexts():
        registered = registered_handlers()
        # Other tests of the same process make states of their own.
        return {name: fn for name, (_, fn) in registered.items() if ".tests___" not in name}


def own_handlers() -> dict[str, Any]:
    """The application's own ones."""
    return {name: fn for name, fn in handlers().items() if fn.__module__.startswith(OWN)}


def arguments(handler: Any) -> dict[str, Any]:
    """Arguments that fit a handler."""
    from llm_ui.states.socket.guard import _parameters

    return {name: A_VALUE[hint] for name, (hint, _) in _parameters(handler).items()}


def refusals(server: Server, user: Person | None = None) -> list[str]:
    """The messages of the refusals in the monitoring log, newest last."""
    whose = "user_id = :user" if user else "user_id IS NULL"
    query = (
        f"SELECT message FROM monitoringlog WHERE log_type = 'security.event_refused' AND {whose} "
        "ORDER BY created_at, id"
    )
    return [row[0] for row in server.rows(query, user=user.id if user else None)]


def unhandled(server: Server) -> list[str]:
    """The errors nobody expected that have been logged, as the log tells them."""
    found = server.rows(
        "SELECT id, message, metadata FROM monitoringlog"
        " WHERE log_type = 'error.unhandled' ORDER BY id"
    )
    return [" ".join(map(str, each)) for each in found]


def deltas(tab: Any, since: int) -> list[str]:
    """The frames with changed vars since then, but those of a hydrate."""
    fresh = tab.frames[since:]
    return [each for each in fresh if '"delta"' in each and "is_hydrated" not in each]


async def test_the_guest_page_tells_a_visitor_nothing(server: Server) -> None:
    async with server.tab() as tab:
        await tab.call(AUTH, "require_guest")
        await tab.settle()
        assert tab.vars(AUTH)["signed_in"] is False
        assert tab.vars(AUTH)["username"] == ""
        assert not tab.redirects


async def test_admin_handlers_refuse_a_user_and_leave_a_row(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/admin")
        for name in sorted(full_names("admin")):
            since, rows = tab.frame_count, len(refusals(server, bob))
            await tab.send(name, {})
            await tab.settle()
            assert not deltas(tab, since), name
            (refusal,) = refusals(server, bob)[rows:]
            assert refusal.startswith("not an admin: ")
            assert refusal.endswith(name.rpartition(".")[2])
        assert tab.vars(ADMIN)["loaded"] is False
        assert tab.vars(ADMIN)["events"] == []


async def test_every_handler_of_reflex_that_no_page_needs_is_refused(
    server: Server, alice: Person
) -> None:
    """setvar, setters, update_vars_internal, upload handlers: whoever calls them."""
    needed = {f"{ROOT}.{each}" for each in INTERNAL}
    foreign = sorted(set(handlers()) - set(own_handlers()) - needed)
    assert any(name.endswith(".setvar") for name in foreign)
    assert any("update_vars_internal" in name for name in foreign)
    async with server.tab(alice) as tab:
        await tab.open("/chat")
        for name in foreign:
            since, rows = tab.frame_count, len(refusals(server, alice))
            await tab.send(name, {"var_name": "is_admin", "value": True})
            await tab.settle()
            assert not deltas(tab, since), name
            assert len(refusals(server, alice)) == rows + 1, name


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        (f"{AUTH}.setvar", {"var_name": "is_admin", "value": True}),
        (f"{AUTH}.setvar", {"var_name": "role", "value": "admin"}),
        (f"{OPEN_CHAT}.setvar", {"var_name": "_earlier", "value": "x"}),
        (f"{ROOT}.setvar", {"var_name": "is_hydrated", "value": True}),
        (f"{AUTH}.set_is_admin", {"value": True}),
        (f"{OPEN_CHAT}.set_open_chat_id", {"value": "x"}),
        (f"{STREAM}.set_current_response", {"value": {}}),
    ],
)
async def test_vars_cannot_be_set_from_outside(
    server: Server, bob: Person, name: str, payload: dict[str, Any]
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        since, user = tab.frame_count, dict(tab.vars(AUTH))
        await tab.send(name, payload)
        await tab.settle()
        assert not deltas(tab, since)
        assert tab.vars(AUTH) == user


@pytest.mark.parametrize(
    "payload",
    [
        {"vars": {f"{AUTH}.is_admin{VAR_SUFFIX}": True}},
        {"vars": {f"{AUTH}.is_admin": True}},
        {"vars": {f"{ROOT}.identity_state._owner": "x"}},
    ],
)
async def test_update_vars_internal_is_refused(
    server: Server, bob: Person, payload: dict[str, Any]
) -> None:
    name = f"{ROOT}.reflex___state____update_vars_internal_state.update_vars_internal"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        rows = len(refusals(server, bob))
        await tab.send(name, payload)
        await tab.settle()
        assert len(refusals(server, bob)) == rows + 1
        assert tab.vars(AUTH)["is_admin"] is False


NO_HANDLERS = (
    f"{SIDEBAR}._load",
    f"{FOLLOWING}._relay",
    f"{MODEL_CHOICE}._choose",
    f"{OPEN_CHAT}._show",
    f"{CHAT}.get_state",
    f"{CHAT}.reset",
    f"{CHAT}.get_value",
    f"{CHAT}.__init__",
    f"{OPEN_CHAT}.messages",
    f"{CHAT}.send_message.fn",
    f"{CHAT}.send_messages",
    f"{AUTH}._show",
    f"{ADMIN}._load",
    f"{ADMIN}.load_dashboard_extra",
    f"{CHAT}.delete_chat",
    f"{ROOT}.identity_state._owner",
    f"{ROOT}.reset",
    "llm_ui.states.chat_state.ChatState.send_message",
    "_redirect",
    "",
    "é" * 300,
    "..",
)


async def test_what_is_no_handler_cannot_be_called(server: Server, bob: Person) -> None:
    """Unknown names passing a prefix allow-list."""
    errors = unhandled(server)
    async with server.tab(bob, headers={"User-Agent": "agent-that-must-not-be-logged"}) as tab:
        await tab.open("/chat")
        for name in NO_HANDLERS:
            since = tab.frame_count
            await tab.send(name, {"text": "words that must not be logged"})
            await tab.settle()
            assert not deltas(tab, since), name
        assert tab.is_open
    logged = server.log()
    assert bob.cookie not in logged
    assert "llm_ui_session" not in logged
    assert "must not be logged" not in logged
    assert "agent-that-must-not-be-logged" not in logged
    assert unhandled(server) == errors


STRANGE = (r'"\ud800"', r'"\u0000x"', "NaN", "1e999", "-0", "9" * 400)


@pytest.mark.parametrize(
    "name", [f"{CHAT}.send_message", f"{SIDEBAR}.rename_chat", f"{FOLLOWING}.resync"]
)
async def test_values_that_json_barely_allows_are_no_unhandled_error(
    server: Server, bob: Person, name: str
) -> None:
    errors = unhandled(server)
    fitting = arguments(own_handlers()[name])
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        for parameter, value in itertools.product(fitting, STRANGE):
            members = {each: json.dumps(given) for each, given in fitting.items()}
            members[parameter] = value
            payload = ",".join(f'"{each}":{given}' for each, given in members.items())
            event = f'{{"name":"{name}","payload":{{{payload}}}}}'
            await tab.send_raw(f'42/_event,["event",{event}]')
            if not tab.is_open:
                await tab.connect()
        async with server.tab(bob) as another:
            await another.settle()
    assert unhandled(server) == errors


async def test_a_payload_that_is_no_object_is_refused(server: Server, bob: Person) -> None:
    errors = unhandled(server)
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        for payload in (None, 1, "x", [], ["x"], True):
            await tab.send(f"{CHAT}.send_message", payload)
        await tab.settle()
    assert unhandled(server) == errors


@pytest.mark.parametrize("name", INTERNAL)
async def test_reflexs_own_handlers_get_no_forged_arguments_either(
    server: Server, name: str
) -> None:
    errors = unhandled(server)
    async with server.tab() as tab:
        await tab.open("/login")
        for payload in ({"extra": 1}, {"value": {"a": 1}}, {"info": 7}, {"self": 1}):
            await tab.send(f"{ROOT}.{name}", payload)
        await tab.settle()
    assert unhandled(server) == errors


OUT_OF_SHAPE = (
    '42/_event,["event",{}]',
    '42/_event,["event"]',
    '42/_event,["event",null]',
    '42/_event,["event","not json, and words that must not be logged"]',
    '42/_event,["event",[1,2]]',
    '42/_event,["event",{"name":7,"payload":{}}]',
    '42/_event,["event",{"name":["x"],"payload":{}}]',
    '42/_event,["event",{"payload":{"text":"words that must not be logged"}}]',
    '42/_event,["event",{"name":"x","payload":{"n":NaN}}]',
    '42/_event,["event",{"name":"x","router_data":[]}]',
    '42/_event,["event",{"name":"x","router_data":{"pathname":{"a":1}}}]',
    '42/_event,["event",{"name":"x","router_data":{"query":7}}]',
    '42/_event,["ping"]',
    '42/_event,["client_error",{"message":"x"}]',
    '42/_event,["client_error",[1]]',
    '42/_event,["no_such_event",1]',
    "42/_event,[]",
    "42/_event,{",
    '42/other,["event",{}]',
    "4",
    "",
    "9",
    '40/_event,{"event":7}',
    '40/_event,{"event":{"name":"words that must not be logged"}}',
    "40/_event,[]",
)


async def test_frames_out_of_shape_harm_nobody_else(
    server: Server, alice: Person, bob: Person
) -> None:
    """A missing body killing the process: the sender may lose the socket, nobody else."""
    errors, logged_before = unhandled(server), len(server.log())
    async with server.tab(alice) as bystander, server.tab(bob) as tab:
        await bystander.open("/chat")
        for frame in OUT_OF_SHAPE:
            if not tab.is_open:
                await tab.connect()
            await tab.send_raw(frame)
            await bystander.settle()
        assert bystander.is_open
        assert bystander.vars(AUTH)["username"] == "alice"
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        assert tab.vars(AUTH)["username"] == "bob"
    logged = server.log()[logged_before:]
    assert "must not be logged" not in logged
    assert bob.cookie not in logged
    assert unhandled(server) == errors


async def test_a_route_forged_in_an_event_opens_nothing(server: Server, bob: Person) -> None:
    """The page that an event claims to come from is the sender's word, nothing more."""
    async with server.tab(bob) as tab:
        await tab.open("/admin")
        assert tab.vars(ADMIN)["loaded"] is False
        forged = {"pathname": "/admin", "headers": {"cookie": "llm_ui_session=x"}, "ip": "6.6.6.6"}
        await tab.send(f"{ADMIN}.load_dashboard", {}, router_data=forged)
        await tab.settle()
        assert tab.vars(ADMIN)["loaded"] is False
        row = server.rows(
            "SELECT address FROM monitoringlog WHERE log_type = 'security.event_refused' "
            "AND user_id = :user ORDER BY created_at DESC LIMIT 1",
            user=bob.id,
        )
        assert row[0][0] == "127.0.0.1"


async def test_no_frame_ever_holds_the_cookie(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.settle()
        assert bob.cookie not in tab.everything
        assert bob.csrf not in tab.everything
