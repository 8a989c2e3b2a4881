"""The text of Word documents.

The usual library builds the whole document in memory and requires Pillow in addition to lxml. The
text is in only a few elements, which the standard library's parser can read as a stream.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from llm_ui.reading.numbering import Numbering
from llm_ui.reading.package import BROKEN, Attributes, Elements, Handler, Package, local
from llm_ui.reading.parts import Note, Read
from llm_ui.reading.words import Words

_NOTES = ("footnotes", "endnotes")


def read_docx(path: Path) -> Read:
    """Read a Word document's paragraphs and tables, headers, footers, notes and comments.

    Raises:
        InvalidInput: a decompression bomb, or encrypted.
        one of BROKEN: the main part is damaged. Other unreadable parts are skipped and listed.
    """
    with Package(path) as package:
        main = package.main("word/document.xml")
        unread: list[str] = []
        parts = _related(package, main, unread)
        numbering = Numbering()
        for kind, met in (("numbering", numbering.met_list), ("styles", numbering.met_style)):
            for part in parts.get(kind, []):
                # Without it paragraphs lack their numbers, but no text is lost.
                _attempt(package, part, Elements(met), [])
        body = Words(numbering.label)
        notes: list[Note] = []
        try:
            package.read(main, body)
        except BROKEN:
            if not body.words:
                raise
            notes.append(("rest", ""))
        found = {
            kind: _words(package, parts.get(kind, []), unread) for kind in ("header", "footer")
        }
        behind = [_noted(package, part, unread) for kind in _NOTES for part in parts.get(kind, [])]
        behind += [_comments(package, part, unread) for part in parts.get("comments", [])]
        text = [found["header"], body.words, *behind, found["footer"]]
        if unread:
            notes.append(("parts", ", ".join(dict.fromkeys(unread))))
        return Read("\n\n".join(each for each in text if each), notes)


def _related(package: Package, main: str, unread: list[str]) -> dict[str, list[str]]:
    """A document's parts by kind. Without relations, those with the usual names."""
    found: dict[str, list[str]] = {}

    try:
        for _, kind, part in package.relations(main):
            found.setdefault(kind, []).append(part)
    except BROKEN:
        unread.append("relations")
    for kind in (*_NOTES, "comments", "numbering", "styles"):
        usual = f"word/{kind}.xml"
        if kind not in found and package.has(usual):
            found[kind] = [usual]
    return found


def _attempt(package: Package, part: str, handler: Handler, unread: list[str]) -> None:
    try:
        package.read(part, handler)
    except BROKEN:
        unread.append(part.rpartition("/")[2].removesuffix(".xml"))


def _words(package: Package, parts: list[str], unread: list[str]) -> str:
    """Headers or footers, each text once: first and even pages have their own."""
    found: list[str] = []
    for part in sorted(parts):
        words = Words()
        _attempt(package, part, words, unread)
        # A page number alone is not worth including.
        if words.words and not words.words.isdigit() and words.words not in found:
            found.append(words.words)
    return "\n".join(found)


def _noted(package: Package, part: str, unread: list[str]) -> str:
    """Footnotes or endnotes, each prefixed with the mark it has in the text."""
    notes = _Marked("footnote", "endnote", mark=lambda of: f"[^{of['id']}]:")
    _attempt(package, part, notes, unread)
    return notes.words


def _comments(package: Package, part: str, unread: list[str]) -> str:
    """Comments with their authors."""
    comments = _Marked("comment", mark=lambda of: f"Comment ({of.get('author') or '?'}):")
    _attempt(package, part, comments, unread)
    return comments.words


class _Marked(Words):
    """The text of notes, each starting with its mark."""

    def __init__(self, *names: str, mark: Callable[[Attributes], str]) -> None:
        super().__init__()
        self._names = names
        self._mark = mark

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle a start tag."""
        super().start(name, attributes)
        if name in self._names:
            of = {local(key): value for key, value in attributes.items()}
            # The lines that separate notes from the text are stored as notes of a special type.
            if of.get("id") and "separator" not in of.get("type", "").lower():
                self._line.append(f"{self._mark(of)} ")
