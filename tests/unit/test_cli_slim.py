"""What is cut off a program is only what no program loads, and only if it still works."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from llm_ui.cli import slim
from llm_ui.cli.place import Place

TRUE = Path(shutil.which("true") or "/bin/true").resolve()

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not TRUE.read_bytes().startswith(slim.ELF),
    reason="programs have another format here",
)


@pytest.fixture
def heavy(tmp_path: Path) -> Path:
    """A working program with two megabytes that nobody loads."""
    program = tmp_path / "program"
    shutil.copy(TRUE, program)
    with program.open("ab") as file:
        file.write(bytes(2 * slim.WORTHWHILE))
    return program


def test_what_is_never_loaded_is_cut_off_and_the_program_works(heavy: Path) -> None:
    before = heavy.stat().st_size
    assert slim.cut(heavy, [heavy], dict(os.environ))
    assert heavy.stat().st_size <= before - 2 * slim.WORTHWHILE
    assert subprocess.run([str(heavy)], check=False).returncode == 0
    assert [file.name for file in heavy.parent.iterdir()] == ["program"]


def test_a_program_that_breaks_is_put_back(heavy: Path) -> None:
    before = heavy.read_bytes()
    assert not slim.cut(heavy, ["false"], dict(os.environ))
    assert heavy.read_bytes() == before
    assert [file.name for file in heavy.parent.iterdir()] == ["program"]


def test_a_slim_program_stays_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copy(TRUE, program)
    assert not slim.cut(program, ["true"], dict(os.environ))
    assert program.read_bytes() == TRUE.read_bytes()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n" + "x" * 100)
    assert slim.loaded_size(text) is None
    (tmp_path / "short").write_bytes(slim.ELF)
    assert slim.loaded_size(tmp_path / "short") is None


def test_the_last_segment_counts_wherever_its_header_stands(tmp_path: Path) -> None:
    header = bytearray(slim.HEADER_SIZE)
    header[: len(slim.ELF)] = slim.ELF
    struct.pack_into("<Q", header, 0x20, slim.HEADER_SIZE)
    struct.pack_into("<HH", header, 0x36, 56, 2)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", 1, 5, offset, 0, 0, size, size, 0)
        for offset, size in ((5000, 700), (0, 4000))
    )
    file = tmp_path / "made"
    file.write_bytes(bytes(header) + segments)
    assert slim.loaded_size(file) == 5700


def test_of_a_javascript_package_stays_what_a_bundler_reads(tmp_path: Path) -> None:
    package = tmp_path / ".web" / "node_modules" / "a" / "dist"
    package.mkdir(parents=True)
    for name in ("a.js", "a.css", "a.js.map", "a.d.ts", "README.md"):
        (package / name).write_text("x")
    slim.slim_frontend(Place(tmp_path, Path(sys.executable), own_venv=False, command="dev.py"))
    assert sorted(each.name for each in package.iterdir()) == ["a.css", "a.js"]
