"""Detecting a file's type by its content; names and declared types are ignored."""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from llm_ui.enums import FileKind
from llm_ui.errors import InvalidInput
from llm_ui.reading import encodings

HEAD = 64 * 1024
TAIL = 256 * 1024
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
HTML = "text/html"
TEXT = "text/plain"
# What may be shown in our pages. SVG is not included, because it can contain scripts.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# For each Office format, a part that every such file has.
_PARTS = {
    re.compile(rb"word[/\\]document\d*\.xml"): DOCX,
    re.compile(rb"xl[/\\]workbook\d*\.xml"): XLSX,
    re.compile(rb"ppt[/\\]presentation\d*\.xml"): PPTX,
}
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Control characters that do not occur in text, and runs of NULs. Tab, line break, form feed,
# backspace, escape and DOS's end-of-file mark do occur in text.
_CONTROLS = re.compile(rb"\x00+|[\x01-\x07\x0e-\x19\x1c-\x1f]")
# Magic numbers of binary formats with few control characters in their first bytes.
BINARIES = (
    b"\x7fELF",
    b"MZ",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!\x1a",
    b"\xfd7zXZ",
    b"\xd0\xcf\x11\xe0",
    b"\xca\xfe\xba\xbe",
    b"\x00asm",
    b"SQLite format 3\x00",
    b"ID3",
    b"OggS",
    b"fLaC",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x01\x00",
    b"PAR1",
    b"GGUF",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"\x28\xb5\x2f\xfd",
)
# Comments and declarations before a page. They are skipped one at a time: a single pattern for all
# of them would backtrack over every way to split them.
_ASIDE = re.compile(r"<!--(?s:.)*?-->|<\?xml[^>]*\?>", re.IGNORECASE)
_HTML = re.compile(
    r"<(?:!doctype\s+html|html[\s>]|head[\s>]|body[\s>]|title>|meta\s)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Found:
    """The detected type. `media_type` is ours, never the sender's."""

    kind: FileKind
    media_type: str


def identify(path: Path) -> Found:
    """Detect a file's type. Reads at most HEAD and TAIL bytes.

    Raises:
        InvalidInput: empty, an unsupported type, or an image too large to show.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            raise InvalidInput("error.file_empty", field="file")
        if media_type := _image_type(head):
            _check_pixels(*_pixels(media_type, head, file))
            return Found(FileKind.IMAGE, media_type)
        if b"%PDF-" in head[:1024]:
            return Found(FileKind.TEXT, PDF)
        if head.startswith(b"PK\x03\x04"):
            return Found(FileKind.TEXT, _office_type(file))
    if not is_text(head):
        raise InvalidInput("error.file_type", field="file")
    return Found(FileKind.TEXT, HTML if _is_html(head) else TEXT)


def is_text(head: bytes) -> bool:
    """Whether a file that starts like this is text, in any encoding.

    A few control characters do not make it binary: NULs in a log that a crash truncated, or DOS's
    end-of-file mark.
    """
    if head.startswith(BINARIES) and _CONTROLS.search(head):
        return False
    if head.startswith(MARKS) or encodings.wide(head):
        return True
    return len(_CONTROLS.findall(head)) <= 1 + len(head) // 100


def _is_html(head: bytes) -> bool:
    # There may be a partial character at the end.
    start = (
        encodings.decode(head[:8192]).text
        if head.startswith(MARKS)
        else head[:8192].decode("latin-1")
    )
    start = start.removeprefix("\ufeff").lstrip()
    while aside := _ASIDE.match(start):
        start = start[aside.end() :].lstrip()
    return _HTML.match(start) is not None


def _office_type(file: BinaryIO) -> str:
    # A ZIP's central directory is at its end. It is searched, not parsed: a hostile file could have
    # a million entries. Whether the file is valid is determined when it is read.
    size = file.seek(0, 2)
    file.seek(max(0, size - TAIL))
    tail = file.read()
    for part, media_type in _PARTS.items():
        if part.search(tail):
            return media_type
    raise InvalidInput("error.file_type", field="file")


def _image_type(head: bytes) -> str:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return ""


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise InvalidInput("error.file_damaged", field="file")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise InvalidInput("error.file_pixels", field="file", megapixels=MAX_PIXELS // 1_000_000)


def _pixels(media_type: str, head: bytes, file: BinaryIO) -> tuple[int, int]:
    try:
        if media_type == "image/png":
            return struct.unpack(">II", head[16:24])
        if media_type == "image/gif":
            return struct.unpack("<HH", head[6:10])
        if media_type == "image/webp":
            return _webp_pixels(head)
        return _jpeg_pixels(file)
    except struct.error:
        return 0, 0


def _webp_pixels(head: bytes) -> tuple[int, int]:
    chunk = head[12:16]
    if chunk == b"VP8X":
        low = head[24:30]
        if len(low) < 6:
            return 0, 0
        return int.from_bytes(low[:3], "little") + 1, int.from_bytes(low[3:], "little") + 1
    if chunk == b"VP8L":
        (bits,) = struct.unpack("<I", head[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


# SOF markers of a JPEG; C4, C8 and CC in the same range mean something else.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS = 1000


def _jpeg_pixels(file: BinaryIO) -> tuple[int, int]:
    # Every segment has its length: only the segment headers are read.
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        lead, marker = struct.unpack("BB", file.read(2))
        if lead != 0xFF:
            return 0, 0
        if marker == 0xFF:
            file.seek(-1, 1)
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD9:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(max(0, length - 2), 1)
    return 0, 0
