"""Inside the environment: what the application is made of, and which of it has known flaws.

    python3 dev.py sbom [--out FILE]
    python3 dev.py audit

The bill of materials is in CycloneDX's JSON format and lists what the lock files pin: the Python
packages, the bundled model and the JavaScript packages of the frontend. The audit asks PyPI and
npm's registry for advisories on the same versions.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llm_ui import __version__
from llm_ui.cli import options
from llm_ui.cli.setup.install import MODEL_LOCK
from llm_ui.cli.setup.steps import complain, say

LOCKS = ("requirements.lock", MODEL_LOCK)
JAVASCRIPT = Path("reflex.lock")
# Exit codes of the audit.
NOTHING, FLAWS, UNKNOWN = 0, 1, 2


def bill_of_materials() -> dict[str, Any]:
    """The bill of materials, as a CycloneDX document."""
    documents = [_of_python(lock) for lock in LOCKS]
    found = documents[0]
    found["metadata"]["component"] = {
        "type": "application",
        "bom-ref": "llm-ui",
        "name": "llm-ui",
        "version": __version__,
        "licenses": [{"license": {"id": "MIT"}}],
    }
    python = [each for document in documents for each in document["components"]]
    for each in python:
        # The line of the lock file, with all of its hashes once more.
        each.pop("description", None)
        each["bom-ref"] = each["purl"]
    found["components"] = [*python, *_of_javascript()]
    found["dependencies"] = [{"ref": each["bom-ref"]} for each in found["components"]]
    return found


def _of_python(lock: str) -> dict[str, Any]:
    command = ["-m", "cyclonedx_py", "requirements", lock, "--output-format", "JSON"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _of_javascript() -> Iterator[dict[str, Any]]:
    lock = json.loads((JAVASCRIPT / "package-lock.json").read_text(encoding="utf-8"))
    for path, each in sorted(lock["packages"].items()):
        if not path or "version" not in each:
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40', 1)}@{each['version']}"
        algorithm, _, digest = each.get("integrity", "").partition("-")
        hashes = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
        yield {
            "type": "library",
            "bom-ref": f"{purl}#{path}",
            "name": name,
            "version": each["version"],
            "purl": purl,
            **({"hashes": hashes} if algorithm == "sha512" else {}),
        }


def python_flaws(told: str) -> list[str] | None:
    """A line for each advisory in pip-audit's JSON; None if PyPI could not be asked."""
    try:
        packages = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        return None
    # A registry without advisories answers that it knows none of the packages.
    if all("skip_reason" in each for each in packages):
        return None
    return [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for each in packages
        for flaw in each.get("vulns", ())
    ]


def javascript_flaws(told: str) -> list[str] | None:
    """A line for each flawed package in npm's JSON; None if its registry could not be asked."""
    try:
        found = json.loads(told)["vulnerabilities"]
    except (ValueError, KeyError):
        return None
    return [f"{name} {each['range']}: {each['severity']}" for name, each in found.items()]


def _told_by(*command: str, cwd: Path | None = None) -> str:
    """What a program prints; both exit with an error if they find flaws."""
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=False).stdout


def audit() -> int:
    """Print the known flaws. Returns 0 if there are none, 1 if there are any, and 2 if an advisory
    database could not be queried."""
    pip_audit = ["-m", "pip_audit", "--requirement", LOCKS[0], "--require-hashes", "--disable-pip"]
    of_python = _told_by(
        sys.executable, *pip_audit, "--progress-spinner", "off", "--format", "json"
    )
    npm = str(Path(sys.executable).parent / "npm")
    of_javascript = _told_by(npm, "audit", "--package-lock-only", "--json", cwd=JAVASCRIPT)
    code = NOTHING
    for kind, registry, found in (
        ("Python", "PyPI", python_flaws(of_python)),
        ("JavaScript", "npm's registry", javascript_flaws(of_javascript)),
    ):
        if found is None:
            complain(
                f"The advisories on {kind} packages could not be fetched from {registry}, so "
                "nothing is known about them. Check the network, and try again."
            )
            code = code or UNKNOWN
        elif found:
            say("\n  ".join([f"{kind} packages with known flaws:", *found]))
            code = FLAWS
        else:
            say(f"No advisories on the {kind} packages.")
    return code


def main(arguments: list[str]) -> int:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.development.supply_chain")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("audit")
    options.sbom(verbs.add_parser("sbom"))
    asked = parser.parse_args(arguments)
    if asked.verb == "audit":
        return audit()
    text = json.dumps(bill_of_materials(), indent=1) + "\n"
    if asked.out is None:
        sys.stdout.write(text)
    else:
        asked.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
