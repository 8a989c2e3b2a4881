"""The text of DOCX, XLSX and PPTX files.

These formats are zips of XML. The usual libraries for Word and PowerPoint build whole
documents and bring lxml and Pillow (some 40 MB); their text is in three or four elements,
which the standard library's parser reads as a stream. Spreadsheets are another matter
(shared strings, dates, cached results): openpyxl reads them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.parsers import expat

from llm_ui.errors import InvalidInput

MAX_ENTRIES = 5_000
MAX_EXPANDED = 200 * 1024 * 1024
# Text compresses to a twentieth, sheets full of one number to a two-hundredth.
MAX_RATIO = 300
RATIO_FROM = 10 * 1024 * 1024
CHUNK = 64 * 1024
_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")
_XML = (".xml", ".rels")


def check_zip(archive: zipfile.ZipFile) -> None:
    """Raise InvalidInput for a zip that is too much when it is unpacked.

    The sizes are those that the entries claim; zipfile reads no more of an entry than that.
    """
    entries = archive.infolist()
    expanded = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    if (
        len(entries) > MAX_ENTRIES
        or expanded > MAX_EXPANDED
        or (expanded > RATIO_FROM and expanded / packed > MAX_RATIO)
    ):
        raise InvalidInput("error.file_bomb", field="file")
    if any(entry.flag_bits & 1 for entry in entries):
        raise InvalidInput("error.file_encrypted", field="file")


def _refuse(*_: Any) -> None:
    raise InvalidInput("error.file_bomb", field="file")


class _Words:
    """Collects the text of one part: runs make lines, cells are parted by tabs."""

    RUNS = frozenset({"t", "delText"})

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._inside = 0
        self._cells = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in self.RUNS:
            self._inside += 1
        elif local == "tab":
            self._line.append("\t")
        elif local in ("br", "cr"):
            self._line.append("\n")
        elif local == "tc":
            self._cells += 1

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in self.RUNS:
            self._inside -= 1
        elif local == "p":
            # A cell's paragraphs stay on the row's line.
            if self._cells:
                self._line.append(" ")
            else:
                self._flush()
        elif local == "tc":
            self._cells -= 1
            self._line.append("\t")
        elif local == "tr" and not self._cells:
            self._flush()

    def text(self, data: str) -> None:
        if self._inside:
            self._line.append(data)

    def _flush(self) -> None:
        self.lines.append(re.sub(r" *\t *", "\t", "".join(self._line)).strip())
        self._line = []


def _words_of(archive: zipfile.ZipFile, part: str) -> str:
    words = _Words()
    parser = expat.ParserCreate()
    # Office files have no document types; entities are only good for bombs.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = words.start
    parser.EndElementHandler = words.end
    parser.CharacterDataHandler = words.text
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
        parser.Parse(b"", True)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(words.lines)).strip()


def read_docx(path: Path) -> str:
    """The paragraphs and tables of a Word document, with its notes."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive)
        names = set(archive.namelist())
        parts = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
        return "\n\n".join(_words_of(archive, part) for part in parts if part in names).strip()


def read_pptx(path: Path) -> str:
    """The slides of a presentation, in their order, with the speaker's notes."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive)
        names = set(archive.namelist())
        numbers = sorted(int(m[1]) for name in names if (m := _SLIDE.fullmatch(name)))
        slides = []
        for number in numbers:
            words = _words_of(archive, f"ppt/slides/slide{number}.xml")
            notes = f"ppt/notesSlides/notesSlide{number}.xml"
            if notes in names:
                words += f"\n\n{_words_of(archive, notes)}"
            slides.append(f"Slide {number}\n{words}".strip())
        return "\n\n".join(slides)


def read_xlsx(path: Path) -> str:
    """The sheets of a workbook, each as lines of tab-separated values."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(path) as archive:
        check_zip(archive)
        for entry in archive.infolist():
            if entry.filename.endswith(_XML):
                with archive.open(entry) as stream:
                    # openpyxl's parser would expand what a document type declares.
                    if b"<!DOCTYPE" in stream.read(CHUNK):
                        _refuse()
    # A file object: openpyxl goes by the name's ending, and our files' names have none.
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        return "\n\n".join(
            f"Sheet {sheet.title}\n" + "\n".join(_rows(sheet)) for sheet in book.worksheets
        )


def _rows(sheet: Any) -> Iterator[str]:
    for row in sheet.iter_rows(values_only=True):
        line = "\t".join(_cell(value) for value in row).rstrip("\t")
        if line:
            yield line


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value).replace("\n", " ").replace("\t", " ")
