"""Extracting a file's text by its type. Must only run in a process of its own."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from llm_ui.errors import InvalidInput
from llm_ui.reading import encodings
from llm_ui.reading.docx import read_docx
from llm_ui.reading.encodings import Decoded
from llm_ui.reading.kinds import DOCX, HTML, PDF, PPTX, XLSX
from llm_ui.reading.pages import read_html
from llm_ui.reading.parts import Note, Read
from llm_ui.reading.pdf import read_pdf
from llm_ui.reading.pptx import read_pptx
from llm_ui.reading.xlsx import read_xlsx


def text_of(path: Path, media_type: str) -> Read:
    """Extract a file's text, with notes about it.

    Raises:
        InvalidInput: damaged, encrypted, a decompression bomb, or without text; the message key
            says which.
    """
    try:
        read = _READERS.get(media_type, _read_plain)(path)
    except (zipfile.BadZipFile, expat.ExpatError, KeyError, EOFError, ValueError) as error:
        raise InvalidInput("error.file_damaged", field="file") from error
    # Broken fonts produce lone surrogates, which cannot be stored.
    text = read.text.encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd").strip()
    if not text:
        # Mostly scanned pages.
        raise InvalidInput("error.file_no_text", field="file")
    return Read(text, read.notes)


def _read_plain(path: Path) -> Read:
    # NULs and DOS's end-of-file mark get into texts by accident; they are not text.
    decoded = encodings.decode(path.read_bytes())
    return _as_read(decoded, decoded.text.replace("\x00", "").replace("\x1a", ""))


def _read_page(path: Path) -> Read:
    decoded = read_html(path.read_bytes())
    return _as_read(decoded, decoded.text)


def _as_read(decoded: Decoded, text: str) -> Read:
    notes: list[Note] = []
    if decoded.name:
        notes.append(("encoding", decoded.name))
    if decoded.bad:
        notes.append(("replaced", str(decoded.bad)))
    return Read(text, notes)


_READERS: dict[str, Callable[[Path], Read]] = {
    PDF: read_pdf,
    DOCX: read_docx,
    XLSX: read_xlsx,
    PPTX: read_pptx,
    HTML: _read_page,
}
