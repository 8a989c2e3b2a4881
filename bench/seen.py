"""What is in the document and on screen while somebody scrolls through a long list.

The page itself checks after every frame of its main thread: a timer set in a frame's callback fires
when that frame is over.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import Page

PACE_MS = 50
REST_MS = 400
STEPS_BETWEEN_RESTS = 12
MOST_STEPS = 6000


@dataclass(frozen=True)
class Listing:
    """A scrolling list: its box, the placeholder for rows that are not in the document, and what
    identifies a row."""

    box: str
    hole: str
    row: str
    name: str


LOG = Listing(".lu-log-box", ".lu-log-row:empty, .lu-log-group:empty", ".lu-message", "data-id")
CHATS = Listing("nav.lu-chats", ".lu-chats__space", ".lu-chat__link", "href")

# Counts elements and blank views while it runs. `waited` is how long the reader was at the very top
# while earlier items were still to come.
PROBE = """({ box, hole, row, name }) => {
  const probe = { elements: 0, blank: 0, waited: 0, long: [], rows: new Set(), over: false };
  window.benchProbe = probe;
  const all = document.getElementsByTagName("*");
  const list = document.querySelector(box);
  probe.isBlank = () => {
    const view = list.getBoundingClientRect();
    const x = view.left + view.width / 2;
    for (let y = view.top + 4; y < view.bottom - 4; y += 24) {
      if (document.elementFromPoint(x, y)?.closest(hole)) return true;
    }
    return false;
  };
  probe.isAtTop = () => list.scrollTop <= 0;
  probe.isAtEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  const since = {};
  const lasting = (what, is) => {
    const now = performance.now();
    since[what] = is ? since[what] ?? now : undefined;
    if (is) probe[what] = Math.max(probe[what], now - since[what]);
  };
  const look = () => {
    if (probe.over) return;
    probe.elements = Math.max(probe.elements, all.length);
    for (const each of list.querySelectorAll(row)) probe.rows.add(each.getAttribute(name));
    lasting("blank", probe.isBlank());
    lasting("waited", probe.isAtTop() && document.querySelector(box + " [role=status]"));
    requestAnimationFrame(() => setTimeout(look));
  };
  probe.watcher = new PerformanceObserver((found) => {
    probe.long.push(...found.getEntries().map((entry) => Math.round(entry.duration)));
  });
  probe.watcher.observe({ type: "longtask" });
  look();
}"""
END = """() => {
  const { elements, blank, waited, long, rows, watcher } = window.benchProbe;
  window.benchProbe.over = true;
  watcher.disconnect();
  return {
    elements,
    blank_ms: blank,
    waited_ms: waited,
    long_tasks: long.length,
    longest_ms: Math.max(0, ...long),
    rows: rows.size,
  };
}"""

# Jumps to a position and resolves to the ms until the rows there are on screen.
JUMP = """({ box, share }) => new Promise((done, failed) => {
  const list = document.querySelector(box);
  list.scrollTop = share * (list.scrollHeight - list.clientHeight);
  const began = performance.now();
  const look = () => {
    const spent = performance.now() - began;
    if (!window.benchProbe.isBlank()) done(spent);
    else if (spent > 10000) failed(new Error(`no rows at ${share}`));
    else requestAnimationFrame(() => setTimeout(look));
  };
  requestAnimationFrame(() => setTimeout(look));
})"""


@dataclass(frozen=True)
class Way:
    """Observations while scrolling through a list.

    Args:
        elements: the most elements in the document at any time.
        blank_ms: the longest time that a part of the view was empty.
        waited_ms: the longest wait at the top for earlier items.
        long_tasks: main-thread tasks that took over 50 ms.
        rows: how many different rows were in the document at some time.
        settled_blank: how often the view had an empty part although everything had settled.
        rests: how often that was checked.
    """

    elements: int
    blank_ms: float
    waited_ms: float
    long_tasks: int
    longest_ms: float
    rows: int
    steps: int = 0
    rests: int = 0
    settled_blank: int = 0


def begin(page: Page, listing: Listing) -> None:
    """Start observing; `end` returns the result."""
    page.evaluate(PROBE, asdict(listing))


def end(page: Page, steps: int = 0, rests: int = 0, settled_blank: int = 0) -> Way:
    """The observations since `begin`."""
    found: dict[str, Any] = page.evaluate(END)
    for name in ("blank_ms", "waited_ms"):
        found[name] = round(found[name], 1)
    return Way(**found, steps=steps, rests=rests, settled_blank=settled_blank)


def wheel(page: Page, listing: Listing, step: int, arrived: str) -> Way:
    """Scroll a list with the wheel until a JavaScript condition holds.

    Args:
        step: pixels per turn of the wheel, downwards; negative means upwards.
        arrived: a JavaScript expression; `probe` in it has isAtTop and isAtEnd.

    Raises:
        AssertionError: the condition is never met.
    """
    begin(page, listing)
    page.locator(listing.box).hover()
    steps = rests = settled_blank = 0
    while steps < MOST_STEPS:
        for _ in range(STEPS_BETWEEN_RESTS):
            page.mouse.wheel(0, step)
            page.wait_for_timeout(PACE_MS)
        steps += STEPS_BETWEEN_RESTS
        page.wait_for_timeout(REST_MS)
        rests += 1
        settled_blank += page.evaluate("window.benchProbe.isBlank()")
        if page.evaluate(f"() => {{ const probe = window.benchProbe; return {arrived}; }}"):
            return end(page, steps, rests, settled_blank)
    raise AssertionError(f"scrolling through {listing.box} never ended")


def jump(page: Page, listing: Listing, share: float) -> float:
    """Drag the scroll bar to a fraction of its length; ms until the rows there are shown."""
    spent: float = page.evaluate(JUMP, {"box": listing.box, "share": share})
    return round(spent, 1)
