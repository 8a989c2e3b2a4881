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
    told = page.get_by_role("status")
    expect(told).to_contain_text("Waiting for the connection")
    expect(told.get_by_test_id("waiting-question")).to_have_text("hello")
    show(page, ack=events(page)[0][2])
    expect(page.get_by_role("status")).to_have_count(0)


def sent_key(page: Page) -> str:
    """The key of the message that was sent last."""
    return [each for each in events(page) if each[0] == "onSend"][-1][2]


def test_a_refused_text_comes_back(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("hello")
    box.press("Enter")
    show(page, refused=sent_key(page))
    expect(box).to_have_value("hello")
    box.fill("again")
    box.press("Enter")
    box.type("typed since")
    show(page, refused=sent_key(page))
    expect(box).to_have_value("again\n\ntyped since")


def test_a_refused_text_belongs_to_its_chat_alone(page: Page) -> None:
    """Also after a reload, in a new chat, and where there is a draft already."""
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("fails here")
    box.press("Enter")
    key = sent_key(page)
    show(page, refused=key)
    expect(box).to_have_value("fails here")
    for other in ("chat-2", "", "no-such-chat"):
        show(page, draftKey=other, refused=key)
        expect(box).to_have_value("")
        reload(page)
        show(page, draftKey=other, refused=key)
        expect(box).to_have_value("")
    box.fill("own draft")
    reload(page)
    show(page, draftKey="no-such-chat", refused=key)
    expect(box).to_have_value("own draft")
    show(page, refused=key)
    expect(box).to_have_value("fails here")


def test_a_text_that_is_refused_late_goes_back_to_where_it_was_sent(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("slow one")
    box.press("Enter")
    key = sent_key(page)
    show(page, draftKey="chat-2")
    box.fill("meanwhile")
    show(page, draftKey="chat-2", refused=key)
    expect(box).to_have_value("meanwhile")
    show(page, refused=key)
    expect(box).to_have_value("slow one")


def test_what_is_typed_after_sending_stays_in_its_chat(page: Page) -> None:
    """Whoever opens another chat before the server has answered takes nothing along."""
    for first in ("", "chat-1"):
        show(page, draftKey=first)
        box = page.get_by_test_id("composer")
        box.fill("sent")
        box.press("Enter")
        box.type("and more")
        show(page, draftKey="chat-7")
        expect(box).to_have_value("")
        show(page, draftKey=first)
        expect(box).to_have_value("sent\n\nand more")
        box.fill("")


def test_the_first_message_makes_the_conversation(page: Page) -> None:
    show(page, draftKey="")
    box = page.get_by_test_id("composer")
    box.fill("hello")
    box.press("Enter")
    key = sent_key(page)
    box.type("and then")
    show(page, draftKey="chat-9", ack=key)
    expect(box).to_have_value("and then")
    show(page, draftKey="", ack=key)
    expect(box).to_have_value("")
    show(page, draftKey="chat-9", ack=key)
    expect(box).to_have_value("and then")


TOUCH = """() => {
  const match = window.matchMedia;
  window.matchMedia = (query) =>
    query.includes("coarse") ? { matches: true } : match.call(window, query);
}"""


def test_enter_breaks_the_line_on_a_touch_keyboard(page: Page) -> None:
    page.evaluate(TOUCH)
    show(page)
    box = page.get_by_test_id("composer")
    expect(box).to_have_attribute("enterkeyhint", "enter")
    box.type("line one")
    box.press("Enter")
    box.type("line two")
    expect(box).to_have_value("line one\nline two")
    assert events(page) == []
    page.get_by_test_id("send").click()
    assert events(page)[0][1] == "line one\nline two"
    box.type("by keys")
    box.press("Control+Enter")
    assert events(page)[1][1] == "by keys"


def test_a_person_says_what_enter_does(page: Page) -> None:
    labels = {"title": "Enter key", "auto": "Automatic", "send": "Send", "line": "New line"}
    choice = {"kind": "EnterChoice", "props": {"labels": labels, "key": "choice"}}
    page.evaluate("(choice) => lab.show(choice)", choice)
    page.get_by_label("Enter key").select_option("line")
    show(page)
    box = page.get_by_test_id("composer")
    box.type("one")
    box.press("Enter")
    box.type("two")
    expect(box).to_have_value("one\ntwo")
    reload(page)
    page.evaluate(TOUCH)
    page.evaluate("(choice) => lab.show(choice)", choice)
    expect(page.get_by_label("Enter key")).to_have_value("line")
    page.get_by_label("Enter key").select_option("send")
    show(page)
    box.press("Enter")
    assert events(page)[0][1] == "one\ntwo"


def test_safari_ends_a_composition_before_its_enter(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("にほん")
    box.evaluate(
        """(area) => {
          area.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
          const how = { key: "Enter", bubbles: true, cancelable: true };
          const enter = new KeyboardEvent("keydown", how);
          Object.defineProperty(enter, "keyCode", { get: () => 229 });
          area.dispatchEvent(enter);
        }"""
    )
    assert events(page) == []


def test_it_runs_as_what_is_written_in_it_does(page: Page) -> None:
    show(page)
    box = page.get_by_test_id("composer")
    box.fill("שלום")
    assert box.evaluate("(area) => getComputedStyle(area).direction") == "rtl"


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
