"""Where the app lives: a checkout with its own environment, or an installed package."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llm_ui.cli.setup import env_file

PACKAGE = Path(__file__).resolve().parents[2]
# What setup.py packages besides the code: rxconfig.py, the migrations, the assets, ….
PACKED = PACKAGE / "_home"


@dataclass(frozen=True)
class Installation:
    """The paths of one installation. `home` is the working directory of all processes.

    Args:
        home: the checkout, or the folder where an installed package keeps its files.
        python: the interpreter that has the requirements.
        own_venv: whether that environment is ours to create and update.
        command: how people invoke this program.
    """

    home: Path
    python: Path
    own_venv: bool
    command: str

    @property
    def venv(self) -> Path:
        return self.python.parent.parent

    @property
    def env_file(self) -> Path:
        return self.home / (os.environ.get("ENV_FILE") or ".env")

    @property
    def data(self) -> Path:
        """The data folder. Not validated here: the settings are checked later, all together."""
        given = env_file.setting(self.env_file, "DATA_DIR") or "data"
        return self.home / Path(given).expanduser()

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def web(self) -> Path:
        return self.home / ".web"

    def tool(self, name: str) -> Path:
        """A program in the environment, for example node."""
        return self.python.parent / name


def checkout(root: Path) -> Installation:
    """A checkout: dev.py's folder and the environment inside it."""
    return Installation(
        root, root / ".venv" / "bin" / "python", own_venv=True, command="python3 dev.py"
    )


def installed() -> Installation:
    """The installed package (`llm-ui`); creates its working directory.

    An editable install runs in its checkout, with the environment it was installed into.
    """
    if not PACKED.is_dir():
        return Installation(PACKAGE.parent, Path(sys.executable), own_venv=False, command="llm-ui")
    home = Path(os.environ.get("LLM_UI_HOME") or default_home()).expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    fill(PACKED, home)
    return Installation(home, Path(sys.executable), own_venv=False, command="llm-ui")


def default_home() -> Path:
    """The folder for an installed package: $XDG_DATA_HOME/llm-ui or ~/.local/share/llm-ui."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "llm-ui"


def fill(source: Path, home: Path) -> None:
    """Copy the packaged files that are new or changed; a user's own files are kept."""
    for file in sorted(source.rglob("*")):
        target = home / file.relative_to(source)
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        if target.is_file() and target.read_bytes() == file.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    # A migration that is no longer shipped would be a second Alembic head.
    for old in (home / "alembic").rglob("*.py"):
        if not (source / old.relative_to(home)).exists():
            old.unlink()


def _has_temporary_folder() -> bool:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True


def child_environment(place: Installation, **extra: str) -> dict[str, str]:
    """The environment of child processes: the venv's programs first on the PATH, and a HOME that
    exists."""
    env = dict(os.environ)
    env["PATH"] = os.pathsep.join([str(place.python.parent), env.get("PATH", os.defpath)])
    env["PYTHONUNBUFFERED"] = "1"
    env.pop("PYTHONHOME", None)
    if place.own_venv:
        # The environment is installed uncompiled; without bytecode caches every start would be
        # slow.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
    home = env.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        # npm and Reflex keep caches in HOME and fail if it does not exist (as in some CI runs).
        fallback = place.data / "home"
        fallback.mkdir(parents=True, exist_ok=True)
        env["HOME"] = str(fallback)
    if not _has_temporary_folder():
        # A container with a read-only root and no /tmp of its own.
        temporary = place.data / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        env["TMPDIR"] = str(temporary)
    env.update(extra)
    return env
