"""The command palette and the keyboard shortcuts, on every client page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components.text import language_name, t
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.react import command_palette, shortcuts
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chats.palette import PaletteState
from llm_ui.states.sidebar import SidebarState


def _command(id_: str, icon: str, label: Any, words: Any = "", **does: str) -> dict[str, Any]:
    return {"id": id_, "icon": icon, "label": label, "words": words, **does}


def _languages() -> list[dict[str, Any]]:
    """A command for each language. All of them can be found by the word "language" in any language,
    because users may not understand the current one."""
    words = " ".join(translate("user_menu.language", code) for code in LANGUAGES)
    return [
        _command(
            f"language-{each.code}",
            "languages",
            each.name,
            language_name(each.code) + f" {words}",
            act="language",
            value=each.code,
        )
        for each in LANGUAGES.values()
    ]


def _commands() -> rx.Var[list[dict[str, Any]]]:
    always = [
        _command("new", "pen", t("chat.new"), "new neu", href="/chat"),
        _command("projects", "folder", t("projects.title"), "folder", href="/projects"),
        _command("history", "history", t("organize.title"), "archive search", href="/history"),
        _command("prompts", "notebook", t("prompts.title"), "library templates", href="/prompts"),
        _command("files", "files", t("files.title"), "documents upload", href="/files"),
        _command("usage", "chart", t("own_usage.title"), "tokens cost", href="/usage"),
        _command("account", "person", t("user_menu.account"), "profile password", href="/account"),
        _command("light", "sun", t("palette.light"), "theme light", act="theme", value="light"),
        _command("dark", "moon", t("palette.dark"), "theme dark", act="theme", value="dark"),
        _command(
            "system", "monitor", t("palette.system"), "theme auto", act="theme", value="system"
        ),
        *_languages(),
        _command("keys", "keyboard", t("shortcuts.title"), "shortcuts help keyboard", act="keys"),
    ]
    out = [_command("sign-out", "out", t("user_menu.sign_out"), "logout log out", act="sign-out")]
    admin = [_command("admin", "gauge", t("user_menu.admin"), "admin dashboard", href="/admin")]
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
        "archived": t("organize.archived"),
    }


def _rows() -> list[dict[str, Any]]:
    return [
        {"keys": ["Mod", "K"], "label": t("palette.title")},
        {"keys": ["Mod", "."], "label": t("shortcuts.stop")},
        {"keys": ["Mod", "/"], "label": t("shortcuts.help")},
        {"keys": ["Mod", "⇧", "O"], "label": t("chat.new")},
        {"keys": ["⇧", "Esc"], "label": t("shortcuts.write")},
        {"keys": ["Mod", "⇧", "Y"], "label": t("shortcuts.copy")},
        {"keys": ["Mod", "⇧", "S"], "label": t("shortcuts.side")},
        {"keys": ["Esc"], "label": t("shortcuts.leave")},
    ]


def palette() -> rx.Component:
    """Both components, hidden until they are opened."""
    return rx.fragment(
        command_palette(
            labels=_labels(),
            commands=_commands(),
            chats=SidebarState.chats,
            models=ModelChoiceState.models,
            found=PaletteState.found,
            on_search=PaletteState.find,
            on_model=ModelChoiceState.select_model,
        ),
        shortcuts(
            _rows(),
            labels={
                "title": t("shortcuts.title"),
                "close": t("common.close"),
                "ctrl": t("shortcuts.ctrl"),
            },
        ),
    )
