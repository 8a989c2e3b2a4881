"""Which pictures differ from those of another folder, where, and in how many pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = len(SIGNATURE) + 8


@dataclass(frozen=True)
class Picture:
    """A picture by its rows, each with the red, green and blue of all pixels behind one another."""

    width: int
    height: int
    rows: list[bytes]


def read(data: bytes) -> Picture:
    """One of our own pictures (see pictures.png): indexed, without filters."""
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG")
    width, height = struct.unpack_from(">II", data, HEAD)
    chunks, at = {}, len(SIGNATURE)
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        chunks[kind] = data[at + 8 : at + 8 + size]
        at += size + 12
    colours = chunks[b"PLTE"].ljust(3 * 256, b"\0")
    pixels = zlib.decompress(chunks[b"IDAT"])
    lines = (pixels[y * (width + 1) + 1 : (y + 1) * (width + 1)] for y in range(height))
    rows = [b"".join(line.translate(colours[n::3]) for n in range(3)) for line in lines]
    return Picture(width, height, rows)


def difference(one: Picture, other: Picture) -> str:
    """In words what differs; nothing if nothing does."""
    if (one.width, one.height) != (other.width, other.height):
        return f"{one.width} x {one.height} rather than {other.width} x {other.height}"
    width, count = one.width, 0
    columns: set[int] = set()
    lines: list[int] = []
    for y, (row, before) in enumerate(zip(one.rows, other.rows, strict=True)):
        if row == before:
            continue
        unequal = {n % width for n, (a, b) in enumerate(zip(row, before, strict=True)) if a != b}
        count += len(unequal)
        columns |= unequal
        lines.append(y)
    if not count:
        return ""
    place = f"{min(columns)}, {lines[0]} to {max(columns)}, {lines[-1]}"
    return f"{count} pixels differ, from {place}"


def compare(folder: Path, before: Path) -> list[str]:
    """A line for each picture of `folder` that is another one in `before`, or not there."""
    told = []
    for file in sorted(folder.glob("*.png")):
        old = before / file.name
        if not old.exists():
            told.append(f"{file.name}: is not in {before}")
        elif old.read_bytes() != file.read_bytes() and (
            what := difference(read(file.read_bytes()), read(old.read_bytes()))
        ):
            told.append(f"{file.name}: {what}")
    return told
