"""Packaging: `pip install .` installs the command `llm-ui`.

What Reflex and Alembic expect in the working directory (rxconfig.py, the migrations, the assets) is
next to the package in a checkout; it is packaged as llm_ui/_home, and the command copies it into
its own folder (see llm_ui/cli/setup/installation.py).
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
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


def version() -> str:
    """The package's version, as declared in its source."""
    text = (ROOT / "llm_ui" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if not found:
        raise SystemExit("llm_ui/__init__.py names no __version__.")
    return found[1]


def requirements() -> list[str]:
    """The runtime dependencies: requirements.txt without the test runner."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = (line.split("#")[0].strip() for line in lines)
    return [line for line in wanted if line and not line.startswith(("-", "pytest"))]


def readme() -> str:
    """The long description."""
    file = ROOT / "README.md"
    return file.read_text(encoding="utf-8") if file.exists() else ""


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


setup(
    name="llm-ui",
    version=version(),
    description="A self-hosted chat application for large language models",
    long_description=readme(),
    long_description_content_type="text/markdown",
    author="LLM UI contributors",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["llm_ui", "llm_ui.*"]),
    # Everything besides code: components, styles, catalogues.
    package_data={
        "": ["*.jsx", "*.js", "*.css", "*.json", "*.svg", "*.html", "*.txt", "py.typed"],
        # A language's folder is not a package.
        "llm_ui.i18n": ["*/*.json"],
    },
    install_requires=requirements(),
    entry_points={"console_scripts": ["llm-ui = llm_ui.cli.main:entry"]},
    cmdclass={"build_py": BuildWithHome},
    zip_safe=False,
    classifiers=[
        "Framework :: FastAPI",
        "Intended Audience :: End Users/Desktop",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Communications :: Chat",
    ],
)
