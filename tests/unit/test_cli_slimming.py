"""What is cut off a program is only what no program loads, and only if it still works."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from llm_ui.cli.setup import slimming
from llm_ui.cli.setup.installation import Installation

TRUE = Path(shutil.which("true") or "/bin/true").resolve()

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not TRUE.read_bytes().startswith(slimming.ELF),
    reason="programs have another format here",
)


@pytest.fixture
def heavy(tmp_path: Path) -> Path:
    """A working program with two megabytes that nobody loads."""
    program = tmp_path / "program"
    shutil.copy(TRUE, program)
    with program.open("ab") as file:
        file.write(bytes(2 * slimming.WORTHWHILE))
    return program


def test_what_is_never_loaded_is_cut_off_and_the_program_works(heavy: Path) -> None:
    before = heavy.stat().st_size
    assert slimming.cut(heavy, [heavy], dict(os.environ))
    assert heavy.stat().st_size <= before - 2 * slimming.WORTHWHILE
    assert subprocess.run([str(heavy)], check=False).returncode == 0
    assert [file.name for file in heavy.parent.iterdir()] == ["program"]


def test_a_program_that_breaks_is_put_back(heavy: Path) -> None:
    before = heavy.read_bytes()
    assert not slimming.cut(heavy, ["false"], dict(os.environ))
    assert heavy.read_bytes() == before
    assert [file.name for file in heavy.parent.iterdir()] == ["program"]


def test_a_slim_program_stays_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copy(TRUE, program)
    assert not slimming.cut(program, ["true"], dict(os.environ))
    assert program.read_bytes() == TRUE.read_bytes()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n" + "x" * 100)
    assert slimming.loaded_size(text) is None
    (tmp_path / "short").write_bytes(slimming.ELF)
    assert slimming.loaded_size(tmp_path / "short") is None


def test_the_last_segment_counts_wherever_its_header_stands(tmp_path: Path) -> None:
    header = bytearray(slimming.HEADER_SIZE)
    header[: len(slimming.ELF)] = slimming.ELF
    struct.pack_into("<Q", header, 0x20, slimming.HEADER_SIZE)
    struct.pack_into("<HH", header, 0x36, 56, 2)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", 1, 5, offset, 0, 0, size, size, 0)
        for offset, size in ((5000, 700), (0, 4000))
    )
    file = tmp_path / "made"
    file.write_bytes(bytes(header) + segments)
    assert slimming.loaded_size(file) == 5700


def test_of_a_javascript_package_stays_what_a_bundler_reads(tmp_path: Path) -> None:
    package = tmp_path / ".web" / "node_modules" / "a" / "dist"
    package.mkdir(parents=True)
    for name in ("a.js", "a.css", "a.js.map", "a.d.ts", "README.md"):
        (package / name).write_text("x")
    slimming.slim_frontend(
        Installation(tmp_path, Path(sys.executable), own_venv=False, command="dev.py")
    )
    assert sorted(each.name for each in package.iterdir()) == ["a.css", "a.js"]


def test_a_native_module_is_tried_by_the_name_that_imports_it(tmp_path: Path) -> None:
    file = tmp_path / "lxml" / "etree.cpython-311-x86_64-linux-gnu.so"
    assert slimming.module_of(file, tmp_path) == "lxml.etree"
    assert slimming.module_of(tmp_path / "_cffi_backend.abi3.so", tmp_path) == "_cffi_backend"
