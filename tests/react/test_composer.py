"""The composer: nobody loses words."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

PROPS = {
    "sendLabel": "Send",
    "stopLabel": "Stop",
    "placeholder": "Message",
    "tooLongLabel": "Too long",
    "pendingLabel": "Waiting for the connection",
    "draftKey": "chat-1",
    "events": ["onSend", "onStop"],
}


def show(page: Page, **props: Any) -> None:
    page.evaluate(
        "(props) => lab.show({kind: 'Composer', props: {...props, key: 'composer'}})", PROPS | props
    )


def reload(page: Page) -> None:
    page.reload()
    page.wait_for_function("window.lab")


def events(page: Page) -> list[list[str]]:
    return page.evaluate("lab.events")


def test_enter_sends_and_clears(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    expect(page.get_by_test_id("send")).to_be_disabled()
    box.fill("hello")
    box.press("Shift+Enter")
    box.type("world ")
    assert events(page) == []
    box.press("Enter")
    [[name, text, key]] = events(page)
    assert (name, text) == ("onSend", "hello\nworld")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key)
    expect(box).to_have_value("")
    box.press("Enter")
    assert len(events(page)) == 1


def test_the_button_sends(page: Page) -> None:
    show(page)
    page.get_by_test_id("composer").fill("hello")
    page.get_by_test_id("send").click()
    assert events(page)[0][1] == "hello"


def test_an_input_method_keeps_its_enter(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("にほ")
    box.evaluate(
        """(area) => area.dispatchEvent(new KeyboardEvent("keydown",
          { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""
    )
    assert events(page) == []


def test_busy_shows_stop_and_lets_type(page: Page) -> None:
    show(page, busy=True)
    box = page.get_by_test_id("composer")
    box.fill("next")
    box.press("Enter")
    expect(page.get_by_test_id("send")).to_have_count(0)
    page.get_by_test_id("stop").click()
    assert events(page) == [["onStop"]]
    expect(box).to_have_value("next")


def test_a_reload_keeps_the_draft(page: Page) -> None:
    show(page)
    page.get_by_test_id("composer").fill("half a thought")
    reload(page)
    show(page)
    expect(page.get_by_test_id("composer")).to_have_value("half a thought")


def test_each_conversation_has_its_draft(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("one")
    show(page, draftKey="chat-2")
    expect(box).to_have_value("")
    box.fill("two")
    show(page, draftKey="chat-1")
    expect(box).to_have_value("one")
    show(page, draftKey="chat-2")
    expect(box).to_have_value("two")


def test_an_unconfirmed_message_survives_a_reload(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("important")
    box.press("Enter")
    key = events(page)[0][2]
    reload(page)
    show(page)
    expect(box).to_have_value("important")
    box.press("Enter")
    assert events(page) == [["onSend", "important", key]]
    show(page, ack=key)
    reload(page)
    show(page)
    expect(box).to_have_value("")


def test_a_late_confirmation_takes_the_restored_text_away(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("important")
    box.press("Enter")
    key = events(page)[0][2]
    reload(page)
    show(page)
    expect(box).to_have_value("important")
    show(page, ack=key)
    expect(box).to_have_value("")


def test_a_slow_server_is_told_of(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("hello")
    box.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Waiting for the connection")
    show(page, ack=events(page)[0][2])
    expect(page.get_by_role("status")).to_have_count(0)


def test_a_refused_text_comes_back(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("hello")
    box.press("Enter")
    show(page, draft="hello")
    expect(box).to_have_value("hello")
    box.fill("")
    box.type("typed since")
    show(page, draft="")
    show(page, draft="refused")
    expect(box).to_have_value("refused\n\ntyped since")


def test_the_first_message_makes_the_conversation(page: Page) -> None:
    show(page, draftKey="")
    box = page.get_by_test_id("composer")
    box.fill("hello")
    box.press("Enter")
    key = events(page)[0][2]
    box.type("and then")
    show(page, draftKey="chat-9")
    expect(box).to_have_value("and then")
    show(page, draftKey="chat-9", ack=key)
    show(page, draftKey="", ack=key)
    expect(box).to_have_value("")
    show(page, draftKey="chat-9", ack=key)
    expect(box).to_have_value("and then")


def test_too_long_is_refused_and_kept(page: Page) -> None:
    show(page, maxChars=1000)
    box = page.get_by_test_id("composer")
    box.fill("ä" * 600)
    box.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Too long")
    assert events(page) == []
    box.fill("short")
    expect(page.get_by_role("alert")).to_have_count(0)
    box.press("Enter")
    assert len(events(page)) == 1


def test_a_huge_paste_does_not_freeze(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page)
    lines = "\n".join(f"line {i} of a log file" for i in range(20_000))
    page.evaluate("(text) => navigator.clipboard.writeText(text)", lines)
    page.get_by_test_id("composer").focus()
    page.keyboard.press("Control+V")
    page.keyboard.press("x")
    assert page.evaluate("document.activeElement.value.length") == len(lines) + 1
    # What a textarea would have to be measured and spell-checked for at every key is left out.
    assert page.evaluate("document.activeElement.spellcheck") is False
    height = page.get_by_test_id("composer").bounding_box()
    assert height
    assert height["height"] <= 700 * 0.4 + 1


def test_it_grows_and_stops_growing(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    low = box.bounding_box()
    box.fill("a\nb\nc\nd")
    high = box.bounding_box()
    box.fill("\n".join("abcdefghij" * 10))
    highest = box.bounding_box()
    assert low
    assert high
    assert highest
    assert low["height"] < high["height"] < highest["height"] <= 281


def test_suggestions_fill_it(page: Page) -> None:
    show(page)
    page.evaluate("window.lu.ask('Explain this')")
    expect(page.get_by_test_id("composer")).to_have_value("Explain this")
    expect(page.get_by_test_id("send")).to_be_enabled()
