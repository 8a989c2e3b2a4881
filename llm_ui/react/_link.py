"""Links JavaScript files beside a Python module to where Reflex's build finds them."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from llm_ui.reflex_internals import external_assets, serves_only


def link(*names: str) -> dict[str, str]:
    """Link the files beside the calling module. Returns the import path of each.

    Each package keeps its folder's name below the app's external assets, so that the files import
    one another by the same relative paths as here. Links and paths are the same as those of
    `rx.asset(name, shared=True).importable_path`, which finds its caller by reading the source of
    every stack frame, and hashes each file twice: for a hundred files, that took most of a worker's
    startup time.

    Raises:
        FileNotFoundError: there is no such file beside the caller.
    """
    caller = sys._getframe(1).f_globals
    beside = Path(caller["__file__"]).parent
    assets, external = external_assets()
    place = external.joinpath(*caller["__name__"].split("."))
    for name in names:
        if not (beside / name).exists():
            raise FileNotFoundError(f"File not found: {beside / name}")
        if not serves_only():
            _put_link(Path.cwd() / assets / place / name, beside / name)
    return {name: f"$/public/{place.as_posix()}/{name}" for name in names}


def _put_link(link: Path, target: Path) -> None:
    """Point `link` at `target`, atomically: several processes may build at the same time."""
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = link.with_name(f".{uuid.uuid4().hex}.tmp")
    made.symlink_to(target)
    made.replace(link)
