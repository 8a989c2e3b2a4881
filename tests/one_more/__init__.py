"""The application with one more language, of which nothing but a folder was added."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CODE, NAME = "tlh", "tlhIngan Hol"
ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "external")


def in_it(text: Any) -> Any:
    """An English text, or its forms, in the made-up language."""
    if isinstance(text, dict):
        return {name: form if name == "by" else in_it(form) for name, form in text.items()}
    return f"‹{text}›"


def application(home: Path) -> dict[str, str]:
    """Copy it to `home`, with one more language; the environment that imports it."""
    for name in ("llm_ui", "assets"):
        shutil.copytree(ROOT / name, home / name, ignore=LEFT_OUT)
    shutil.copytree(home / "llm_ui/i18n/en", home / "llm_ui/i18n" / CODE)
    folder = home / "llm_ui/i18n" / CODE
    english = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
    words = {key: in_it(text) for key, text in english.items()}
    (folder / "messages.json").write_text(json.dumps(words), encoding="utf-8")
    about = {"name": NAME, "direction": "rtl"}
    (folder / "language.json").write_text(json.dumps(about), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(home), "DATA_DIR": str(home / "data")}


def run(home: Path, env: dict[str, str], *arguments: str) -> str:
    """What a Python program prints that imports the copy."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
