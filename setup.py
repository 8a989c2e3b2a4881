"""Packaging: `pip install .` installs the command `llm-ui`, as pyproject.toml describes it.

What Reflex and Alembic expect in the working directory (rxconfig.py, the migrations, the assets) is
next to the package in a checkout; it is packaged as llm_ui/_home, and the command copies it into
its own folder (see llm_ui/cli/setup/installation.py).
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
HOME_FILES = (
    "rxconfig.py",
    "alembic.ini",
    "requirements.txt",
    "constraints.txt",
    "requirements.lock",
    "model.lock",
    ".env.example",
    "LICENSE",
)
HOME_FOLDERS = ("alembic", "assets", "reflex.lock")
UNPACKED = shutil.ignore_patterns("__pycache__", "*.pyc", "external")


def requirements() -> list[str]:
    """The runtime dependencies: requirements.txt without the test runner."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = (line.split("#")[0].strip() for line in lines)
    return [line for line in wanted if line and not line.startswith(("-", "pytest"))]


class BuildWithHome(build_py):
    """Also packages the files of the working directory."""

    def run(self) -> None:
        """Build the package, then add llm_ui/_home."""
        super().run()
        if self.editable_mode:  # in a checkout, the checkout itself is the working directory
            return
        home = Path(self.build_lib) / "llm_ui" / "_home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in HOME_FILES:
            if (ROOT / name).is_file():
                shutil.copyfile(ROOT / name, home / name)
        for name in HOME_FOLDERS:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, home / name, ignore=UNPACKED)


setup(install_requires=requirements(), cmdclass={"build_py": BuildWithHome})
