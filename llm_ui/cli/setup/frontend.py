"""The built frontend: built by Reflex once, and rebuilt only when its sources have changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from llm_ui.cli.setup import build_stamps, slimming
from llm_ui.cli.setup.install import requirements_value
from llm_ui.cli.setup.installation import PACKAGE, Installation, child_environment
from llm_ui.cli.setup.steps import run_step

SUFFIXES = (".py", ".js", ".jsx", ".ts", ".tsx", ".css", ".json", ".svg", ".html")
SUBSTEPS = {
    "Initializing": "preparing",
    "Installing": "installing JavaScript packages",
    "Compiling": "compiling the pages",
    "Creating Production Build": "bundling",
    "modules transformed": "bundling",
    "built in": "compressing",
}


def sources(place: Installation) -> str:
    """The fingerprint of the frontend's sources; the port is not part of it."""
    command_line = PACKAGE / "cli"
    code = [
        file
        for file in build_stamps.files_below(PACKAGE, SUFFIXES)
        if not file.is_relative_to(command_line)
    ]
    assets = place.home / "assets"
    files = [
        *code,
        *(build_stamps.files_below(assets) if assets.is_dir() else []),
        place.home / "rxconfig.py",
    ]
    return build_stamps.fingerprint(
        PACKAGE.parent, files, requirements_value(place, "requirements.txt")
    )


def pins(place: Installation) -> str:
    """The fingerprint of the JavaScript packages' versions, which a build may update."""
    texts = []
    for name in ("package.json", "package-lock.json"):
        try:
            content = json.loads((place.home / "reflex.lock" / name).read_bytes())
        except (OSError, ValueError):
            content = None
        # Reflex writes the same content in a different order the second time.
        texts.append(json.dumps(content, sort_keys=True))
    return build_stamps.fingerprint(place.home, [], *texts)


def is_built(place: Installation) -> bool:
    """Whether the built frontend matches the current sources and versions."""
    return build_stamps.is_current(stamp_of(place), f"{sources(place)} {pins(place)}")


def stamp_of(place: Installation) -> Path:
    """Inside the build folder, so that rebuilding or removing the folder also removes the stamp."""
    return place.web / "build" / ".llm-ui-stamp"


def spotlight(line: str) -> str | None:
    """The sub-step that a line of Reflex's output is about."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    return next((text for key, text in SUBSTEPS.items() if key in plain), None)


def build_environment(place: Installation) -> dict[str, str]:
    """Both ports are the same, which tells Reflex that one server serves everything."""
    return child_environment(
        place, REFLEX_FRONTEND_PORT="3000", REFLEX_BACKEND_PORT="3000", TERM="dumb", COLUMNS="200"
    )


def ensure_built(place: Installation) -> bool:
    """Build the frontend if it is missing or its sources have changed.

    Returns:
        whether it was built now.
    """
    if is_built(place):
        return False
    # Computed before the build, so that edits made during the build are included the next time.
    made_from = sources(place)
    run_step(
        "Building the frontend (takes a minute the first time)",
        [place.python, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        log=place.logs / "frontend.log",
        cwd=place.home,
        env=build_environment(place),
        advice="If JavaScript packages could not be downloaded, check the network and npm's "
        "registry setting. If the output shows an error in the code, fix it. Otherwise, delete "
        "the .web folder and run the same command again.",
        spotlight=spotlight,
    )
    slimming.slim_frontend(place)
    build_stamps.write(stamp_of(place), f"{made_from} {pins(place)}")
    return True
