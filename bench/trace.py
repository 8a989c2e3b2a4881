"""Where the browser's main-thread time goes, from Chromium's own trace, as text.

Tracing slows everything down, so rely on shares, not totals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

CATEGORIES = ["devtools.timeline", "v8", "v8.execute", "toplevel", "blink", "cc"]
TOP = 15
# Chromium's events, by the names developers know; any others count as "other".
KINDS = {
    "style": ("UpdateLayoutTree", "Document::updateStyle", "Document::recalcStyle"),
    "layout": ("Layout", "LocalFrameView::performLayout", "LocalFrameView::layout"),
    "paint": (
        "Paint",
        "PrePaint",
        "Layerize",
        "UpdateLayer",
        "Commit",
        "RasterTask",
        "DecodeImage",
        "LocalFrameView::RunPaint",
        "LocalFrameView::pushPaintArtifact",
        "HitTest",
    ),
    "garbage": ("MinorGC", "MajorGC", "V8.GC", "BlinkGC", "CppGC", "ThreadState"),
    "parsing": ("ParseHTML", "ParseAuthorStyleSheet"),
    "scripting": (
        "FunctionCall",
        "EvaluateScript",
        "v8.",
        "V8.",
        "V8",
        "EventDispatch",
        "TimerFire",
        "FireAnimationFrame",
        "RunMicrotasks",
        "PageAnimator",
        "WebSocketReceive",
    ),
}


def kind_of(name: str) -> str:
    """The kind of work behind an event's name."""
    return next((kind for kind, starts in KINDS.items() if name.startswith(starts)), "other")


@dataclass
class Summary:
    """Self times in ms, by kind, by Chromium event and by JavaScript function."""

    kinds: dict[str, float] = field(default_factory=dict)
    events: dict[str, float] = field(default_factory=dict)
    functions: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """The summary in readable form."""
        parts = []
        for title, found in (
            ("Main thread by kind", self.kinds),
            ("By Chromium's event", self.events),
            ("By JavaScript function (sampled)", self.functions),
        ):
            top = sorted(found.items(), key=lambda each: -each[1])[:TOP]
            lines = [f"{ms:9.1f} ms  {name}" for name, ms in top]
            parts.append("\n".join([f"{title}, self time", *lines]))
        return "\n\n".join(parts) + "\n"


def _main_threads(events: list[dict[str, Any]]) -> dict[tuple[int, int], float]:
    """The renderers' main threads, each with its busy time."""
    named = {
        (each["pid"], each["tid"]): 0.0
        for each in events
        if each.get("name") == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    for each in events:
        key = (each.get("pid"), each.get("tid"))
        if key in named and each.get("ph") == "X":
            named[key] += each.get("dur", 0)
    return named


def self_times(events: list[dict[str, Any]]) -> dict[str, float]:
    """Self time in ms by event name, on the busiest renderer's main thread."""
    threads = _main_threads(events)
    busiest = max(threads, key=lambda each: threads[each])
    whole = [each for each in events if each.get("ph") == "X" and "dur" in each]
    spans = [each for each in whole if (each["pid"], each["tid"]) == busiest]
    spans.sort(key=lambda each: (each["ts"], -each["dur"]))
    own: dict[str, float] = defaultdict(float)
    open_spans: list[tuple[float, str]] = []
    for span in spans:
        while open_spans and open_spans[-1][0] <= span["ts"]:
            open_spans.pop()
        if open_spans:
            own[open_spans[-1][1]] -= span["dur"] / 1000
        own[span["name"]] += span["dur"] / 1000
        open_spans.append((span["ts"] + span["dur"], span["name"]))
    return dict(own)


def function_times(found: dict[str, Any]) -> dict[str, float]:
    """Self time in ms by function in a V8 CPU profile; idle time is left out."""
    names = {}
    for each in found["nodes"]:
        frame = each["callFrame"]
        place = frame["url"].rpartition("/")[2].partition("?")[0]
        spot = f" ({place}:{frame['lineNumber'] + 1}:{frame['columnNumber'] + 1})" if place else ""
        names[each["id"]] = (frame["functionName"] or "(anonymous)") + spot
    own: dict[str, float] = defaultdict(float)
    for sample, delta in zip(found["samples"], found["timeDeltas"], strict=True):
        # "(program)" is Chromium's own work, for which the events are more precise.
        if names[sample] not in ("(idle)", "(root)", "(program)"):
            own[names[sample]] += delta / 1000
    return dict(own)


@contextmanager
def profiled(browser: Browser, page: Page) -> Iterator[Summary]:
    """Trace the block; the summary is filled in at its end."""
    summary = Summary()
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": 500})
    browser.start_tracing(page=page, categories=CATEGORIES)
    session.send("Profiler.start")
    yield summary
    found = session.send("Profiler.stop")["profile"]
    events = json.loads(browser.stop_tracing())["traceEvents"]
    summary.functions = function_times(found)
    summary.events = self_times(events)
    for name, ms in summary.events.items():
        summary.kinds[kind_of(name)] = summary.kinds.get(kind_of(name), 0.0) + ms
