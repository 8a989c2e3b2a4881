"""What a process that has shut itself in can reach, where the kernel knows how."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llm_ui.llm_api import confined

# Tries, in a process of its own, what a model file that took it over would try.
ATTEMPTS = """
import os, pathlib, subprocess, sys
from llm_ui.llm_api import confined
model, secret, written = map(pathlib.Path, sys.argv[1:])
if not confined.shut_in(model):
    print("not here")
    sys.exit()
server = f"/proc/{os.getppid()}"
for name, attempt in {
    "the model": model.read_bytes,
    "the other part": model.with_name("m-00002-of-00002.gguf").read_bytes,
    "a device": pathlib.Path("/dev/null").read_bytes,
    "the database": secret.read_bytes,
    "its folder": lambda: os.listdir(secret.parent),
    "the server's environment": lambda: open(f"{server}/environ").read(),
    "the server's memory": lambda: open(f"{server}/mem").read(1),
    "a new file": lambda: written.write_text("x"),
    "a program": lambda: subprocess.run([sys.executable, "--version"]),
}.items():
    try:
        attempt()
    except OSError as error:
        print(name, error.strerror, sep=": ")
    else:
        print(name, "done", sep=": ")
"""


def test_a_model_file_that_takes_the_process_over_reaches_nothing(tmp_path: Path) -> None:
    """A native parser of model files from strangers: what it could reach."""
    for name in ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    data = tmp_path / "data"
    data.mkdir()
    (data / "llm_ui.db").write_text("everybody's chats")
    files = [tmp_path / "m-00001-of-00002.gguf", data / "llm_ui.db", data / "written"]
    said = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if said == ["not here"]:
        pytest.skip("this kernel has no Landlock")
    found = dict(line.split(": ") for line in said)
    assert [name for name, result in found.items() if result == "done"] == [
        "the model",
        "the other part",
        "a device",
    ]
    assert len(found) == 9


def test_a_system_that_cannot_leaves_the_process_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert confined.shut_in(tmp_path / "m.gguf") is False
    assert list(tmp_path.iterdir()) == []
