"""Reading backups, without trusting anything that hasn't been verified."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from llm_ui.errors import InvalidInput
from llm_ui.services.operations import backup_format as form
from llm_ui.services.operations.backup_format import Manifest, Step, Table

PIECE = 256 * 1024
MANIFEST_LIMIT = 16 * 2**20
# The entry of a file; cannot point outside its folder.
FILE = re.compile(r"files/[0-9a-f-]{36}")
TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    ValidationError,
    NotImplementedError,
    RuntimeError,
)


def damaged(detail: str) -> InvalidInput:
    """The error for a damaged backup; `detail` says where."""
    return InvalidInput("error.archive_damaged", field="file", detail=detail)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        if isinstance(error, InvalidInput):
            raise
        raise damaged(what) from error


class Archive:
    """An open archive. Use it as a context manager.

    Raises:
        InvalidInput: it is not a backup, is damaged, or has a newer format.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with _reading(path.name):
            self._zip = zipfile.ZipFile(path)
        with ExitStack() as opened:
            opened.callback(self._zip.close)
            self.manifest, self._text, self._signature = self._head()
            self._names()
            # From here on, `__exit__` closes it.
            opened.pop_all()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._zip.close()

    def _head(self) -> tuple[Manifest, bytes, str]:
        with _reading(form.MANIFEST):
            if self._zip.getinfo(form.MANIFEST).file_size > MANIFEST_LIMIT:
                raise damaged(form.MANIFEST)
            text = self._zip.read(form.MANIFEST)
            told = json.loads(text)
            if isinstance(told, dict) and int(told["format"]) > form.FORMAT:
                raise InvalidInput("error.archive_newer", field="file")
            manifest = Manifest.model_validate_json(text)
        with _reading(form.SIGNATURE):
            signature = self._zip.read(form.SIGNATURE)[:200].decode("ascii")
        return manifest, text, signature

    def _names(self) -> None:
        """Check that there are no duplicate entries, and none that the manifest doesn't list."""
        names = self._zip.namelist()
        known = {form.MANIFEST, form.SIGNATURE, form.FILES}
        known |= {form.entry_of(table.name) for table in self.manifest.tables}
        more = [name for name in names if name not in known]
        if len(set(names)) != len(names) or len(more) != self.manifest.files.count:
            raise damaged("names")
        if not all(FILE.fullmatch(name) for name in more):
            raise damaged("names")
        if not all(TABLE.fullmatch(table.name) for table in self.manifest.tables):
            raise damaged("names")

    def is_signed(self, secrets: tuple[bytes, ...]) -> bool:
        """Whether it was made by an installation with one of these secrets."""
        return form.is_signed(self._text, self._signature, secrets)

    def lines(self, table: Table) -> Iterator[bytes]:
        """A table's lines; raises at the end if the checksum differs."""
        digest, rows = hashlib.sha256(), 0
        with _reading(table.name), self._zip.open(form.entry_of(table.name)) as lines:
            for line in lines:
                digest.update(line)
                rows += 1
                yield line
        if (rows, digest.hexdigest()) != (table.rows, table.sha256):
            raise damaged(table.name)

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """A table's rows; raises like `lines`."""
        for line in self.lines(table):
            with _reading(table.name):
                row = form.row_of(table, line)
            yield row

    def files(self) -> Iterator[tuple[str, int, str]]:
        """The name, size and checksum of each file; raises at the end like `lines`."""
        digest, count = hashlib.sha256(), 0
        with _reading(form.FILES), self._zip.open(form.FILES) as lines:
            for line in lines:
                digest.update(line)
                count += 1
                name, size, checksum = json.loads(line)
                if not FILE.fullmatch(name):
                    raise damaged(form.FILES)
                yield name, int(size), str(checksum)
        files = self.manifest.files
        if (count, digest.hexdigest()) != (files.count, files.sha256):
            raise damaged(form.FILES)

    def pieces(self, name: str, size: int, checksum: str) -> Iterator[bytes]:
        """A file's content in chunks; raises at the end if the checksum differs."""
        digest, read = hashlib.sha256(), 0
        with _reading(name), self._zip.open(name) as source:
            while piece := source.read(PIECE):
                digest.update(piece)
                read += len(piece)
                yield piece
        if (read, digest.hexdigest()) != (size, checksum):
            raise damaged(name)

    def check(self, step: Step = lambda *_, **__: None) -> None:
        """Read and verify everything.

        Raises InvalidInput if anything differs from what was written.
        """
        total, done = max(self.manifest.rows + self.manifest.files.count, 1), 0
        for table in self.manifest.tables:
            for _ in self.rows(table):
                done += 1
                if done % form.BATCH == 0:
                    step(done / total, "jobs.note.checking", table=table.name)
            step(done / total, "jobs.note.checking", table=table.name)
        for name, size, checksum in self.files():
            for _ in self.pieces(name, size, checksum):
                pass
            done += 1
            step(done / total, "jobs.note.checking_files")
