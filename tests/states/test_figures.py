"""The administrator's figures over the websocket: what is forged changes nothing."""

from __future__ import annotations

import httpx

from llm_ui.states.insights.performance import PerformanceState
from llm_ui.states.insights.usage import AdminUsageState
from tests.states.client import Tab
from tests.states.served import Person, Server

USAGE = AdminUsageState.get_full_name()
SPEED = PerformanceState.get_full_name()
ODD = ("", "x", "name; DROP TABLE usageday", "\x00", "0001-01-01", "9" * 300, "__class__")


def unhandled(server: Server) -> int:
    rows = server.rows("SELECT count(*) FROM monitoringlog WHERE log_type = 'error.unhandled'")
    return int(rows[0][0])


async def call(tab: Tab, state: str, handler: str, **payload: object) -> None:
    await tab.call(state, handler, **payload)
    await tab.settle()


async def test_forged_choices_change_nothing_and_break_nothing(
    server: Server, alice: Person
) -> None:
    errors = unhandled(server)
    async with server.tab(alice) as tab:
        await tab.open("/admin/usage")
        await call(tab, USAGE, "load_all_usage")
        assert tab.vars(USAGE)["loaded"] is True
        before = {name: tab.vars(USAGE)[name] for name in ("by", "sort", "preset", "view")}
        for odd in ODD:
            await tab.call(USAGE, "show_by", by=odd)
            await tab.call(USAGE, "sort_by", column=odd)
            await tab.call(USAGE, "show_preset", preset=odd)
            await tab.call(USAGE, "show_range", start=odd, end=odd)
            await tab.call(USAGE, "widen", what=odd)
        await tab.settle()
        assert {name: tab.vars(USAGE)[name] for name in before} == before
        for odd in ODD:
            for by in ("person", "model", "provider", "day"):
                await tab.call(USAGE, "show_by", by=by)
                await tab.call(USAGE, "narrow_to", key=odd, detail=odd)
                await tab.call(USAGE, "turn_page", forward=True)
        await call(tab, USAGE, "load_all_usage")
        assert {name: tab.vars(USAGE)[name] for name in before} == before
        await call(tab, SPEED, "load_performance")
        shown = {name: tab.vars(SPEED)[name] for name in ("span", "measure", "by", "share")}
        for odd in ODD:
            for name in (*shown, "loaded", "_x", odd):
                await tab.call(SPEED, "choose", name=name, value=odd)
        await tab.settle()
        assert {name: tab.vars(SPEED)[name] for name in shown} == shown
        await call(tab, SPEED, "look_at", name="\x00" * 600, detail="x" * 600)
        lines = [line["name"] for line in tab.vars(SPEED)["view"]["lines"]]
        assert lines in ([], ["p50", "p95", "p99"])
        await call(tab, SPEED, "look_at_all")
        assert tab.is_open
    assert unhandled(server) == errors


async def test_the_page_and_the_route_say_the_same(server: Server, alice: Person) -> None:
    async with server.tab(alice) as tab:
        await tab.open("/admin/usage")
        await call(tab, USAGE, "load_all_usage")
        await call(tab, USAGE, "show_by", by="person")
        cookie = {"Cookie": f"llm_ui_session={alice.cookie}"}
        asked = {"by": "person", "sort": "answers", "descending": "true"}
        async with httpx.AsyncClient(timeout=30, headers=cookie) as client:
            answer = await client.get(f"{server.url}/api/v1/admin/usage", params=asked)
        told, shown = answer.json(), tab.vars(USAGE)["view"]
        assert {name: shown[name] for name in told} == told
