"""Office files: ZIP archives of XML parts that are linked by relationships.

Part names are meaningless: slide3.xml may be the first slide. So the relationships are followed,
regardless of the names of the parts.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import unquote
from xml.parsers import expat

from llm_ui.errors import InvalidInput

MAX_ENTRIES = 5_000
MAX_EXPANDED = 200 * 1024 * 1024
# Text compresses to a twentieth, sheets full of the same number to a two-hundredth.
MAX_RATIO = 300
RATIO_FROM = 10 * 1024 * 1024
CHUNK = 64 * 1024
# What a broken part may raise; the other parts are still read.
BROKEN = (expat.ExpatError, KeyError, ValueError, zipfile.BadZipFile, EOFError, OSError)
_XML = (".xml", ".rels", ".vml")
# Whitespace, byte order marks, and the zero bytes between letters in UTF-16 and UTF-32.
_BEFORE_XML = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"
_EBCDIC = "<?xml".encode("cp037")

Attributes = dict[str, str]


class Handler(Protocol):
    """Handles parser events. Names are local: the prefix is up to the writer."""

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle a start tag."""

    def end(self, name: str) -> None:
        """Handle an end tag."""

    def text(self, data: str) -> None:
        """Handle the text of the current element."""


def local(name: str) -> str:
    """A name without its namespace prefix."""
    return name.rpartition(":")[2]


def refuse(*_: Any) -> None:
    """Reject a document type: Office files have none, and entities only serve for bombs."""
    raise InvalidInput("error.file_bomb", field="file")


def check_zip(archive: zipfile.ZipFile) -> None:
    """Raise InvalidInput for an archive that is too large when decompressed.

    Uses the sizes declared by the entries; zipfile never reads more of an entry than its declared
    size.
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


class Package:
    """An open Office file. Raises InvalidInput if it is a decompression bomb or encrypted."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        try:
            check_zip(self._archive)
        except InvalidInput:
            self._archive.close()
            raise
        # Some programs write backslashes as separators, some use another case than the relations.
        self._entries = {_plain(each.filename): each for each in self._archive.infolist()}
        self._folded = {name.lower(): name for name in self._entries}

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._archive.close()

    @property
    def names(self) -> list[str]:
        """The names of all parts."""
        return list(self._entries)

    def has(self, part: str) -> bool:
        """Whether this part exists."""
        return part.lower() in self._folded

    def read(self, part: str, handler: Handler) -> None:
        """Parse a part. Raises one of BROKEN, or InvalidInput for a document type."""
        parser = _parser()
        parser.StartElementHandler = lambda name, attributes: handler.start(local(name), attributes)
        parser.EndElementHandler = lambda name: handler.end(local(name))
        parser.CharacterDataHandler = handler.text
        with self._archive.open(self._entries[self._folded[part.lower()]]) as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk)
            parser.Parse(b"", True)

    def relations(self, part: str) -> list[tuple[str, str, str]]:
        """A part's relationships: (ID, last segment of the type, name of the target part).

        External targets and missing parts are left out.
        """
        folder, name = posixpath.split(part)
        where = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(where):
            return []
        found: list[tuple[str, str, str]] = []

        def met(name: str, each: Attributes) -> None:
            if name == "Relationship" and each.get("TargetMode") != "External":
                kind = each.get("Type", "").rpartition("/")[2]
                found.append((each.get("Id", ""), kind, each.get("Target", "")))

        self.read(where, Elements(met))
        related = []
        for key, kind, target in found:
            other = _plain(posixpath.normpath(posixpath.join(folder, unquote(target))))
            if self.has(other):
                related.append((key, kind, self._folded[other.lower()]))
        return related

    def main(self, usual: str) -> str:
        """The main part according to the package's own relations."""
        try:
            related = self.relations("")
        except BROKEN:
            related = []
        return next((other for _, kind, other in related if kind == "officeDocument"), usual)

    def check_types(self) -> None:
        """Reject document types in any part, for parts that another parser reads.

        Which parts that parser reads as XML is decided by the file itself, through its content
        types and relationships; so every part that an XML parser would accept is checked,
        regardless of its name.
        """
        # Of two entries with the same name here, another program may read either one.
        for entry in self._archive.infolist():
            if _plain(entry.filename).lower().endswith(_XML) or self._may_be_xml(entry):
                self._check_type(entry)

    def _may_be_xml(self, entry: zipfile.ZipInfo) -> bool:
        """Whether a part starts like XML, after whitespace and in any encoding."""
        with self._archive.open(entry) as stream:
            while chunk := stream.read(CHUNK):
                if begins := chunk.lstrip(_BEFORE_XML):
                    return begins.startswith((b"<", _EBCDIC))
        return False

    def _check_type(self, entry: zipfile.ZipInfo) -> None:
        begun: list[str] = []
        parser = _parser()
        parser.StartElementHandler = lambda name, _: begun.append(name)
        with self._archive.open(entry) as stream:
            # A document type can only come before the first element. If this parser cannot read
            # that far, another one might.
            while not begun and (chunk := stream.read(CHUNK)):
                try:
                    parser.Parse(chunk)
                except expat.ExpatError:
                    if not begun:
                        raise


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    return parser


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


class Elements:
    """Calls a function for each start tag, for parts whose text is not needed."""

    def __init__(self, met: Callable[[str, Attributes], None]) -> None:
        self.start = met

    def end(self, name: str) -> None:
        """Ignored."""

    def text(self, data: str) -> None:
        """Ignored."""
