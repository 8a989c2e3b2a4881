"""What a growing answer changes on the page, in counts: these do not depend on the machine."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from . import samples
from .test_answer import body, push, show

# Follows a block from the moment when another one stands behind it: from then on it is
# finished. Colouring code is the one change that is made later, once.
WATCH = """() => {
  const box = document.querySelector(".lu-md-body > .lu-md");
  const seen = { paints: 0, records: 0, replaced: 0, later: {} };
  const finished = new Set();
  const owner = (node) => {
    while (node && node.parentNode !== box) node = node.parentNode;
    return node;
  };
  window.changes = seen;
  new MutationObserver((records) => {
    seen.paints += 1;
    seen.records += records.length;
    for (const { target, removedNodes } of records) {
      if (target === box) {
        seen.replaced += [...removedNodes].filter((node) => finished.has(node)).length;
        continue;
      }
      const block = owner(target);
      if (!finished.has(block)) continue;
      const name = block.matches(":has(pre), pre") ? "code" : "prose";
      seen.later[name] = (seen.later[name] ?? 0) + 1;
    }
    for (const block of [...box.children].slice(0, -1)) finished.add(block);
    seen.finished = finished.size;
  }).observe(box, { childList: true, subtree: true, characterData: true });
}"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def stream(page: Page, pieces: list[str]) -> dict[str, Any]:
    """Push the pieces, a frame apart; returns what changed."""
    page.evaluate(WATCH)
    at = 0
    for piece in pieces:
        push(page, piece, at)
        page.evaluate(FRAME)
        at += len(piece)
    page.wait_for_timeout(300)
    found: dict[str, Any] = page.evaluate("window.changes")
    return found


def test_a_finished_block_is_rendered_once(page: Page) -> None:
    show(page)
    pieces = samples.pieces(samples.answer(600), 3, 80)
    found = stream(page, pieces)
    code_blocks = page.evaluate("document.querySelectorAll('.lu-md-body pre').length")
    assert found["finished"] >= 10
    assert found["replaced"] == 0
    assert found["later"].get("prose", 0) == 0
    assert found["later"].get("code", 0) <= code_blocks


def test_a_piece_changes_little_however_long_the_answer(page: Page) -> None:
    show(page)
    pieces = samples.pieces(samples.answer(600), 3, 80)
    found = stream(page, pieces)
    code_blocks = page.evaluate("document.querySelectorAll('.lu-md-body pre').length")
    assert found["paints"] <= len(pieces) + code_blocks
    assert found["records"] <= 3 * len(pieces)


def test_pieces_of_one_frame_are_painted_together(page: Page) -> None:
    show(page)
    push(page, "Once ", 0)
    page.evaluate(FRAME)
    page.evaluate(WATCH)
    text = samples.prose(120)
    page.evaluate(
        """(text) => {
          for (let at = 0; at < text.length; at += 5) {
            const value = { g: 7, o: 5 + at, t: text.slice(at, at + 5) };
            lab.push({ current_response_rx_state_: value });
          }
        }""",
        text,
    )
    expect(body(page)).to_contain_text(text.rpartition(" ")[2])
    found = page.evaluate("window.changes")
    # The end of the text that stood there, and what is new behind it: not each piece.
    assert found["paints"] == 1
    assert found["records"] <= 3 * page.locator(".lu-md-body .lu-md *").count()
