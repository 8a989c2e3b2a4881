"""The files that others deploy with say the same as the application, and are valid."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_ui.config import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (ROOT / "compose.yaml", DEPLOY / "compose.yaml")
TOOLS = Path(sys.executable).parent
# Read by the command line, before the application's settings exist.
OF_THE_COMMAND_LINE = {"HOST", "WORKERS", "ENV_FILE"}
KNOWN = {name.upper() for name in Settings.model_fields} | OF_THE_COMMAND_LINE


def ours(compose: Path) -> list[dict[str, Any]]:
    """The services of a compose file that run the application."""
    services = yaml.safe_load(compose.read_text())["services"].values()
    found = [each for each in services if each["image"] == "llm-ui"]
    assert found
    return found


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "llm-ui.yaml").read_text()))


def deployment() -> dict[str, Any]:
    (found,) = (
        each
        for each in manifests()
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "llm-ui"
    )
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("file", COMPOSE, ids=lambda each: each.parent.name)
def test_compose_files_follow_their_specification(file: Path) -> None:
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_follows_its_specification() -> None:
    files = list((ROOT / ".github" / "workflows").iterdir())
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_caddy_accepts_its_configuration() -> None:
    command = [TOOLS / "caddy", "validate", "--adapter", "caddyfile", "--config"]
    done = subprocess.run([*command, DEPLOY / "Caddyfile"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "llm-ui.service"
    shutil.copy(DEPLOY / "systemd" / "llm-ui.service", unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    # It also tells of units of this machine.
    assert not [line for line in done.stderr.splitlines() if "llm-ui.service" in line]


def test_every_variable_they_set_is_a_setting() -> None:
    told = [name for file in COMPOSE for each in ours(file) for name in each["environment"]]
    (container,) = deployment()["containers"]
    told += [each["name"] for each in container["env"]]
    unit = (DEPLOY / "systemd" / "llm-ui.service").read_text()
    told += re.findall(r"([A-Z_]+)=", re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)[0])
    dockerfile = (ROOT / "Dockerfile").read_text()
    told += re.findall(r"([A-Z_]+)=", re.findall(r"^ENV (.*)$", dockerfile, re.MULTILINE)[0])
    assert set(told) <= KNOWN
    assert {"DATA_DIR", "PUBLIC_URL", "SECRET_KEY"} <= set(told)


def test_containers_get_no_more_than_they_need() -> None:
    for file in COMPOSE:
        for each in ours(file):
            assert each["read_only"]
            assert each["cap_drop"] == ["ALL"]
            assert each["security_opt"] == ["no-new-privileges:true"]
            assert any(volume.endswith(":/data") for volume in each["volumes"])
    pod = deployment()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "/data" in {each["mountPath"] for each in container["volumeMounts"]}


def test_kubernetes_runs_what_compose_runs() -> None:
    """Two servers with PostgreSQL and Redis of the same versions."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    images = {each["image"] for each in services.values()} - {"caddy:2.11"}
    pods = [each["spec"] for each in manifests() if each["kind"] in ("Deployment", "StatefulSet")]
    told = {each["template"]["spec"]["containers"][0]["image"] for each in pods}
    assert told == images
    (replicas,) = (each["replicas"] for each in pods if each.get("replicas", 1) > 1)
    assert replicas == len(ours(DEPLOY / "compose.yaml"))


def test_the_image_holds_what_an_installation_needs() -> None:
    """.dockerignore lets in what setup.py packages, and neither data nor secrets."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    packaged = re.findall(r'^    "([^"]+)",$', (ROOT / "setup.py").read_text(), re.MULTILINE)
    assert {each for each in packaged if (ROOT / each).is_file()} <= let_in
    assert {"alembic", "assets", "llm_ui", "reflex.lock", "dev.py"} <= let_in
    assert not {".env", "data", ".git"} & let_in
