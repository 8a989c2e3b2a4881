"""The admin's page of models over the websocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.states.client import CHAT, MODEL_CHOICE, MODELS, MODES, OPEN_CHAT, Tab
from tests.states.served import Person, Server


@pytest.fixture
async def tab(server: Server, alice: Person) -> AsyncIterator[Tab]:
    """Alice's tab with the page; models are afterwards as they were."""
    async with server.tab(alice) as tab:
        await tab.open("/admin/models")
        await tab.until(lambda: tab.vars(MODELS).get("loaded"))
        yield tab
        await tab.settle()
    server.execute(
        "UPDATE aimodel SET visibility = 'everyone', is_active = true, is_default = false, "
        "display_name = name, sort_order = 0, system_prompt = '', default_params = '{}'"
    )
    for table in ("modelreader", "modelprice"):
        server.execute(f"DELETE FROM {table}")


def listed(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.vars(MODELS)["items"]
    return found


def ids(tab: Tab) -> list[str]:
    return [each["id"] for each in listed(tab)]


async def form_of(tab: Tab, model_id: str, **fields: str) -> str:
    """Open a model's form; what it sends with these fields changed."""
    await tab.call(MODELS, "open_model", model_id=model_id)
    await tab.until(lambda: tab.vars(MODELS)["form"]["row"]["id"] == model_id)
    row = tab.vars(MODELS)["form"]["row"]
    there = {
        "display_name": row["name"],
        "description": row["description"],
        "icon": "",
        "type_id": row["type_id"],
        "context_window": "",
        "longest": "",
        "prompt": "",
        "visibility": tab.vars(MODELS)["form_visibility"],
        "place": "",
    }
    return json.dumps(there | fields)


async def test_alice_shapes_a_model_and_charlie_is_kept_out(
    server: Server, tab: Tab, bob: Person, charlie: Person
):
    chosen = listed(tab)[0]["id"]
    async with server.tab(charlie) as other, server.tab(bob) as friend:
        for each in (other, friend):
            await each.open("/chat")
            await each.until(lambda each=each: each.vars(MODEL_CHOICE).get("models"))  # type: ignore[misc]
        await other.call(MODEL_CHOICE, "select_model", model_id=chosen)
        await other.until(lambda: other.vars(MODEL_CHOICE)["model_id"] == chosen)
        form = await form_of(tab, chosen, display_name="Ours", temperature="0,2", prompt="Rhyme.")
        await tab.call(MODELS, "choose_visibility", visibility="chosen")
        await tab.call(MODELS, "look_for_readers", query="bob")
        await tab.until(lambda: tab.vars(MODELS)["form_found"])
        for user_id in ("x", bob.id):
            await tab.call(MODELS, "add_reader", user_id=user_id)
        await tab.until(lambda: tab.vars(MODELS)["form_readers"])
        assert [each["id"] for each in tab.vars(MODELS)["form_readers"]] == [bob.id]
        form = form.replace('"visibility": "everyone"', '"visibility": "chosen"')
        await tab.call(MODELS, "save_model", form=form)
        await tab.until(lambda: listed(tab)[0]["readers"] == 1)
        # Charlie's tab still names the model: it asks in vain, by any event.
        for state, verb, sent in (
            (CHAT, "send_message", {"text": "Hello", "key": "forbidden"}),
            (MODEL_CHOICE, "select_model", {"model_id": chosen}),
            (MODEL_CHOICE, "choose_also", {"model_id": chosen}),
        ):
            seen = len(other.toasts)
            await other.call(state, verb, **sent)
            await other.until(lambda seen=seen: len(other.toasts) > seen)  # type: ignore[misc]
        assert other.vars(OPEN_CHAT)["messages"] == []
        await other.call(MODEL_CHOICE, "refresh_models")
        await other.until(
            lambda: chosen not in [m["id"] for m in other.vars(MODEL_CHOICE)["models"]]
        )
        # Bob sees what he would be asked with, and not the words of the instructions.
        await friend.call(MODEL_CHOICE, "refresh_models")
        await friend.call(MODEL_CHOICE, "select_model", model_id=chosen)
        await friend.until(lambda: friend.vars(MODEL_CHOICE)["model_name"] == "Ours")
        assert friend.vars(MODEL_CHOICE)["model_defaults"] == {"temperature": "0.2"}
        assert friend.vars(MODEL_CHOICE)["model_instructed"] is True
        assert "Rhyme." not in friend.everything


async def test_models_are_found_moved_switched_and_priced(tab: Tab):
    first, second, *_ = ids(tab)
    provider = listed(tab)[0]["provider_id"]
    # Within its provider a model changes places with its neighbour.
    own = [each["id"] for each in listed(tab) if each["provider_id"] == provider]
    if len(own) > 1:
        await tab.call(MODELS, "move_model", model_id=first, way="down")
        await tab.until(lambda: ids(tab)[0] == second)
        assert "position 2 of" in tab.vars(MODELS)["announced"]
        await tab.call(MODELS, "move_model", model_id=first, way="top")
        await tab.until(lambda: ids(tab)[0] == first)
    await tab.call(MODELS, "make_default", model_id=first, on=True)
    await tab.until(lambda: listed(tab)[0]["is_default"])
    await tab.call(MODELS, "pick_all", on=True)
    await tab.call(MODELS, "switch_picked", on=False)
    await tab.until(lambda: not any(each["is_active"] for each in listed(tab)))
    await tab.call(MODELS, "switch_model", model_id=first, on=True)
    await tab.until(lambda: listed(tab)[0]["is_active"])
    await tab.call(MODELS, "narrow", name="by_state", value="on")
    await tab.until(lambda: ids(tab) == [first])
    await tab.call(MODELS, "narrow", name="by_state", value="forged")
    await tab.call(MODELS, "look_for", query="no such model")
    await tab.until(lambda: ids(tab) == [])
    await tab.call(MODELS, "clear_filters")
    await tab.until(lambda: len(ids(tab)) > 1)
    await tab.call(MODELS, "open_prices", model_id=first)
    await tab.until(lambda: tab.vars(MODELS)["price_model_id"] == first)
    price = {"valid_from": "2026-01-01", "currency": "EUR", "input": "0,15", "output": "1,000"}
    await tab.call(MODELS, "save_price", form=json.dumps(price))
    await tab.until(lambda: tab.vars(MODELS)["price_field"] == "output")
    assert "1000" in tab.vars(MODELS)["price_problem"]
    await tab.call(MODELS, "save_price", form=json.dumps(price | {"output": "1.5"}))
    await tab.until(lambda: tab.vars(MODELS)["price_rows"])
    (row,) = tab.vars(MODELS)["price_rows"]
    assert (row["input_micro"], row["output_micro"], row["currency"]) == (150_000, 1_500_000, "EUR")
    await tab.until(lambda: listed(tab)[0]["input_micro"] == 150_000)
    # The next one goes on from the same day.
    assert tab.vars(MODELS)["price_from"] == "2026-01-01"
    assert tab.vars(MODELS)["price_amounts"]["input"] == ""
    await tab.call(MODELS, "delete_price", price_id=row["id"])
    await tab.until(lambda: not tab.vars(MODELS)["price_rows"])
    # What was deleted stands in the form, to be added again.
    assert tab.vars(MODELS)["price_undone"] is True
    assert tab.vars(MODELS)["price_amounts"]["input"] == "0.15"


async def test_the_listed_price_of_a_makers_model_is_offered_and_taken(
    server: Server, tab: Tab, alice: Person
):
    body = {"provider_type": "anthropic", "name": "Maker", "api_key": "sk-x", "is_active": False}
    provider = server.rest(alice, "POST", "/admin/providers", **body).json()["id"]
    server.execute(
        "INSERT INTO aimodel (id, provider_id, name, display_name, description, icon, "
        "capabilities, default_params, system_prompt, visibility, sort_order, is_default, "
        "is_active, is_available, created_at, updated_at) SELECT 'listed', :provider, "
        "'claude-haiku-4-5', 'Haiku', '', '', '[]', '{}', '', 'everyone', 0, false, true, true, "
        "created_at, created_at FROM aiprovider WHERE id = :provider",
        provider=provider,
    )
    await tab.call(MODELS, "open_prices", model_id="listed")
    await tab.until(lambda: tab.vars(MODELS)["price_listed"]["day"])
    await tab.call(MODELS, "use_listed")
    await tab.until(lambda: tab.vars(MODELS)["price_amounts"]["input"] == "1.00")
    filled = tab.vars(MODELS)
    form = {"valid_from": filled["price_from"], "currency": filled["price_currency"]}
    await tab.call(MODELS, "save_price", form=json.dumps(form | filled["price_amounts"]))
    await tab.until(lambda: tab.vars(MODELS)["price_rows"])
    (row,) = tab.vars(MODELS)["price_rows"]
    assert (row["source"], row["cached_micro"]) == (filled["price_listed"]["day"], 100_000)
    assert server.rest(alice, "DELETE", f"/admin/providers/{provider}").status_code == 204


async def test_types_are_made_moved_and_deleted(tab: Tab):
    def names() -> list[str]:
        return [each["name"] for each in tab.vars(MODELS)["types"]]

    await tab.call(MODELS, "new_type")
    await tab.call(MODELS, "save_type", form=json.dumps({"name": "chat"}))
    await tab.until(lambda: tab.vars(MODELS)["type_field"] == "name")
    await tab.call(MODELS, "save_type", form=json.dumps({"name": "Poets", "icon": "star"}))
    await tab.until(lambda: names()[-1] == "Poets")
    poets = tab.vars(MODELS)["types"][-1]["id"]
    await tab.call(MODELS, "move_type", type_id=poets, up=True)
    await tab.until(lambda: names()[-2] == "Poets")
    await tab.call(MODELS, "ask_to_delete_type", type_id=poets)
    await tab.call(MODELS, "delete_type")
    await tab.until(lambda: "Poets" not in names())


async def test_a_forged_form_and_a_missing_model_are_told_in_words(tab: Tab):
    await form_of(tab, ids(tab)[0])
    for forged in ("", "[]", "7", "{", '{"name": 7}'):
        for verb, problem in (
            ("save_model", "form_problem"),
            ("save_type", "type_problem"),
            ("save_price", "price_problem"),
        ):
            await tab.call(MODELS, verb, form=forged)
            await tab.until(lambda problem=problem: tab.vars(MODELS)[problem])  # type: ignore[misc]
    for verb, more in (
        ("open_model", {}),
        ("open_prices", {}),
        ("switch_model", {"on": True}),
        ("make_default", {"on": True}),
        ("move_model", {"way": "up"}),
    ):
        seen = len(tab.toasts)
        await tab.call(MODELS, verb, model_id="x", **more)
        await tab.until(lambda seen=seen: len(tab.toasts) > seen)  # type: ignore[misc]


async def test_the_page_of_media_lists_what_makes_images_and_adds_to_it(
    server: Server, alice: Person, bob: Person, tab: Tab
):
    everything = len(ids(tab))
    await tab.open("/admin/media")
    await tab.until(lambda: tab.vars(MODELS).get("on_media") and tab.vars(MODELS)["loaded"])
    before = ids(tab)
    provider = tab.vars(MODELS)["media_providers"][0]["id"]
    await tab.call(MODELS, "new_model")
    await tab.call(MODELS, "add_model", form=json.dumps({"provider": provider, "name": " "}))
    await tab.until(lambda: tab.vars(MODELS)["adding_field"] == "name")
    form = json.dumps({"provider": provider, "name": "own-brush"})
    await tab.call(MODELS, "add_model", form=form)
    await tab.until(lambda: len(ids(tab)) == len(before) + 1)
    (made,) = [each for each in listed(tab) if each["id"] not in before]
    assert (made["makes_images"], made["is_removable"]) == (True, True)
    form = await form_of(tab, made["id"], display_name="Brush", size="vast")
    await tab.call(MODELS, "save_model", form=form)
    await tab.until(lambda: tab.vars(MODELS)["form_field"] == "size")
    form = await form_of(tab, made["id"], display_name="Brush", size="512x512", n="2")
    await tab.call(MODELS, "save_model", form=form)
    await tab.until(lambda: any(each["name"] == "Brush" for each in listed(tab)))
    await tab.call(MODELS, "open_model", model_id=made["id"])
    await tab.until(lambda: tab.vars(MODELS)["form"]["params"] == {"size": "512x512", "n": 2})
    async with server.tab(bob) as other:
        await other.open("/chat")
        names = [each["name"] for each in other.vars(MODES)["image_models"]]
        assert "Brush" in names
        assert "Brush" not in [each["name"] for each in other.vars(MODEL_CHOICE)["models"]]
    await tab.call(MODELS, "ask_to_remove", model_id=made["id"])
    await tab.until(lambda: tab.vars(MODELS)["doomed_name"] == "Brush")
    await tab.call(MODELS, "remove_model", model_id=made["id"])
    await tab.until(lambda: ids(tab) == before)
    # The page of models has all of them again.
    await tab.open("/admin/models")
    await tab.until(lambda: len(ids(tab)) == everything)
