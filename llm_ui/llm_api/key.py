"""The key for the service's port, which other accounts on the machine can reach too."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from llm_ui.config import Settings

FILE = "llm_api.key"


def known_key(settings: Settings) -> str | None:
    """The service's key: the one in the settings or, if it has already been created, the one
    generated for the built-in service."""
    if settings.llm_api_key is not None:
        return settings.llm_api_key.get_secret_value().strip() or None
    if settings.llm_api_url:
        return None
    with contextlib.suppress(OSError):
        return (settings.data_path / FILE).read_text(encoding="utf-8").strip() or None
    return None


def ensured_key(settings: Settings) -> str:
    """The same key for the code that starts the service; creates it if there is none."""
    found = known_key(settings)
    if found:
        return found
    file = settings.data_path / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix="llm_api-")
    with os.fdopen(handle, "w", encoding="utf-8") as made:
        made.write(secrets.token_urlsafe(32) + "\n")
    # Atomic and only once: another process may create one at the same time.
    with contextlib.suppress(FileExistsError):
        os.link(name, file)
    Path(name).unlink()
    return known_key(settings) or ""
