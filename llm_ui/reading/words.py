"""The text of one part of an Office file, as Office shows it.

With tracked changes, deleted or moved text is left out and inserted text is included; of
alternatives for older programs only one is read; field instructions are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from llm_ui.reading.package import Attributes, local

# Each run of blanks is matched only from its start; trying every position would take quadratic
# time.
_AROUND_TAB = re.compile(r"(?:(?<! ) +)?\t *")
# Elements that are not shown, along with their content.
_GONE = frozenset({"del", "moveFrom", "delText", "instrText", "delInstrText", "rt", "docPart"})
# Marks in properties: the element they belong to is deleted.
_GONE_ROW, _GONE_CELL = "trPr", "tcPr"
_ON = ("", "1", "true", "on")
# Wingdings and Symbol put symbols at private code points; these are the ones with a meaning.
_SYMBOLS = {
    0x6F: "☐",
    0x71: "☐",
    0xA8: "☐",
    0xFE: "☑",
    0xFD: "☒",
    0x78: "☒",
    0xFC: "✓",
    0xFB: "✗",
    0xE0: "→",
    0xDF: "←",
    0xF0: "⇨",
    0x6C: "•",
    0x6E: "•",
    0xA7: "•",
    0xB7: "•",
    0x4A: "☺",
}
_SYMBOL_FONT = {
    0x61: "α",
    0x62: "β",
    0x67: "γ",
    0x64: "δ",
    0x65: "ε",
    0x6C: "λ",
    0x6D: "μ",
    0x70: "π",
    0x73: "σ",
    0x77: "ω",
    0x57: "Ω",
    0x44: "Δ",
    0x53: "Σ",
    0xA3: "≤",
    0xB3: "≥",
    0xB9: "≠",
    0xBB: "≈",
    0xB1: "±",
    0xB4: "×",
    0xB8: "÷",
    0xA5: "∞",
    0xD6: "√",
    0xAE: "→",
    0xB0: "°",
    0xB7: "•",
}


@dataclass(slots=True)
class _Paragraph:
    """The current paragraph: where it starts in its line, and its properties."""

    begun: int = 0
    style: str = ""
    list: str = ""
    level: str = ""
    is_joined: bool = False


class Words:
    """Collects the text of one part: text runs form lines, cells are separated by tabs.

    Args:
        label: returns the prefix of a paragraph, given its list, level and style; None for no
            prefixes.
        fields: kinds of fields whose text is left out ("slidenum").
    """

    def __init__(
        self,
        label: Callable[[str, str, str], str] | None = None,
        fields: frozenset[str] = frozenset(),
    ) -> None:
        self.lines: list[str] = []
        self.attributes: Attributes = {}
        self._label = label
        self._fields = fields
        self._open: list[str] = []
        self._line: list[str] = []
        # Lines of text boxes, which follow the paragraph they are anchored to.
        self._outer: list[tuple[list[str], int, _Paragraph]] = []
        self._boxes: list[str] = []
        self._cells = 0
        # The nesting depth inside an element that is not shown; 0 if everything is shown.
        self._gone = 0
        self._chosen: list[bool] = []
        self._paragraph = _Paragraph()
        self._hidden = False

    @property
    def words(self) -> str:
        """The text read so far."""
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip()

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle a start tag."""
        parent = self._open[-1] if self._open else ""
        if not parent:
            self.attributes = attributes
        self._open.append(name)
        if self._gone:
            return
        if self._is_gone(name, parent, attributes):
            self._gone = self._gone or len(self._open)
            return
        if parent == "r" or name in ("br", "cr"):
            self._sign(name, attributes)
        elif parent in ("pPr", "numPr", "rPr"):
            self._property(name, parent, attributes)
        elif name == "tc":
            self._cells += 1
        elif name == "txbxContent":
            self._outer.append((self._line, self._cells, self._paragraph))
            self._line, self._cells = [], 0
        elif name in ("den", "sup", "sub"):
            self._line.append({"den": "/", "sup": "^", "sub": "_"}[name])
        if name == "p":
            self._paragraph = _Paragraph(len(self._line))

    def _is_gone(self, name: str, parent: str, attributes: Attributes) -> bool:
        if name in _GONE:
            if name == "del" and parent == _GONE_ROW:
                self._gone = len(self._open) - 2
                return True
            if name == "del" and parent == "rPr" and "pPr" in self._open[-3:]:
                # The paragraph mark was deleted: the next paragraph continues its line.
                self._paragraph.is_joined = True
            return True
        if name == "cellDel" and parent == _GONE_CELL:
            self._gone = len(self._open) - 2
            return True
        if name == "AlternateContent":
            self._chosen.append(False)
        elif parent == "AlternateContent":
            if self._chosen[-1]:
                return True
            self._chosen[-1] = True
        return name == "fld" and attributes.get("type", "") in self._fields

    def _property(self, name: str, parent: str, attributes: Attributes) -> None:
        value = next((v for key, v in attributes.items() if local(key) == "val"), "")
        if name == "pStyle":
            self._paragraph.style = value
        elif name == "numId":
            self._paragraph.list = value
        elif name == "ilvl":
            self._paragraph.level = value
        elif name == "vanish" and parent == "rPr" and "r" in self._open[-3:]:
            self._hidden = value.lower() in _ON

    def _sign(self, name: str, attributes: Attributes) -> None:
        of = {local(key): value for key, value in attributes.items()}
        if name in ("tab", "ptab"):
            # A tab inside a cell must not look like a new cell.
            self._line.append(" " if self._cells else "\t")
        elif name in ("br", "cr"):
            self._line.append(" " if self._cells else "\n")
        elif name == "noBreakHyphen":
            self._line.append("-")
        elif name in ("footnoteReference", "endnoteReference") and of.get("id"):
            self._line.append(f"[^{of['id']}]")
        elif name == "sym":
            self._line.append(_symbol(of.get("char", ""), of.get("font", "")))

    def end(self, name: str) -> None:
        """Handle an end tag."""
        depth = len(self._open)
        self._open.pop()
        if self._gone:
            if depth <= self._gone:
                self._gone = 0
                self._cells -= name == "tc"
            return
        if name == "AlternateContent":
            self._chosen.pop()
        elif name == "r":
            self._hidden = False
        elif name == "p":
            self._end_paragraph()
        elif name == "tc":
            self._cells = max(0, self._cells - 1)
            self._line.append("\t")
        elif name == "tr" and not self._cells:
            self._flush()
        elif name == "txbxContent" and self._outer:
            self._flush()
            self._line, self._cells, self._paragraph = self._outer.pop()

    def _end_paragraph(self) -> None:
        paragraph = self._paragraph
        if self._label and (label := self._label(paragraph.list, paragraph.level, paragraph.style)):
            self._line.insert(paragraph.begun, f"{label} ")
        if self._cells:
            # All paragraphs of a cell stay on the row's line.
            self._line.append(" ")
        elif not paragraph.is_joined:
            self._flush()

    def text(self, data: str) -> None:
        """Handle the text of the current element."""
        if not self._gone and not self._hidden and self._open[-1] == "t":
            self._line.append(data.replace("\n", " ") if self._cells else data)

    def _flush(self) -> None:
        line = _AROUND_TAB.sub("\t", "".join(self._line)).strip()
        self._line = []
        if self._outer:
            self._boxes.append(line)
            return
        self.lines.append(line)
        self.lines.extend(each for each in self._boxes if each)
        self._boxes = []


def _symbol(char: str, font: str) -> str:
    try:
        code = int(char, 16)
    except ValueError:
        return ""
    if not 0xF000 <= code <= 0xF0FF:
        return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code < 0x10FFFF else ""
    known = _SYMBOL_FONT if font.lower() == "symbol" else _SYMBOLS
    return known.get(code - 0xF000, "•")
