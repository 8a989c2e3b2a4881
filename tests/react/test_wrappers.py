"""The Python side of the components: what they render to and what they need."""

from __future__ import annotations

from pathlib import Path

import pytest
import reflex as rx

from llm_ui import react
from llm_ui.react.markdown import PACKAGES

HERE = Path(react.__file__).parent
LABELS = {"thinking": "Thinking…"}


class _Page(rx.State):
    text: str = ""

    @rx.event
    def gap(self, run: int, have: int) -> None:
        """Nothing."""

    @rx.event
    def sent(self, text: str, key: str) -> None:
        """Nothing."""

    @rx.event
    def plain(self) -> None:
        """Nothing."""


def _props(component: rx.Component) -> str:
    return " ".join(str(prop) for prop in component.render()["props"])


def test_answer_passes_its_props_in_camel_case() -> None:
    found = react.answer(
        _Page.text, run=3, live=True, state_name="a.b", labels=LABELS, on_gap=_Page.gap
    )
    props = _props(found)
    for name in ("text:", "run:3", "live:true", 'stateName:"a.b"', "onGap:", "labels:"):
        assert name in props
    assert found.lib_dependencies == PACKAGES


def test_markdown_is_an_answer_that_is_not_live() -> None:
    assert "live:false" in _props(react.markdown("text"))
    assert "live:true" in _props(react.live_answer(1, state_name="a"))


def test_composer_and_log_take_their_events() -> None:
    composer = react.composer(
        rx.el.span("model"),
        send_label="Send",
        stop_label="Stop",
        on_send=_Page.sent,
        on_stop=_Page.plain,
        draft_key="1",
        max_chars=10,
    )
    for name in ("onSend:", "onStop:", 'sendLabel:"Send"', 'draftKey:"1"', "maxChars:10"):
        assert name in _props(composer)
    assert len(composer.children) == 1
    log = react.chat_log(rx.el.div(), jump_label="Latest", on_reach_top=_Page.plain)
    assert "onReachTop:" in _props(log)


def test_small_ones_and_sessions() -> None:
    assert 'copiedLabel:"Done"' in _props(react.copy_button("x", "Copy", copied_label="Done"))
    assert 'iso:"2026-01-01"' in _props(react.relative_time("2026-01-01"))
    assert 'mode:"login"' in _props(react.auth_form(mode="login", labels={}))
    assert 'label:"Out"' in _props(react.sign_out_button("Out"))


def test_packages_are_pinned() -> None:
    for package in PACKAGES:
        name, _, version = package.rpartition("@")
        assert name
        assert version.replace(".", "").isdigit()


@pytest.mark.parametrize("folder", ["chat", "markdown", "session"])
def test_every_script_is_linked(folder: str) -> None:
    linked = (HERE / folder / "__init__.py").read_text()
    for script in (HERE / folder).glob("*.js*"):
        assert f'"{script.name}"' in linked, script.name
