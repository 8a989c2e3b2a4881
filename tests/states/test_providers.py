"""The admin's page of providers over the websocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.states.client import ADDRESSES, PROVIDERS, Tab
from tests.states.served import Person, Server
from tests.unit.providers.test_several import free_url

KEY = "sk-very-secret-4711"
HEADER = "team-blue-0815"


def form(**fields: str) -> str:
    """What the page's form sends."""
    return json.dumps({"name": "Cellar", "api_url": "http://10.1.2.3/v1"} | fields)


@pytest.fixture
async def tab(server: Server, alice: Person) -> AsyncIterator[Tab]:
    """Alice's tab with the page; what she adds is gone afterwards."""
    async with server.tab(alice) as tab:
        await tab.open("/admin/providers")
        await tab.until(lambda: tab.vars(PROVIDERS).get("loaded"))
        yield tab
        await tab.settle()
        for item in listed(tab):
            if item["origin"] == "admin":
                await tab.call(PROVIDERS, "delete_provider", provider_id=item["id"])
                await tab.until(lambda item=item: item["id"] not in ids(tab))  # type: ignore[misc]


def listed(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.vars(PROVIDERS)["items"]
    return found


def ids(tab: Tab) -> list[str]:
    return [each["id"] for each in listed(tab)]


def named(tab: Tab, name: str) -> dict[str, Any]:
    return next((each for each in listed(tab) if each["name"] == name), {})


async def add(tab: Tab, **fields: str) -> dict[str, Any]:
    """Add a provider by the form, and wait until it has been asked for its models."""
    await tab.call(PROVIDERS, "new_provider")
    await tab.call(PROVIDERS, "choose_preset", key="vllm")
    await tab.call(PROVIDERS, "save_provider", form=form(**fields))
    name = fields.get("name", "Cellar")
    await tab.until(lambda: named(tab, name) and tab.vars(PROVIDERS)["result_id"])
    return named(tab, name)


async def test_alice_adds_a_provider_and_its_models_come(tab: Tab, models_url: str):
    made = await add(
        tab,
        api_url=f"{models_url}/v1",
        api_key=KEY,
        headers=f"X-Team: {HEADER}",
        limit="3",
        first_token="2,5",
    )
    assert (made["status"], made["limit"], made["headers"]) == ("ok", 3, ["X-Team"])
    assert made["timeouts"] == {"first_token": 2.5}
    assert tab.vars(PROVIDERS)["result_kind"] == "sync"
    assert tab.vars(PROVIDERS)["result_sync"]["new_count"] == made["models"] > 0
    await tab.call(PROVIDERS, "open_provider", provider_id=made["id"])
    await tab.until(lambda: tab.vars(PROVIDERS)["form_id"] == made["id"])
    assert tab.vars(PROVIDERS)["form_key_stored"] is True
    assert tab.vars(PROVIDERS)["form_headers"] == "X-Team: ••••••"
    await tab.call(PROVIDERS, "test_provider", form=form(api_url=f"{models_url}/v1"))
    await tab.until(lambda: tab.vars(PROVIDERS)["form_tested"])
    assert tab.vars(PROVIDERS)["form_test"]["ok"]
    # A line that was left as it is keeps its value.
    await tab.call(
        PROVIDERS,
        "save_provider",
        form=form(name="Attic", api_url=f"{models_url}/v1", headers="X-Team: ••••••"),
    )
    await tab.until(lambda: named(tab, "Attic"))
    assert named(tab, "Attic")["key_stored"]
    assert named(tab, "Attic")["headers"] == ["X-Team"]
    assert KEY not in tab.everything
    assert HEADER not in tab.everything


async def test_what_is_wrong_stands_in_the_form_by_its_field(tab: Tab):
    for fields, field in (
        ({"name": " "}, "name"),
        ({"api_url": "nowhere"}, "api_url"),
        ({"api_key": ""}, "api_key"),
        ({"headers": "Authorization: x"}, "headers"),
        ({"connect": "soon"}, "connect"),
        ({"total": "0"}, "total"),
        ({"limit": "half"}, "limit"),
    ):
        for verb in ("save_provider", "test_provider"):
            if verb == "test_provider" and field in ("name", "api_key"):
                # To try without them is no mistake.
                continue
            await tab.call(PROVIDERS, "choose_preset", key="anthropic")
            await tab.settle()
            assert tab.vars(PROVIDERS)["form_api_url"] == "https://api.anthropic.com"
            await tab.call(PROVIDERS, verb, form=form(**({"api_key": KEY} | fields)))
            await tab.until(lambda field=field: tab.vars(PROVIDERS)["form_field"] == field)  # type: ignore[misc]
            assert tab.vars(PROVIDERS)["form_problem"]
    assert not named(tab, "Cellar")
    assert KEY not in tab.everything


@pytest.mark.parametrize("forged", ["", "[]", "7", "{", '{"name": 7}', '{"name": {"a": 1}}'])
async def test_a_forged_form_is_refused_in_words(tab: Tab, forged: str):
    await tab.call(PROVIDERS, "new_provider")
    for state, verb in (
        (PROVIDERS, "save_provider"),
        (PROVIDERS, "test_provider"),
        (ADDRESSES, "save_address"),
    ):
        await tab.call(state, verb, form=forged)
        await tab.until(lambda state=state: tab.vars(state)["form_problem"])  # type: ignore[misc]


async def test_further_addresses_are_added_ordered_and_removed(tab: Tab, models_url: str):
    made = await add(tab, api_url=f"{models_url}/v1")
    for url in (f"{free_url()}/v1", f"{models_url}/too/v1"):
        await tab.call(ADDRESSES, "new_address", provider_id=made["id"])
        await tab.call(ADDRESSES, "save_address", form=form(api_url=url, api_key=KEY))
        await tab.until(
            lambda url=url: url in [each["api_url"] for each in named(tab, "Cellar")["addresses"]]  # type: ignore[misc]
        )
    await tab.until(
        lambda: (
            tab.vars(PROVIDERS)["result_kind"] == "test"
            and len(tab.vars(PROVIDERS)["result_tests"]) == 3
        )
    )
    oks = [each["ok"] for each in tab.vars(PROVIDERS)["result_tests"]]
    assert oks == [True, False, False]
    first, second = named(tab, "Cellar")["addresses"]
    assert (first["status"], first["reason"]) == ("down", "refused")
    ids = {"provider_id": made["id"], "address_id": second["id"]}
    await tab.call(ADDRESSES, "move_address", **ids, place=0)
    await tab.until(lambda: named(tab, "Cellar")["addresses"][0]["id"] == second["id"])
    await tab.call(ADDRESSES, "switch_address", **ids, on=False)
    await tab.until(lambda: not named(tab, "Cellar")["addresses"][0]["is_active"])
    await tab.call(ADDRESSES, "open_address", **ids)
    await tab.until(lambda: tab.vars(ADDRESSES)["form_key_stored"])
    await tab.call(ADDRESSES, "ask_to_delete", **ids)
    await tab.until(lambda: tab.vars(ADDRESSES)["doomed_id"] == second["id"])
    await tab.call(ADDRESSES, "delete_address", **ids)
    await tab.until(lambda: len(named(tab, "Cellar")["addresses"]) == 1)
    assert KEY not in tab.everything


async def test_one_that_is_switched_off_comes_back_and_goes_for_good(tab: Tab, models_url: str):
    made = await add(tab, api_url=f"{models_url}/v1")
    await tab.call(PROVIDERS, "switch_provider", provider_id=made["id"], on=False)
    await tab.until(lambda: not named(tab, "Cellar")["is_active"])
    await tab.call(PROVIDERS, "sync_provider", provider_id=made["id"])
    await tab.until(lambda: any("disabled" in each for each in tab.toasts))
    await tab.call(PROVIDERS, "switch_provider", provider_id=made["id"], on=True)
    await tab.until(
        lambda: tab.vars(PROVIDERS)["result_kind"] == "sync" and named(tab, "Cellar")["is_active"]
    )
    await tab.call(PROVIDERS, "ask_to_delete", provider_id=made["id"])
    await tab.until(lambda: tab.vars(PROVIDERS)["doomed_id"] == made["id"])
    assert tab.vars(PROVIDERS)["doomed"]["models"] == made["models"]
    await tab.call(PROVIDERS, "delete_provider", provider_id=made["id"])
    await tab.until(lambda: not named(tab, "Cellar"))


async def test_what_the_environment_names_is_locked(tab: Tab):
    item = next(each for each in listed(tab) if each["origin"] == "environment")
    await tab.call(PROVIDERS, "open_provider", provider_id=item["id"])
    await tab.until(lambda: tab.vars(PROVIDERS)["form_variables"])
    # What a page does not offer is not taken from it either.
    await tab.call(
        PROVIDERS,
        "save_provider",
        form=form(name=item["name"], api_url="http://10.6.6.6/v1", api_key=KEY),
    )
    await tab.settle()
    await tab.call(PROVIDERS, "refresh")
    await tab.settle()
    same = next(each for each in listed(tab) if each["id"] == item["id"])
    assert same["api_url"] == item["api_url"]
    await tab.call(PROVIDERS, "delete_provider", provider_id=item["id"])
    await tab.until(lambda: any("environment" in each for each in tab.toasts))
    assert item["id"] in ids(tab)


async def test_a_missing_provider_is_told_and_nothing_else(tab: Tab):
    for verb, more in (
        ("open_provider", {}),
        ("sync_provider", {}),
        ("test_saved", {}),
        ("ask_to_delete", {}),
        ("delete_provider", {}),
        ("switch_provider", {"on": True}),
    ):
        seen = len(tab.toasts)
        await tab.call(PROVIDERS, verb, provider_id="x", **more)
        await tab.until(lambda seen=seen: len(tab.toasts) > seen)  # type: ignore[misc]


async def test_charlie_sees_and_does_nothing(server: Server, tab: Tab, charlie: Person):
    made = await add(tab, api_url="http://10.1.2.3/v1", api_key=KEY)
    async with server.tab(charlie) as other:
        await other.open("/admin/providers")
        assert other.redirects[-1] == "/chat"
        await other.call(PROVIDERS, "load_providers")
        await other.call(PROVIDERS, "save_provider", form=form(name="Mine"))
        await other.call(PROVIDERS, "delete_provider", provider_id=made["id"])
        await other.call(ADDRESSES, "new_address", provider_id=made["id"])
        await other.settle()
        assert other.vars(PROVIDERS)["items"] == []
        assert other.vars(ADDRESSES)["form_provider_id"] == ""
    await tab.call(PROVIDERS, "refresh")
    await tab.settle()
    assert made["id"] in ids(tab)
    assert not named(tab, "Mine")
