"""Office files: zips of XML parts, with relations that say which belongs to which.

Names of parts say nothing: slide3.xml may be the first slide. The relations are followed,
whatever the parts are called.
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
# Text compresses to a twentieth, sheets full of one number to a two-hundredth.
MAX_RATIO = 300
RATIO_FROM = 10 * 1024 * 1024
CHUNK = 64 * 1024
# What a broken part may raise; the other parts are read all the same.
BROKEN = (expat.ExpatError, KeyError, ValueError, zipfile.BadZipFile, EOFError, OSError)
_XML = (".xml", ".rels", ".vml")

Attributes = dict[str, str]


class Handler(Protocol):
    """Takes what a parser meets. Names are local ones: prefixes are the writer's choice."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Characters of the element that was begun last."""


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def refuse(*_: Any) -> None:
    """Refuse a document type: Office files have none, entities are only good for bombs."""
    raise InvalidInput("error.file_bomb", field="file")


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


class Package:
    """An Office file that is open. Raises InvalidInput for a bomb or an encrypted one."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        try:
            check_zip(self._archive)
        except InvalidInput:
            self._archive.close()
            raise
        # Some programs write the separators of Windows, some other cases than the relations.
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
        """What the parts are called."""
        return list(self._entries)

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
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
        """What a part is related to: (id, the last word of the type, the other part's name).

        Those outside the file and those that are not there are left out.
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
        """The part that the file is about, as its own relations say."""
        try:
            related = self.relations("")
        except BROKEN:
            related = []
        return next((other for _, kind, other in related if kind == "officeDocument"), usual)

    def check_types(self) -> None:
        """Refuse document types, wherever they stand: for parts that another parser reads."""
        for name, entry in self._entries.items():
            with self._archive.open(entry) as stream:
                head = stream.read(4)
                if name.lower().endswith(_XML) or head.lstrip()[:1] in (
                    b"<",
                    b"\xff",
                    b"\xfe",
                    b"\xef",
                ):
                    self._check_type(entry)

    def _check_type(self, entry: zipfile.ZipInfo) -> None:
        begun: list[str] = []
        parser = _parser()
        parser.StartElementHandler = lambda name, _: begun.append(name)
        with self._archive.open(entry) as stream:
            # A document type stands before the first element, or nowhere.
            while not begun and (chunk := stream.read(CHUNK)):
                try:
                    parser.Parse(chunk)
                except expat.ExpatError:
                    if not begun and entry.filename.lower().endswith(_XML):
                        raise
                    return


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    return parser


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/")


class Elements:
    """Calls a function for each element that begins: for parts whose text is of no interest."""

    def __init__(self, met: Callable[[str, Attributes], None]) -> None:
        self.start = met

    def end(self, name: str) -> None:
        """Nothing to do."""

    def text(self, data: str) -> None:
        """Nothing to do."""
