"""The text of a file, by its type. To be called in a process of its own only."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.parsers import expat

from llm_ui.errors import InvalidInput
from llm_ui.reading.kinds import DOCX, HEAD, HTML, PDF, PPTX, XLSX, encoding_of
from llm_ui.reading.office import read_docx, read_pptx, read_xlsx

MAX_PAGES = 5_000
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
    "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip


def text_of(path: Path, media_type: str) -> str:
    """The text of a file.

    Raises:
        InvalidInput: damaged, encrypted, a bomb, or without any text; its message key says which.
    """
    try:
        text = _READERS.get(media_type, _read_plain)(path)
    except (zipfile.BadZipFile, expat.ExpatError, KeyError, EOFError) as error:
        raise InvalidInput("error.file_damaged", field="file") from error
    # Broken fonts give halves of characters, which nothing can store.
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd").strip()
    if not text:
        # Scanned pages, mostly.
        raise InvalidInput("error.file_no_text", field="file")
    return text


def _read_plain(path: Path) -> str:
    data = path.read_bytes()
    return data.decode(encoding_of(data[:HEAD]) or "utf-8", errors="replace")


class _Page(HTMLParser):
    """The words of a page without its scripts, styles and markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _read_html(path: Path) -> str:
    page = _Page()
    page.feed(_read_plain(path))
    page.close()
    lines = (line.strip() for line in "".join(page.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _read_pdf(path: Path) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidInput("error.file_encrypted", field="file")
        if len(reader.pages) > MAX_PAGES:
            raise InvalidInput("error.file_text_long", field="file")
        return "\n\n".join(page.extract_text() for page in reader.pages)
    except (PyPdfError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # What pypdf raises for a broken file depends on where it is broken.
        raise InvalidInput("error.file_damaged", field="file") from error


_READERS = {
    PDF: _read_pdf,
    DOCX: read_docx,
    XLSX: read_xlsx,
    PPTX: read_pptx,
    HTML: _read_html,
}
