"""The documented settings are the real ones."""

import re
from pathlib import Path

from llm_ui.config import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
# Read by the command line, before the app's settings exist.
OF_THE_COMMAND_LINE = {"HOST", "WORKERS"}


def documented() -> dict[str, str]:
    return dict(re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else() -> None:
    names = {name.upper() for name in Settings.model_fields}
    assert set(documented()) - OF_THE_COMMAND_LINE == names


def test_documented_defaults_are_the_real_ones() -> None:
    for name, field in Settings.model_fields.items():
        shown = documented()[name.upper()]
        default = field.default
        if default is None or not str(default) or default == () or name == "secret_key":
            assert shown == "", name
        else:
            assert shown == str(default), name


def test_nothing_is_switched_on_by_copying_the_file() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line.strip()]
    assert all(line.startswith("#") for line in lines)
