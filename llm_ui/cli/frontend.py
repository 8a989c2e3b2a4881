"""The built frontend: made by Reflex once, and again only when its sources changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from llm_ui.cli import slim, stamps
from llm_ui.cli.install import requirements_value
from llm_ui.cli.place import PACKAGE, Place, child_environment
from llm_ui.cli.steps import run_step

SUFFIXES = (".py", ".js", ".jsx", ".ts", ".tsx", ".css", ".json", ".svg", ".html")
SUBSTEPS = {
    "Initializing": "preparing",
    "Installing": "installing JavaScript packages",
    "Compiling": "compiling the pages",
    "Creating Production Build": "bundling",
    "modules transformed": "bundling",
    "built in": "compressing",
}


def sources(place: Place) -> str:
    """The fingerprint of what the frontend is made from; the port is no part of it."""
    command_line = PACKAGE / "cli"
    code = [
        file
        for file in stamps.files_below(PACKAGE, SUFFIXES)
        if not file.is_relative_to(command_line)
    ]
    assets = place.home / "assets"
    files = [
        *code,
        *(stamps.files_below(assets) if assets.is_dir() else []),
        place.home / "rxconfig.py",
    ]
    return stamps.fingerprint(PACKAGE.parent, files, requirements_value(place, "requirements.txt"))


def pins(place: Place) -> str:
    """The fingerprint of the JavaScript packages' versions, which a build may bring up to date."""
    texts = []
    for name in ("package.json", "package-lock.json"):
        try:
            content = json.loads((place.home / "reflex.lock" / name).read_bytes())
        except (OSError, ValueError):
            content = None
        # Reflex writes the same content in another order the second time.
        texts.append(json.dumps(content, sort_keys=True))
    return stamps.fingerprint(place.home, [], *texts)


def is_built(place: Place) -> bool:
    """Whether the built frontend is that of the present sources and pins."""
    return stamps.is_current(stamp_of(place), f"{sources(place)} {pins(place)}")


def stamp_of(place: Place) -> Path:
    """Inside the build's folder: whoever rebuilds or removes that removes the stamp as well."""
    return place.web / "build" / ".llm-ui-stamp"


def spotlight(line: str) -> str | None:
    """The sub-step a line of Reflex's output is about."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    return next((text for key, text in SUBSTEPS.items() if key in plain), None)


def build_environment(place: Place) -> dict[str, str]:
    """Both ports alike: that is how Reflex knows that one server serves everything."""
    return child_environment(
        place, REFLEX_FRONTEND_PORT="3000", REFLEX_BACKEND_PORT="3000", TERM="dumb", COLUMNS="200"
    )


def ensure_built(place: Place) -> bool:
    """Build the frontend when it is missing or its sources changed.

    Returns:
        Whether it was built now.
    """
    if is_built(place):
        return False
    # Taken before the build: what is edited meanwhile gets built the next time.
    made_from = sources(place)
    run_step(
        "Building the frontend (a minute the first time)",
        [place.python, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        log=place.logs / "frontend.log",
        cwd=place.home,
        env=build_environment(place),
        advice="If JavaScript packages could not be fetched, check the network and npm's registry "
        "setting. If the lines name an error in the code, that has to be mended. Otherwise "
        "remove the .web folder and run the same command again.",
        spotlight=spotlight,
    )
    slim.slim_frontend(place)
    stamps.write(stamp_of(place), f"{made_from} {pins(place)}")
    return True
