"""Paragraph numbers of Word documents: they are not stored in the text, Word computes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_ui.reading.package import Attributes, local

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
# Larger numbers are unrealistic, and a hostile start value would produce a label of a million
# letters.
_MOST = 5_000


@dataclass(slots=True)
class _Level:
    form: str = "decimal"
    text: str = ""
    start: int = 1
    style: str = ""


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Reads numbering.xml and the list styles in styles.xml, then numbers paragraphs.

    `met_list` and `met_style` are the element handlers for those two parts.
    """

    def __init__(self) -> None:
        self._abstract: dict[str, _List] = {}
        self._lists: dict[str, str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._styles: dict[str, tuple[str, str]] = {}
        self._parents: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._at: tuple[_List, int] | None = None
        self._list = self._style = ""
        self._override = -1

    def met_list(self, name: str, attributes: Attributes) -> None:
        """Handle an element of numbering.xml."""
        of = {local(key): value for key, value in attributes.items()}
        value = of.get("val", "")
        if name == "abstractNum":
            self._abstract[of.get("abstractNumId", "")] = found = _List()
            self._at, self._list = (found, -1), ""
        elif name == "num":
            self._at, self._list, self._override = None, of.get("numId", ""), -1
        elif name == "abstractNumId" and self._list:
            self._lists[self._list] = value
        elif name == "lvlOverride":
            self._override = _number(of.get("ilvl", ""), -1)
        elif name == "startOverride":
            self._starts[self._list, self._override] = _number(value, 1)
        elif name == "lvl" and self._at and not self._list:
            level = _number(of.get("ilvl", ""), 0)
            self._at = (self._at[0], level)
            self._at[0].levels[level] = _Level()
        elif self._at and not self._list and (known := self._at[0].levels.get(self._at[1])):
            self._set(known, name, value)

    def _set(self, level: _Level, name: str, value: str) -> None:
        if name == "numFmt":
            level.form = value
        elif name == "lvlText":
            level.text = value
        elif name == "start":
            level.start = _number(value, 1)
        elif name == "pStyle":
            level.style = value

    def met_style(self, name: str, attributes: Attributes) -> None:
        """Handle an element of styles.xml."""
        of = {local(key): value for key, value in attributes.items()}
        if name == "style":
            self._style = of.get("styleId", "")
        elif name == "basedOn":
            self._parents[self._style] = of.get("val", "")
        elif name in ("numId", "ilvl"):
            list_id, level = self._styles.get(self._style, ("", ""))
            value = of.get("val", "")
            self._styles[self._style] = (value, level) if name == "numId" else (list_id, value)

    def label(self, list_id: str, level: str, style: str) -> str:
        """The label of the next paragraph; "" if it is not numbered."""
        if not list_id:
            list_id, of_style = self._of_style(style)
            level = level or of_style
        abstract = self._abstract.get(self._lists.get(list_id, ""))
        if abstract is None or list_id == "0":
            return ""
        by_style = next((n for n, each in abstract.levels.items() if each.style == style), 0)
        place = _number(level, by_style if style else 0)
        if place not in abstract.levels:
            return ""
        counts = self._counts.setdefault(self._lists[list_id], {})
        first = self._starts.pop((list_id, place), None)
        before = counts.get(place, abstract.levels[place].start - 1) if first is None else first - 1
        counts[place] = before + 1
        for deeper in [each for each in counts if each > place]:
            del counts[deeper]
        return _shown(abstract, place, counts)

    def _of_style(self, style: str) -> tuple[str, str]:
        for _ in range(10):
            if style in self._styles and self._styles[style][0]:
                return self._styles[style]
            if style not in self._parents:
                break
            style = self._parents[style]
        return "", ""


def _shown(abstract: _List, place: int, counts: dict[int, int]) -> str:
    level = abstract.levels[place]
    if level.form == "none":
        return ""
    if level.form == "bullet":
        return "-"

    def count(match: re.Match[str]) -> str:
        of = int(match[1]) - 1
        known = abstract.levels.get(of, _Level())
        return _written(counts.get(of, known.start), known.form)

    return re.sub(r"%([1-9])", count, level.text)[:60].strip()


def _written(number: int, form: str) -> str:
    if not 0 < number < _MOST:
        return str(number)
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(96 + (number - 1) % 26 + 1) * ((number - 1) // 26 + 1)
        return letters.upper() if form == "upperLetter" else letters
    if form in ("lowerRoman", "upperRoman"):
        written = ""
        for value, sign in _ROMAN:
            written += sign * (number // value)
            number %= value
        return written.upper() if form == "upperRoman" else written
    return f"{number:02}" if form == "decimalZero" else str(number)


def _number(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) else otherwise
