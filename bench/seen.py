"""What of a long list is in the page and on the screen while somebody scrolls through it.

All of it is looked at by the page itself, after each frame that its main thread has made:
a timer that a frame's callback sets fires when that frame is over.
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
    """A list that scrolls: its box, what stands for rows that are not in the page, and
    what of a row says which one it is."""

    box: str
    hole: str
    row: str
    name: str


LOG = Listing(".lu-log-box", ".lu-log-row:empty, .lu-log-group:empty", ".lu-message", "data-id")
CHATS = Listing("nav.lu-chats", ".lu-chats__space", ".lu-chat__link", "href")

# Counts elements and blank views while it runs. `waited` is how long the reader stood at
# the very top while there was more to come.
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

# Jumps somewhere and says after how many ms the rows there are on the screen.
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
    """What was seen on a way through a list.

    Args:
        elements: the most elements in the document at any time.
        blank_ms: the longest time for which a part of the view was empty.
        waited_ms: the longest wait at the top for what comes before.
        long_tasks: tasks of the main thread that took over 50 ms.
        rows: how many different rows were in the page at one time or another.
        settled_blank: how often the view had an empty part although all had come to rest.
        rests: how often it was looked at so.
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
    """Watch from here on; `end` tells."""
    page.evaluate(PROBE, asdict(listing))


def end(page: Page, steps: int = 0, rests: int = 0, settled_blank: int = 0) -> Way:
    """What was seen since `begin`."""
    found: dict[str, Any] = page.evaluate(END)
    for name in ("blank_ms", "waited_ms"):
        found[name] = round(found[name], 1)
    return Way(**found, steps=steps, rests=rests, settled_blank=settled_blank)


def wheel(page: Page, listing: Listing, step: int, arrived: str) -> Way:
    """Turn the wheel over a list until a condition in JavaScript holds.

    Args:
        step: pixels of one turn, downwards; negative is upwards.
        arrived: an expression; `probe` in it knows isAtTop and isAtEnd.

    Raises:
        AssertionError: the end of the way does not come.
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
    raise AssertionError(f"the way through {listing.box} has no end")


def jump(page: Page, listing: Listing, share: float) -> float:
    """Drag the scroll bar to a share of the way; ms until the rows there are shown."""
    spent: float = page.evaluate(JUMP, {"box": listing.box, "share": share})
    return round(spent, 1)
