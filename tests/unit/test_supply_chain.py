"""What the application is made of, and what is known against it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from llm_ui import __version__
from llm_ui.cli.development import supply_chain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("bill") / "sbom.json"
    command = ["-m", "llm_ui.cli.development.supply_chain", "sbom", "--out", str(target)]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    return target.read_text()


def test_the_bill_of_materials_follows_its_schema(bill: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_the_bill_of_materials_lists_every_locked_package_with_its_hashes(bill: str) -> None:
    told = json.loads(bill)
    assert told["metadata"]["component"]["version"] == __version__
    listed = {each["purl"] for each in told["components"]}
    for lock in supply_chain.LOCKS:
        locked = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE)
        assert locked
        assert {f"pkg:pypi/{name}@{version}" for name, version in locked} <= listed
    packages = json.loads((ROOT / "reflex.lock" / "package-lock.json").read_text())["packages"]
    assert len([each for each in listed if each.startswith("pkg:npm/")]) > 100
    assert f"pkg:npm/react@{packages['node_modules/react']['version']}" in listed
    assert all(
        each.get("hashes") or each["externalReferences"][0]["hashes"] for each in told["components"]
    )


def test_flaws_are_told_with_the_versions_that_mend_them() -> None:
    told = {
        "dependencies": [
            {
                "name": "jinja2",
                "version": "2.11.0",
                "vulns": [
                    {"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], "aliases": []},
                    {"id": "GHSA-1", "fix_versions": [], "aliases": []},
                ],
            },
            {"name": "own", "skip_reason": "Dependency not found"},
        ]
    }
    assert supply_chain.python_flaws(json.dumps(told)) == [
        "jinja2 2.11.0: PYSEC-2021-66, fixed in 2.11.3",
        "jinja2 2.11.0: GHSA-1, fixed in no version yet",
    ]
    of_npm = {"vulnerabilities": {"lodash": {"range": "<4.17.21", "severity": "high"}}}
    assert supply_chain.javascript_flaws(json.dumps(of_npm)) == ["lodash <4.17.21: high"]


@pytest.mark.parametrize(
    "told",
    ["", "<html>", '{"error": {}}', '{"dependencies": [{"name": "a", "skip_reason": "unknown"}]}'],
)
def test_an_answer_that_says_nothing_is_not_taken_for_no_flaws(told: str) -> None:
    assert supply_chain.python_flaws(told) is None
    assert supply_chain.javascript_flaws(told) is None


def test_without_a_network_the_audit_says_that_it_knows_nothing() -> None:
    nowhere = "http://127.0.0.1:9"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    env = os.environ | dict.fromkeys(names, nowhere) | {"npm_config_fetch_retries": "0"}
    command = [sys.executable, "-m", "llm_ui.cli.development.supply_chain", "audit"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == supply_chain.UNKNOWN
    assert "could not be fetched from PyPI" in done.stderr
    assert "could not be fetched from npm" in done.stderr
    assert "No advisories" not in done.stdout
