"""The disk of a scripted Ollama: what is on it, what is being pulled, what is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from tests.scripted.script import Script

PULL, DELETE = "/api/pull", "/api/delete"
# A model's layers in bytes: its weights, and its licence.
LAYERS = (900_000_000, 12_000)
STEPS = 20
UNKNOWN = "nosuch"


class Disk:
    """Names with what has come of them; a pull that was cut off goes on from there."""

    def __init__(self) -> None:
        self.come: dict[str, int] = {}
        self.pulls = 0

    def tags(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The answer to /api/tags."""
        whole = [name for name, come in self.come.items() if come >= STEPS]
        return {
            "models": [
                {"name": n, "model": n, "size": sum(LAYERS)}
                for n in dict.fromkeys((*names, *whole))
            ]
        }

    def lines(self, name: str, script: Script) -> Iterator[bytes]:
        """What a pull says, line by line."""
        self.pulls += 1
        yield _line(status="pulling manifest")
        if name.startswith(UNKNOWN):
            yield _line(error="pull model manifest: file does not exist")
            return
        digest = "sha256:" + "a" * 64
        for step in range(self.come.get(name, 0), STEPS + 1):
            self.come[name] = max(self.come.get(name, 0), min(step, STEPS - 1))
            if script.error_after == step:
                yield _line(error=script.error_message)
                return
            done = LAYERS[0] * step // STEPS
            yield _line(status="pulling aaaa", digest=digest, total=LAYERS[0], completed=done)
        small = {"digest": "sha256:" + "b" * 64, "total": LAYERS[1], "completed": LAYERS[1]}
        yield _line(status="pulling bbbb", **small)
        yield _line(status="verifying sha256 digest")
        self.come[name] = STEPS
        yield _line(status="success")


def _line(**what: Any) -> bytes:
    return orjson.dumps(what) + b"\n"
