"""Stamps: a hash of a step's inputs, stored next to its result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

SKIPPED_FOLDERS = {"__pycache__", "external", ".pytest_cache"}


def files_below(folder: Path, suffixes: Iterable[str] = ()) -> list[Path]:
    """The files below a folder (with the given suffixes), without caches, in a fixed order."""
    wanted = tuple(suffixes)
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not SKIPPED_FOLDERS.intersection(file.relative_to(folder).parts)
        and (not wanted or file.suffix in wanted)
    )


def fingerprint(root: Path, files: Iterable[Path], *extra: str) -> str:
    """A hash over the names and contents of files (missing ones count as missing) and over
    texts."""
    digest = hashlib.sha256()
    for text in extra:
        digest.update(f"text {len(text)} {text}".encode())
    for file in files:
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        content = file.read_bytes() if file.is_file() else b"missing"
        digest.update(f"file {name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """Whether the step was already done with exactly these inputs."""
    try:
        return stamp.read_text(encoding="utf-8") == value
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Record that the step is done. Call it last: a stamp stands for a finished step."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value, encoding="utf-8")
    # The server may run as another account than the setup, which keeps its other files private.
    stamp.chmod(0o644)
