"""The conversation's scroll position."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

BOX = "document.querySelector('.lu-log-box')"
AT_END = f"() => {BOX}.scrollHeight - {BOX}.scrollTop - {BOX}.clientHeight < 2"


def row(number: int, height: int = 120) -> dict[str, Any]:
    props = {"key": f"m{number}", "data-id": f"m{number}", "style": {"height": height}}
    return {"kind": "div", "props": props, "children": [f"row {number}"]}


def show(page: Page, rows: list[dict[str, Any]], **props: Any) -> None:
    log = {"jumpLabel": "Latest", "hasEarlier": False, "events": ["onReachTop"], **props}
    room = {
        "kind": "div",
        "props": {"className": "room"},
        "children": [{"kind": "ChatLog", "props": log, "children": rows}],
    }
    page.evaluate("(room) => lab.show(room)", room)


def message(number: int, height: int = 120) -> dict[str, Any]:
    """A row with a message in it, as the page has them."""
    article = {
        "kind": "article",
        "props": {"style": {"height": height}},
        "children": [f"message {number}"],
    }
    props = {"key": f"m{number}", "data-id": f"m{number}", "className": "lu-message"}
    return {"kind": "div", "props": props, "children": [article]}


def settle(page: Page) -> None:
    page.evaluate("() => new Promise((go) => setTimeout(() => requestAnimationFrame(go), 120))")


def top_of(page: Page, number: int) -> float:
    return page.evaluate(
        f"document.querySelector('[data-id=m{number}]').getBoundingClientRect().top"
    )


def test_opens_at_the_end_and_stays_there(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    show(page, [row(i) for i in range(21)])
    page.wait_for_function(AT_END)
    show(page, [*[row(i) for i in range(20)], row(20, 900)])
    page.wait_for_function(AT_END)
    expect(page.get_by_test_id("jump-latest")).to_have_count(0)


def test_a_reader_further_up_is_left_alone(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -600)
    jump = page.get_by_test_id("jump-latest")
    expect(jump).to_be_visible()
    settle(page)
    before = page.evaluate(f"{BOX}.scrollTop")
    show(page, [*[row(i) for i in range(20)], row(20, 900)])
    settle(page)
    assert page.evaluate(f"{BOX}.scrollTop") == before
    jump.click()
    page.wait_for_function(AT_END)
    expect(jump).to_have_count(0)
    show(page, [*[row(i) for i in range(20)], row(20, 1900)])
    page.wait_for_function(AT_END)


def test_a_reader_a_little_above_the_end_is_taken_along(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    page.evaluate(f"{BOX}.scrollTop -= 30")
    settle(page)
    show(page, [*[row(i) for i in range(20)], row(20, 300)])
    settle(page)
    assert page.evaluate(f"({AT_END})()")
    expect(page.get_by_test_id("jump-latest")).to_have_count(0)


def test_the_latest_is_not_offered_to_who_sees_it(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    jump = page.get_by_test_id("jump-latest")
    page.mouse.move(400, 300)
    # No longer at the very end, but the last row is there to be read.
    page.mouse.wheel(0, -60)
    page.wait_for_function(f"() => !({AT_END})()")
    settle(page)
    expect(jump).to_have_count(0)
    page.mouse.wheel(0, -400)
    expect(jump).to_be_visible()
    page.mouse.wheel(0, 400)
    expect(jump).to_have_count(0)


def test_the_keys_lead_to_both_ends(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    page.locator(".lu-log-box").focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {BOX}.scrollTop === 0")
    expect(page.get_by_test_id("jump-latest")).to_be_visible()
    page.keyboard.press("End")
    page.wait_for_function(AT_END)
    expect(page.get_by_test_id("jump-latest")).to_have_count(0)


def test_earlier_rows_move_nothing(page: Page) -> None:
    show(page, [row(i) for i in range(20, 40)])
    page.wait_for_function(AT_END)
    for top in (0, 300):
        page.evaluate(f"{BOX}.scrollTop = {top}")
        settle(page)
        first = 20 - 10 * (top > 0)
        before = top_of(page, 30)
        show(page, [row(i) for i in range(first - 10, 40)])
        settle(page)
        assert abs(top_of(page, 30) - before) < 2


def test_earlier_rows_move_nothing_while_the_reader_scrolls(page: Page) -> None:
    """A wheel turns in the very frame in which they come, where browsers do not anchor."""
    show(page, [row(i) for i in range(20, 40)])
    page.wait_for_function(AT_END)
    page.evaluate(f"{BOX}.scrollTop = 0")
    settle(page)
    before = top_of(page, 20)
    page.evaluate(
        f"""() => {{
          const box = {BOX};
          new MutationObserver((_, watcher) => {{
            watcher.disconnect();
            box.dispatchEvent(new Event("scroll"));
          }}).observe(box, {{ childList: true, subtree: true }});
        }}"""
    )
    show(page, [row(i) for i in range(40)])
    settle(page)
    assert abs(top_of(page, 20) - before) < 2


def test_reaching_the_top_asks_once_for_each_first_row(page: Page) -> None:
    show(page, [row(i) for i in range(20, 40)], hasEarlier=True)
    page.wait_for_function(AT_END)
    settle(page)
    assert page.evaluate("lab.events.length") == 0
    page.evaluate(f"{BOX}.scrollTop = 100")
    settle(page)
    page.evaluate(f"{BOX}.scrollTop = 900")
    settle(page)
    page.evaluate(f"{BOX}.scrollTop = 0")
    settle(page)
    assert page.evaluate("lab.events") == [["onReachTop"]]
    show(page, [row(i) for i in range(40)], hasEarlier=True)
    settle(page)
    page.evaluate(f"{BOX}.scrollTop = 0")
    settle(page)
    assert page.evaluate("lab.events.length") == 2


def test_another_conversation_opens_at_its_end(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    page.evaluate(f"{BOX}.scrollTop = 50")
    settle(page)
    show(page, [row(i) for i in range(100, 130)])
    page.wait_for_function(AT_END)


def test_sending_leads_to_the_end(page: Page) -> None:
    show(page, [row(i) for i in range(20)])
    page.wait_for_function(AT_END)
    page.evaluate(f"{BOX}.scrollTop = 50")
    settle(page)
    page.evaluate("window.dispatchEvent(new Event('lu:sent'))")
    show(page, [row(i) for i in range(22)])
    page.wait_for_function(AT_END)


AT = ".lu-message[data-id=m{}] > article"


def in_view(page: Page, number: int) -> bool:
    inside: bool = page.evaluate(
        """([row]) => {
          const box = document.querySelector('.lu-log-box').getBoundingClientRect();
          const here = document.querySelector(row).getBoundingClientRect();
          return here.top >= box.top && here.top < box.bottom - 40;
        }""",
        [AT.format(number)],
    )
    return inside


def test_a_message_that_is_asked_for_is_shown_marked_and_focused(page: Page) -> None:
    show(page, [message(i) for i in range(40)], aim={"n": 1, "id": "m20"}, hasLater=True)
    article = page.locator(AT.format(20))
    expect(article).to_be_focused()
    expect(article).to_have_attribute("data-found", "now")
    assert in_view(page, 20)
    expect(article).to_have_attribute("data-found", "past")
    assert in_view(page, 20)
    expect(page.get_by_test_id("jump-latest")).to_be_visible()


def test_what_is_laid_out_late_does_not_move_it_away(page: Page) -> None:
    rows = [message(i) for i in range(40)]
    show(page, rows, aim={"n": 1, "id": "m20"}, hasLater=True)
    expect(page.locator(AT.format(20))).to_be_focused()
    before = page.locator(AT.format(20)).bounding_box()
    taller = [message(i, 300 if i < 15 else 120) for i in range(40)]
    show(page, taller, aim={"n": 1, "id": "m20"}, hasLater=True)
    settle(page)
    after = page.locator(AT.format(20)).bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2


def test_the_reader_goes_on_from_there_without_being_held(page: Page) -> None:
    rows = [message(i) for i in range(40)]
    show(page, rows, aim={"n": 1, "id": "m20"}, hasLater=True)
    expect(page.locator(AT.format(20))).to_be_focused()
    page.mouse.move(400, 300)
    page.mouse.wheel(0, 700)
    settle(page)
    assert not in_view(page, 20)
    show(page, [message(i, 130) for i in range(40)], aim={"n": 1, "id": "m20"}, hasLater=True)
    settle(page)
    assert not in_view(page, 20)
    # The same message once more (a page that loads again by itself) calls nobody back …
    show(page, rows, aim={"n": 2, "id": "m20"}, hasLater=True)
    settle(page)
    assert not in_view(page, 20)
    # … but asking for another one does.
    show(page, rows, aim={"n": 3, "id": "m5"}, hasLater=True)
    expect(page.locator(AT.format(5))).to_be_focused()
    assert in_view(page, 5)


def test_a_message_that_comes_later_is_waited_for(page: Page) -> None:
    show(page, [message(i) for i in range(5)], aim={"n": 1, "id": "m20"})
    settle(page)
    show(page, [message(i) for i in range(40)], aim={"n": 1, "id": "m20"})
    expect(page.locator(AT.format(20))).to_be_focused()
    assert in_view(page, 20)


def test_the_end_of_what_is_loaded_is_no_place_to_stay_at(page: Page) -> None:
    props: dict[str, Any] = {"hasLater": True, "events": ["onReachEnd", "onNewest"]}
    show(page, [message(i) for i in range(20)], aim={"n": 1, "id": "m3"}, **props)
    expect(page.locator(AT.format(3))).to_be_focused()
    settle(page)
    assert page.evaluate("lab.events") == []
    page.evaluate(f"{BOX}.dispatchEvent(new WheelEvent('wheel'))")
    page.evaluate(f"{BOX}.scrollTop = {BOX}.scrollHeight")
    settle(page)
    assert page.evaluate("lab.events") == [["onReachEnd"]]
    before = top_of(page, 19)
    show(page, [message(i) for i in range(40)], aim={"n": 1, "id": "m3"}, **props)
    settle(page)
    assert abs(top_of(page, 19) - before) < 2, "carried off"
    page.get_by_test_id("jump-latest").click()
    settle(page)
    assert page.evaluate("lab.events.filter(([name]) => name === 'onNewest').length") == 1
    show(page, [message(i) for i in range(100, 140)], aim={"n": 1, "id": "m3"})
    page.wait_for_function(AT_END)
    expect(page.get_by_test_id("jump-latest")).to_have_count(0)


def test_who_goes_on_takes_the_message_out_of_the_address(page: Page) -> None:
    page.evaluate("history.replaceState({ key: 'x' }, '', '?at=m20&kept=1')")
    show(page, [message(i) for i in range(40)], aim={"n": 1, "id": "m20"})
    expect(page.locator(AT.format(20))).to_be_focused()
    settle(page)
    assert page.evaluate("location.search") == "?at=m20&kept=1"
    page.evaluate("window.dispatchEvent(new Event('lu:sent'))")
    assert page.evaluate("location.search") == "?kept=1"
    assert page.evaluate("history.state.key") == "x"
