"""Which model file the built-in service should load: how the app tells the keeper.

There are two files in the data folder, each with a single writer, so that no update is lost between
workers: the app writes what it wants, the keeper writes the outcome.

    llm_api_wanted.json    {"id": "…", "path": "/models/x.gguf" or null}
    llm_api_model.json     {"id": "…", "path": …, "state": "loading", "detail": ""}

A null `path` means the default: LLM_API_MODEL, or the bundled model. The `path` that the keeper
writes is always the working one: while another file is loading, or if it failed, the previous one.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from llm_ui.enums import LoadState

WANTED, TOLD = "llm_api_wanted.json", "llm_api_model.json"
MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requested file; `id` distinguishes the requests."""

    id: str = ""
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of the request with this ID."""

    id: str = ""
    path: str | None = None
    state: LoadState = LoadState.READY
    detail: str = ""


def wanted(folder: Path) -> Wanted:
    """The latest request; an empty one if there was none."""
    found = _read(folder / WANTED)
    path = found.get("path")
    return Wanted(str(found.get("id", "")), str(path) if path else None)


def told(folder: Path) -> Told:
    """The keeper's latest report."""
    found = _read(folder / TOLD)
    path = found.get("path")
    known = next((each for each in LoadState if each == found.get("state")), LoadState.READY)
    return Told(
        str(found.get("id", "")), str(path) if path else None, known, str(found.get("detail", ""))
    )


def want(folder: Path, wish: Wanted) -> None:
    """Request a file."""
    _write(folder / WANTED, asdict(wish))


def tell(folder: Path, news: Told) -> None:
    """Report the outcome; only for the keeper."""
    _write(folder / TOLD, asdict(news))


def is_gguf(path: Path) -> bool:
    """Whether a file starts with the magic number of the GGUF specification."""
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
