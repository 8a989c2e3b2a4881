"""The .env file: created with a secret of its own, never overwritten."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

HEADER = "# The settings of this installation. .env.example explains each one.\n"
KEY_BYTES = 48


def read_value(path: Path, name: str) -> str | None:
    """A setting's value in an .env file, or None if it is missing or empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.findall(rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=[ \t]*(.*)$", text, re.MULTILINE)
    if not found:
        return None
    raw = found[-1].strip()
    if raw[:1] in ("'", '"'):
        value = raw[1:].partition(raw[0])[0]
    else:
        value = re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].strip()
    return value or None


def setting(path: Path, name: str) -> str | None:
    """A setting from the environment, or else from the .env file."""
    return os.environ.get(name) or read_value(path, name)


def create(path: Path, text: str) -> bool:
    """Create a file that only its owner can read; False if another process was quicker, as when two
    containers that share the folder start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Created with its final mode, so that nobody can read it in between.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def ensure_secret(path: Path) -> bool:
    """Make sure that there is a SECRET_KEY. Existing content of the file is kept.

    Returns:
        whether a key was written.
    """
    if setting(path, "SECRET_KEY"):
        return False
    line = f"SECRET_KEY={secrets.token_urlsafe(KEY_BYTES)}\n"
    if not path.exists():
        return create(path, HEADER + line)
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^[ \t]*(?:export[ \t]+)?SECRET_KEY[ \t]*=.*\n?", "", text, flags=re.MULTILINE)
    if text and not text.endswith("\n"):
        text += "\n"
    path.write_text(text + line, encoding="utf-8")
    path.chmod(0o600)
    return True
