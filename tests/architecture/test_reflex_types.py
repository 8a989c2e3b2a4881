"""mypy knows what Reflex makes of a state's attributes (llm_ui/cli/development/reflex_types.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = """
import reflex as rx
from llm_ui.states.sidebar import SidebarState
from llm_ui.states.chats.editing import EditingState
from llm_ui.schemas.chats.views import ChatItem


def row(chat: rx.Var[ChatItem]) -> list[object]:
    return [chat.title.upper(), chat.pinned & True, SidebarState.chats.length() > 0]


def wrong(chat: rx.Var[ChatItem]) -> list[object]:
    return [
        chat.titel,
        SidebarState.chatz,
        SidebarState.chats.lenght(),
        EditingState.edit_message("id", "text", "key", "one too many"),
    ]


SidebarState.delete_chat("id").prevent_default
SidebarState.delete_chat.debounce(300)
"""


def test_a_page_that_names_what_is_not_there_fails_the_check(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(PAGE)
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(page)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found = [line.partition(": error: ")[2] for line in told]
    assert found == [
        'A var of "ChatItem" has no "titel"  [misc]',
        '"type[SidebarState]" has no attribute "chatz"  [attr-defined]',
        'A var of "list" has no "lenght"  [misc]',
        "Too many arguments  [call-arg]",
    ], told
