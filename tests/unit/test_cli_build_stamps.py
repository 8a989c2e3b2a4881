"""What was done is not done again; what changed is."""

from pathlib import Path

import pytest

from llm_ui.cli.setup import build_stamps, frontend
from llm_ui.cli.setup.installation import Installation


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("a = 1\n")
    (tmp_path / "code" / "b.css").write_text("body {}\n")
    return tmp_path


def value(tree: Path) -> str:
    return build_stamps.fingerprint(tree, build_stamps.files_below(tree / "code", (".py", ".css")))


def test_same_files_give_the_same_fingerprint(tree: Path) -> None:
    assert value(tree) == value(tree)


def test_a_changed_file_changes_the_fingerprint(tree: Path) -> None:
    before = value(tree)
    (tree / "code" / "a.py").write_text("a = 2\n")
    assert value(tree) != before


def test_a_renamed_file_changes_the_fingerprint(tree: Path) -> None:
    before = value(tree)
    (tree / "code" / "a.py").rename(tree / "code" / "c.py")
    assert value(tree) != before


def test_a_new_file_changes_the_fingerprint(tree: Path) -> None:
    before = value(tree)
    (tree / "code" / "new.py").touch()
    assert value(tree) != before


def test_caches_and_other_kinds_of_files_do_not_count(tree: Path) -> None:
    before = value(tree)
    (tree / "code" / "__pycache__").mkdir()
    (tree / "code" / "__pycache__" / "a.py").write_text("cached")
    (tree / "code" / "notes.md").write_text("notes")
    assert value(tree) == before


def test_content_cannot_move_from_one_file_to_the_next_unnoticed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("ab")
    two.write_text("c")
    before = build_stamps.fingerprint(tmp_path, [one, two])
    one.write_text("a")
    two.write_text("bc")
    assert build_stamps.fingerprint(tmp_path, [one, two]) != before


def test_a_missing_file_is_not_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "x"
    before = build_stamps.fingerprint(tmp_path, [file])
    file.touch()
    assert build_stamps.fingerprint(tmp_path, [file]) != before


def test_a_stamp_holds_until_its_value_changes(tmp_path: Path) -> None:
    stamp = tmp_path / "deep" / "stamp"
    assert not build_stamps.is_current(stamp, "one")
    build_stamps.write(stamp, "one")
    assert build_stamps.is_current(stamp, "one")
    assert not build_stamps.is_current(stamp, "two")


def test_order_in_the_javascript_pins_does_not_cause_a_build(tmp_path: Path) -> None:
    place = Installation(tmp_path, tmp_path / ".venv/bin/python", own_venv=True, command="dev.py")
    lock = tmp_path / "reflex.lock"
    lock.mkdir()
    (lock / "package.json").write_text('{"a": 1, "b": 2}')
    before = frontend.pins(place)
    (lock / "package.json").write_text('{"b": 2, "a": 1}')
    assert frontend.pins(place) == before
    (lock / "package.json").write_text('{"b": 2, "a": 3}')
    assert frontend.pins(place) != before


def test_removing_the_build_removes_its_stamp(tmp_path: Path) -> None:
    place = Installation(tmp_path, tmp_path / ".venv/bin/python", own_venv=True, command="dev.py")
    assert frontend.stamp_of(place).parent == tmp_path / ".web" / "build"
