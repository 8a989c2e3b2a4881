"""The text of PDF files, page by page: an unreadable page does not affect the others."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from llm_ui.errors import InvalidInput
from llm_ui.reading.parts import Note, Read, numbers

MAX_PAGES = 5_000
# CPU time in seconds for one page, and the share of the process's limit for all of them, so that
# what was read is returned before that limit ends the process.
PAGE_S = 8.0
SHARE = 0.75
# What pypdf raises for a broken page depends on where it is broken.
_ANY = Exception


class TooSlow(Exception):
    """A page exceeded its time limit."""


def read_pdf(path: Path) -> Read:
    """Read the text of a PDF's pages.

    Raises:
        InvalidInput: damaged, password-protected, or with too many pages.
    """
    try:
        reader = _opened(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidInput("error.file_encrypted", field="file")
        pages = _pages(reader)
        if not pages:
            raise InvalidInput("error.file_damaged", field="file")
    except InvalidInput:
        raise
    except _ANY as error:
        raise InvalidInput("error.file_damaged", field="file") from error
    if len(pages) > MAX_PAGES:
        raise InvalidInput("error.file_text_long", field="file")
    return _read(pages)


def _opened(path: Path) -> Any:
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    try:
        return PdfReader(path)
    except PdfReadError:
        # If the end of the file is missing, a startxref that points nowhere makes pypdf search for
        # the objects itself.
        return PdfReader(BytesIO(path.read_bytes() + b"\nstartxref\n0\n%%EOF\n"))


def _read(pages: list[Any]) -> Read:
    texts: list[str] = []
    unread: list[int] = []
    scanned: list[int] = []
    # Only the time spent here counts, not what the process did before.
    most = time.process_time() + _allowed() * SHARE
    for number, page in enumerate(pages, start=1):
        if time.process_time() > most:
            if not texts:
                raise InvalidInput("error.file_slow", field="file")
            return _result(texts, unread, scanned, late=number)
        try:
            with limited(PAGE_S):
                text = page.extract_text()
                if not text.strip() and _is_lost(page):
                    raise ValueError("its stream cannot be unpacked")
        except _ANY:
            unread.append(number)
            texts.append(f"[Page {number} could not be read.]")
            continue
        if not text.strip() and _has_images(page):
            scanned.append(number)
        texts.append(text)
    if unread and len(unread) == len(pages):
        raise InvalidInput("error.file_damaged", field="file")
    return _result(texts, unread, scanned)


def _result(texts: list[str], unread: list[int], scanned: list[int], late: int = 0) -> Read:
    notes: list[Note] = []
    if unread:
        notes.append(("pages", numbers(unread)))
    if scanned:
        notes.append(("pages_scanned", numbers(scanned)))
    if late:
        notes.append(("pages_late", str(late)))
        texts = [*texts, f"[The pages from {late} on were not read: it would have taken too long.]"]
    if len(unread) + len(scanned) == len(texts):
        # Only our own remarks: the pages are scans.
        texts = []
    return Read("\n\n".join(texts), notes)


def _pages(reader: Any) -> list[Any]:
    """A PDF's pages; if the page tree is broken, all page objects found in the file."""
    try:
        with limited(PAGE_S):
            found = list(reader.pages)
    except _ANY:
        found = []
    if found:
        return found
    with limited(PAGE_S):
        return [page for page in _objects(reader) if page.get("/Type") == "/Page"]


def _objects(reader: Any) -> Iterator[Any]:
    from pypdf import PageObject
    from pypdf.generic import DictionaryObject, IndirectObject

    ids = {number for known in reader.xref.values() for number in known} | set(reader.xref_objStm)
    for number in sorted(ids)[: MAX_PAGES * 20]:
        try:
            reference = IndirectObject(number, 0, reader)
            each = reader.get_object(reference)
        except _ANY:
            continue
        if isinstance(each, DictionaryObject) and each.get("/Type") == "/Page":
            page = PageObject(reader, reference)
            page.update(each)
            yield page


def _is_lost(page: Any) -> bool:
    """Whether a page has a stream that decompresses to nothing."""
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else None
    for each in contents if isinstance(contents, list) else [contents]:
        stream: Any = each.get_object() if each is not None else None
        if getattr(stream, "_data", b"") and not stream.get_data():
            return True
    return False


def _has_images(page: Any) -> bool:
    try:
        drawn = page["/Resources"]["/XObject"].get_object()
        return any(each.get_object().get("/Subtype") == "/Image" for each in drawn.values())
    except _ANY:
        return False


def _allowed() -> float:
    """How many seconds of CPU time this process may use."""
    if sys.platform == "win32":
        return 60.0
    import resource

    limit = resource.getrlimit(resource.RLIMIT_CPU)[0]
    return float(limit) if limit != resource.RLIM_INFINITY else 60.0


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow if the block uses more CPU time than this."""
    if sys.platform == "win32":
        yield
        return

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
