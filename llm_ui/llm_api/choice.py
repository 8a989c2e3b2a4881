"""Which model file the bundled service is to load: how the app tells its keeper.

Two files in the data folder, each with one writer, so that no word is lost between workers:
the app writes what is wanted, the keeper how it went.

    llm_api_wanted.json    {"id": "…", "path": "/models/x.gguf" or null}
    llm_api_model.json     {"id": "…", "path": …, "state": "loading", "detail": ""}

`path` null is the usual one: LLM_API_MODEL, or the model that comes with the app. What the keeper
says of a path is always the one that works: while another is loading, or has failed, that of
before.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

WANTED, TOLD = "llm_api_wanted.json", "llm_api_model.json"
MAGIC = b"GGUF"

State = Literal["loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish, told from others by its `id`."""

    id: str = ""
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """How it went with the wish of that id."""

    id: str = ""
    path: str | None = None
    state: State = "ready"
    detail: str = ""


def wanted(folder: Path) -> Wanted:
    """What was wished for last; nothing in particular if nobody has."""
    found = _read(folder / WANTED)
    path = found.get("path")
    return Wanted(str(found.get("id", "")), str(path) if path else None)


def told(folder: Path) -> Told:
    """What the keeper has said last."""
    found = _read(folder / TOLD)
    path, state = found.get("path"), found.get("state")
    known: State = "failed" if state == "failed" else "loading" if state == "loading" else "ready"
    return Told(
        str(found.get("id", "")), str(path) if path else None, known, str(found.get("detail", ""))
    )


def want(folder: Path, wish: Wanted) -> None:
    """Wish for a file."""
    _write(folder / WANTED, asdict(wish))


def tell(folder: Path, news: Told) -> None:
    """Say how it went; for the keeper alone."""
    _write(folder / TOLD, asdict(news))


def is_gguf(path: Path) -> bool:
    """Whether a file begins as one of llama.cpp's does (the GGUF specification's magic)."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _read(path: Path) -> dict[str, object]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, values: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(orjson.dumps(values))
    Path(name).replace(path)
