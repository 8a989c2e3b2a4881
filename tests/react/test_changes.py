"""The page's own list of messages, kept in step by what the server says is new."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

Row = dict[str, Any]


def rows(*ids: str) -> list[Row]:
    return [{"id": each, "content": f"text of {each}"} for each in ids]


def push(page: Page, **values: Any) -> None:
    marked = {f"{name}_rx_state_": value for name, value in values.items()}
    page.evaluate("(delta) => lab.push(delta)", marked)


def change(number: int, after: str, *ids: str) -> Row:
    return {"n": number, "after": after, "put": rows(*ids)}


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate("lab.state().messages_rx_state_.map(({ id }) => id)")
    return found


def gaps(page: Page) -> int:
    found: int = page.evaluate("lab.events.length")
    return found


@pytest.fixture
def chat(page: Page) -> Page:
    """A page that shows two messages."""
    push(page, messages=rows("q1", "a1"), message_changes={})
    props = "{ stateName: lab.STATE, events: ['onGap'] }"
    page.evaluate(f"() => lab.show({{ kind: 'MessageChanges', props: {props} }})")
    return page


def test_a_question_is_added_and_its_answer_replaced(chat: Page) -> None:
    chat.evaluate("() => { window.first = lab.state().messages_rx_state_[0]; }")
    push(chat, message_changes=change(1, "a1", "q2", "a2"))
    assert shown(chat) == ["q1", "a1", "q2", "a2"]
    final = {"id": "a2", "content": "the end"}
    push(chat, message_changes={"n": 2, "after": "q2", "put": [final]})
    assert chat.evaluate("lab.state().messages_rx_state_[3]") == final
    assert chat.evaluate("lab.state().messages_rx_state_[0] === window.first"), "rendered again"
    assert gaps(chat) == 0


def test_earlier_messages_are_put_in_front(chat: Page) -> None:
    chat.evaluate("() => { window.first = lab.state().messages_rx_state_[0]; }")
    push(chat, message_changes={"n": 1, "before": "q1", "put": rows("q0", "a0")})
    assert shown(chat) == ["q0", "a0", "q1", "a1"]
    assert chat.evaluate("lab.state().messages_rx_state_[2] === window.first"), "rendered again"
    push(chat, message_changes=change(2, "a1", "q2"))
    push(chat, message_changes={"n": 3, "before": "q0", "put": rows("q-1")})
    assert shown(chat) == ["q-1", "q0", "a0", "q1", "a1", "q2"]
    assert gaps(chat) == 0
    # In front of what is not the first, it would tear a hole.
    push(chat, message_changes={"n": 4, "before": "q0", "put": rows("x")})
    assert gaps(chat) == 1
    assert shown(chat) == ["q-1", "q0", "a0", "q1", "a1", "q2"]


def test_a_retried_answer_goes(chat: Page) -> None:
    push(chat, message_changes=change(1, "q1", "b1"))
    assert shown(chat) == ["q1", "b1"]


def test_other_news_of_the_state_change_nothing(chat: Page) -> None:
    push(chat, message_changes=change(1, "a1", "q2"))
    push(chat, busy=True)
    push(chat, message_changes=change(1, "a1", "q2"))
    assert shown(chat) == ["q1", "a1", "q2"]
    assert gaps(chat) == 0


def test_messages_that_come_whole_have_all_changes_in_them(chat: Page) -> None:
    # What a page gets that has been away, or has just been loaded.
    push(chat, messages=rows("q1", "a1", "q2", "a2"), message_changes=change(7, "a1", "q2"))
    assert shown(chat) == ["q1", "a1", "q2", "a2"]
    push(chat, message_changes=change(8, "a2", "q3"))
    assert shown(chat) == ["q1", "a1", "q2", "a2", "q3"]
    push(chat, messages=rows("z1"), message_changes={})
    push(chat, message_changes=change(1, "z1", "z2"))
    assert shown(chat) == ["z1", "z2"]
    assert gaps(chat) == 0


def test_a_lost_change_is_noticed(chat: Page) -> None:
    push(chat, message_changes=change(2, "a1", "q3"))
    assert gaps(chat) == 1
    assert shown(chat) == ["q1", "a1"]
    push(chat, message_changes=change(3, "q9", "a9"))
    assert gaps(chat) == 2
    push(chat, messages=rows("q1", "a1", "q2", "a2"), message_changes={})
    push(chat, message_changes=change(1, "a2", "q3"))
    assert shown(chat) == ["q1", "a1", "q2", "a2", "q3"]
    assert gaps(chat) == 2
