"""Files beside a module are linked where Reflex's own `rx.asset` would put them."""

from __future__ import annotations

from pathlib import Path

import pytest
import reflex as rx

from llm_ui.react._link import link


def test_a_linked_file_is_imported_as_one_that_reflex_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = Path(__file__).name
    ours = link(name)[name]
    made = [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert [path.resolve() for path in made] == [Path(__file__).resolve()]
    made[0].unlink()
    assert ours == rx.asset(name, shared=True).importable_path
    assert [path for path in tmp_path.rglob("*") if path.is_symlink()] == made


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        link("nowhere.js")
