"""The command palette and the shortcuts, on every page of the client."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.text import t
from llm_ui.react import command_palette, shortcuts
from llm_ui.states.auth import AuthState
from llm_ui.states.chat import ChatState
from llm_ui.states.palette import PaletteState


def _command(id_: str, icon: str, label: Any, words: str = "", **does: str) -> dict[str, Any]:
    return {"id": id_, "icon": icon, "label": label, "words": words, **does}


def _commands() -> rx.Var[list[dict[str, Any]]]:
    always = [
        _command("new", "pen", t("chat.new"), "new neu", href="/chat"),
        _command("projects", "folder", t("projects.title"), "folder", href="/projects"),
        _command("history", "history", t("history.title"), "archive search", href="/history"),
        _command("prompts", "notebook", t("prompts.title"), "library templates", href="/prompts"),
        _command("files", "files", t("files.title"), "documents upload", href="/files"),
        _command("usage", "chart", t("usage.title"), "tokens cost", href="/usage"),
        _command("account", "person", t("user.account"), "profile password", href="/account"),
        _command("light", "sun", t("palette.light"), "theme light", act="theme", value="light"),
        _command("dark", "moon", t("palette.dark"), "theme dark", act="theme", value="dark"),
        _command(
            "system", "monitor", t("palette.system"), "theme auto", act="theme", value="system"
        ),
        _command("english", "languages", "English", "language sprache", act="language", value="en"),
        _command(
            "german", "languages", "Deutsch", "language german sprache", act="language", value="de"
        ),
        _command("keys", "keyboard", t("keys.title"), "shortcuts help keyboard", act="keys"),
    ]
    out = [_command("sign-out", "out", t("user.sign_out"), "logout log out", act="sign-out")]
    admin = [_command("admin", "gauge", t("user.admin"), "admin dashboard", href="/admin")]
    return rx.cond(AuthState.is_admin, [*always, *admin, *out], [*always, *out])


def _labels() -> dict[str, Any]:
    return {
        "title": t("palette.title"),
        "placeholder": t("palette.placeholder"),
        "recent": t("palette.recent"),
        "chats": t("chats.title"),
        "commands": t("palette.commands"),
        "models": t("palette.models"),
        "none": t("palette.none"),
        "close": t("common.close"),
        "untitled": t("chat.untitled"),
        "archived": t("history.archived"),
    }


def _rows() -> list[dict[str, Any]]:
    return [
        {"keys": ["Mod", "K"], "label": t("palette.title")},
        {"keys": ["Mod", "."], "label": t("keys.stop")},
        {"keys": ["Mod", "/"], "label": t("keys.help")},
        {"keys": ["Mod", "⇧", "O"], "label": t("chat.new")},
        {"keys": ["⇧", "Esc"], "label": t("keys.write")},
        {"keys": ["Mod", "⇧", "Y"], "label": t("keys.copy")},
        {"keys": ["Mod", "⇧", "S"], "label": t("keys.side")},
        {"keys": ["Esc"], "label": t("keys.leave")},
    ]


def palette() -> rx.Component:
    """Both, invisible until they are asked for."""
    return rx.fragment(
        command_palette(
            labels=_labels(),
            commands=_commands(),
            chats=ChatState.chats,
            models=ChatState.models,
            found=PaletteState.found,
            on_search=PaletteState.find,
            on_model=ChatState.select_model,
        ),
        shortcuts(
            _rows(),
            labels={
                "title": t("keys.title"),
                "close": t("common.close"),
                "ctrl": t("keys.ctrl"),
            },
        ),
    )
