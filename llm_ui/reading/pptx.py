"""The text of presentations: slides in display order, each with its notes."""

from __future__ import annotations

import re
from pathlib import Path

from llm_ui.reading.package import BROKEN, Attributes, Elements, Package
from llm_ui.reading.parts import Note, Read, numbers
from llm_ui.reading.words import Words

_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml", re.IGNORECASE)
# The slide number is not part of the slide's text.
_FIELDS = frozenset({"slidenum"})
_OFF = ("0", "false", "off")


def read_pptx(path: Path) -> Read:
    """Read a presentation's slides in display order, with the speaker notes; hidden slides are
    labeled.

    Raises:
        InvalidInput: a decompression bomb, or encrypted.
        one of BROKEN: no slide can be read. Single unreadable slides are skipped and listed.
    """
    with Package(path) as package:
        shown: list[str] = []
        unread: list[int] = []
        problem: Exception | None = None
        for number, part in enumerate(_slides(package), start=1):
            try:
                shown.append(_slide(package, part, number))
            except BROKEN as error:
                problem = error
                unread.append(number)
                shown.append(f"Slide {number}\n[This slide could not be read.]")
        if problem and len(unread) == len(shown):
            raise problem
        notes: list[Note] = [("slides", numbers(unread))] if unread else []
        return Read("\n\n".join(shown), notes)


def _slides(package: Package) -> list[str]:
    """The slides' parts in display order."""
    main = package.main("ppt/presentation.xml")
    wanted: list[str] = []

    def met(name: str, attributes: Attributes) -> None:
        if name == "sldId":
            # The plain "id" attribute is a different number.
            wanted.extend(v for k, v in attributes.items() if k.endswith(":id"))

    related: dict[str, str] = {}
    try:
        package.read(main, Elements(met))
        related = {key: part for key, kind, part in package.relations(main) if kind == "slide"}
    except BROKEN:
        wanted = []
    if found := [related[key] for key in wanted if key in related]:
        return found
    by_name = [(int(m[1]), name) for name in package.names if (m := _SLIDE.fullmatch(name))]
    return [name for _, name in sorted(by_name)]


def _slide(package: Package, part: str, number: int) -> str:
    words = Words(fields=_FIELDS)
    package.read(part, words)
    title = f"Slide {number}"
    if words.attributes.get("show", "").lower() in _OFF:
        title += " (hidden)"
    found = [f"{title}\n{words.words}".strip()]
    for kind, other in _beside(package, part):
        if kind in ("chart", "chartEx"):
            chart = _Chart()
            package.read(other, chart)
            found.append(chart.words)
        else:
            more = Words(fields=_FIELDS)
            package.read(other, more)
            found.append(
                f"Notes: {more.words}" if more.words and kind == "notesSlide" else more.words
            )
    return "\n\n".join(each for each in found if each)


def _beside(package: Package, part: str) -> list[tuple[str, str]]:
    """A slide's other parts: diagrams, charts, and finally notes."""
    kinds = ("diagramData", "chart", "chartEx", "notesSlide")
    found = {(kind, other) for _, kind, other in package.relations(part) if kind in kinds}
    return sorted(found, key=lambda each: (kinds.index(each[0]), each[1]))


class _Chart:
    """The text of a chart: its titles, and the values of each series."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._open: list[str] = []
        self._series: dict[str, list[str]] = {}

    @property
    def words(self) -> str:
        """The text read so far."""
        return "\n".join(line for line in self._lines if line.strip())

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle a start tag."""
        self._open.append(name)
        if name == "ser":
            self._series = {}
        elif name in ("v", "t"):
            self._of().append("")

    def _of(self) -> list[str]:
        if "ser" not in self._open:
            return self._lines if self._open[-1] == "t" else []
        kind = next(
            (each for each in ("tx", "cat", "xVal", "val", "yVal") if each in self._open), ""
        )
        return self._series.setdefault(kind, [])

    def end(self, name: str) -> None:
        """Handle an end tag."""
        self._open.pop()
        if name == "ser":
            title = " ".join(self._series.get("tx", []))
            values = self._series.get("val") or self._series.get("yVal") or []
            names = self._series.get("cat") or self._series.get("xVal") or []
            pairs = [f"{a} = {b}" for a, b in zip(names, values, strict=False)] or values
            self._lines.append(f"{title}: {', '.join(pairs)}" if title else ", ".join(pairs))

    def text(self, data: str) -> None:
        """Handle the text of the current element."""
        if self._open[-1] in ("v", "t") and (found := self._of()):
            found[-1] += data
