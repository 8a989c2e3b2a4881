"""Puts JavaScript that lies beside a Python module where Reflex's build finds it."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from reflex_base import constants
from reflex_base.environment import EnvironmentVariables


def link(*names: str) -> dict[str, str]:
    """Link the files beside the calling module; answers how each is imported.

    Each package keeps its folder's name below the app's external assets, so that
    the files import one another by the same relative paths as here. The links and the
    answer are those of `rx.asset(name, shared=True).importable_path`, which finds its
    caller by reading the source of every frame of the stack and hashes each file twice:
    for a hundred files that was most of the start of a worker.

    Raises:
        FileNotFoundError: there is no such file beside the caller.
    """
    caller = sys._getframe(1).f_globals
    beside = Path(caller["__file__"]).parent
    place = Path(constants.Dirs.EXTERNAL_APP_ASSETS, *caller["__name__"].split("."))
    for name in names:
        if not (beside / name).exists():
            raise FileNotFoundError(f"File not found: {beside / name}")
        if not EnvironmentVariables.REFLEX_BACKEND_ONLY.get():
            _put_link(Path.cwd() / constants.Dirs.APP_ASSETS / place / name, beside / name)
    return {name: f"$/public/{place.as_posix()}/{name}" for name in names}


def _put_link(link: Path, target: Path) -> None:
    """Point `link` at `target`; processes that build at the same time do not meet half a link."""
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = link.with_name(f".{uuid.uuid4().hex}.tmp")
    made.symlink_to(target)
    made.replace(link)
