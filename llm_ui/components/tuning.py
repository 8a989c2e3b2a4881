"""How the open chat is asked: its settings, a second model, temporary chats, the meter."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import short_number, t, t_of
from llm_ui.schemas.views import ModelItem
from llm_ui.states.chat import ChatState

DIALOG = "settings-dialog"
ALSO_MENU = "also-menu"
EFFORTS = ("minimal", "low", "medium", "high")


# --- settings ----------------------------------------------------------------------------


def settings_button() -> rx.Component:
    """Opens the settings of the chat; a dot says that something is set."""
    count = ChatState.settings.count
    label = rx.cond(count > 0, t("settings.open_set", count=count), t("settings.open"))
    show = rx.run_script(f"document.getElementById('{DIALOG}').showModal()")
    return rx.cond(
        ChatState.models.length() > 0,
        ui.icon_button(
            "sliders-horizontal",
            label,
            class_name="lu-bar__set",
            custom_attrs={"data-set": rx.cond(count > 0, "yes", "no")},
            on_click=[show, ChatState.look_at_instructions],
            data_testid="chat-settings",
        ),
    )


def _default(name: str) -> Any:
    """What holds without a word here: what an admin has set for the model, if they have."""
    kept = ChatState.model_defaults
    return rx.cond(
        kept.contains(name),
        t("settings.default_is", value=kept[name].to(str)),
        t("settings.default"),
    )


def _number(name: str, *, hint: Any = None, **props: Any) -> rx.Component:
    shown = ui.field(
        t(f"settings.{name}"),
        name,
        hint=hint,
        type="number",
        placeholder=_default(name),
        default_value=getattr(ChatState.settings, name),
        data_testid=f"setting-{name.replace('_', '-')}",
        **props,
    )
    return rx.cond(ChatState.model_accepts.contains(name), shown)


def _text(name: str, rows: int, max_length: int, **props: Any) -> rx.Component:
    return ui.text_field(
        t(f"settings.{name}"),
        name,
        hint=t(f"settings.{name}_hint"),
        rows=rows,
        max_length=max_length,
        default_value=getattr(ChatState.settings, name),
        data_testid=f"setting-{name.replace('_', '-')}",
        **props,
    )


def _default_effort() -> Any:
    kept = ChatState.model_defaults
    shown = t_of("settings.effort.", kept["reasoning_effort"].to(str))
    return rx.cond(
        kept.contains("reasoning_effort"),
        t("settings.default_is", value=shown),
        t("settings.default"),
    )


def _effort() -> rx.Component:
    options = [
        rx.el.option(_default_effort(), value=""),
        *[rx.el.option(t(f"settings.effort.{each}"), value=each) for each in EFFORTS],
    ]
    shown = ui.select_field(
        t("settings.reasoning_effort"),
        "reasoning_effort",
        *options,
        default_value=ChatState.settings.reasoning_effort,
        data_testid="setting-reasoning-effort",
    )
    return rx.cond(ChatState.model_accepts.contains("reasoning_effort"), shown)


def _otherwise() -> Any:
    """What holds where a chat has no instructions of its own, nor its project."""
    around = ChatState.instructions
    alone = rx.cond(
        around.prompted,
        t("settings.prompted"),
        rx.cond(ChatState.model_instructed, t("settings.instructed"), ""),
    )
    return rx.cond(around.text != "", t("settings.in_project"), alone)


def _around() -> rx.Component:
    """In a project with instructions: what they are, and what becomes of them."""
    around = ChatState.instructions
    choice = ui.select_field(
        t("settings.instructions"),
        "instructions",
        rx.el.option(t("settings.instructions.add"), value="add"),
        rx.el.option(t("settings.instructions.replace"), value="replace"),
        default_value=ChatState.settings.instructions,
        data_testid="setting-instructions",
    )
    project = rx.el.details(
        rx.el.summary(t("settings.of_project", name=around.project)),
        rx.el.p(around.text, class_name="lu-told", dir="auto"),
        class_name="lu-around",
        data_testid="project-instructions-in-force",
    )
    return rx.cond(around.text != "", rx.fragment(choice, project))


def settings_dialog() -> rx.Component:
    """The settings at the page's right edge; only what the model's provider takes."""
    fields = rx.el.div(
        _text(
            "system_prompt",
            6,
            20_000,
            placeholder=_otherwise(),
        ),
        _around(),
        rx.el.div(
            _number("temperature", min=0, max=2, step="any", hint=t("settings.temperature_hint")),
            _number("top_p", min=0, max=1, step="any", hint=t("settings.top_p_hint")),
            class_name="lu-drawer__two",
        ),
        _number("max_tokens", min=1, max=1_000_000, step=1),
        _effort(),
        rx.cond(
            ChatState.model_accepts.contains("stop"),
            _text(
                "stop",
                2,
                500,
                placeholder=rx.cond(
                    ChatState.model_defaults.contains("stop"),
                    ChatState.model_defaults["stop"].to(str),
                    "",
                ),
            ),
        ),
        _number("seed", min=0, max=2_147_483_647, step=1, hint=t("settings.seed_hint")),
        class_name="lu-drawer__fields",
    )
    actions = rx.el.div(
        rx.cond(
            ChatState.settings.count > 0,
            ui.button(
                t("settings.reset"),
                look="ghost",
                on_click=ChatState.save_settings("{}"),
                data_testid="settings-reset",
            ),
        ),
        ui.button(t("common.cancel"), on_click=ui.close_dialog(DIALOG)),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="settings-save"),
        class_name="lu-dialog__actions lu-drawer__actions",
    )
    problem = rx.cond(
        ChatState.settings_error != "",
        rx.el.p(
            ChatState.settings_error,
            role="alert",
            class_name="lu-drawer__problem",
            data_testid="settings-error",
        ),
    )
    form = rx.el.form(
        rx.el.div(
            rx.el.h2(t("settings.title"), id=f"{DIALOG}-title", class_name="lu-drawer__title"),
            rx.el.p(t("settings.note"), class_name="lu-note"),
            problem,
        ),
        fields,
        actions,
        # The fields begin anew with what is kept.
        key=ChatState.open_chat_id + ChatState.settings.to_string(),
        on_submit=lambda data: ChatState.save_settings(data.to_string()),
        class_name="lu-drawer__form",
    )
    return rx.el.dialog(
        form,
        id=DIALOG,
        class_name="lu-drawer",
        custom_attrs={"aria-labelledby": f"{DIALOG}-title"},
        data_testid="settings-dialog",
    )


# --- a second model ------------------------------------------------------------------------


def _also_row(model: rx.Var[ModelItem]) -> rx.Component:
    row = ui.menu_item(
        rx.el.span(model.name, class_name="lu-truncate"),
        disabled=~model.available,
        on_click=ChatState.choose_also(model.id),
        data_testid="also-option",
    )
    return rx.fragment(rx.cond(model.id != ChatState.model_id, row), key=model.id)


def also_picker() -> rx.Component:
    """Asks a second model beside the first; the chosen one stands there with its way out."""
    chosen = rx.el.span(
        rx.el.span(t("chat.also_with", model=ChatState.also_model_name), class_name="lu-truncate"),
        ui.icon_button(
            "x",
            t("chat.also_drop", model=ChatState.also_model_name),
            small=True,
            on_click=ChatState.choose_also(""),
            data_testid="also-drop",
        ),
        class_name="lu-also",
        data_testid="also",
    )
    button = ui.icon_button(
        "columns-2", t("chat.also"), data_testid="also-picker", custom_attrs=ui.opens(ALSO_MENU)
    )
    menu = ui.menu(
        ALSO_MENU,
        ui.menu_heading(t("chat.also_choose")),
        rx.foreach(ChatState.models, _also_row),
        label=t("chat.also_choose"),
    )
    return rx.cond(
        ChatState.models.length() > 1,
        rx.fragment(rx.cond(ChatState.also_model_id != "", chosen, button), menu),
    )


# --- temporary chats -------------------------------------------------------------------------


def temporary_switch() -> rx.Component:
    """On the empty chat: whether what begins here is kept."""
    return rx.el.div(
        rx.el.button(
            ui.icon("hourglass", 16),
            t("chat.temporary"),
            type="button",
            role="switch",
            aria_checked=rx.cond(ChatState.temporary, "true", "false"),
            on_click=ChatState.toggle_temporary,
            class_name="lu-button lu-button--ghost lu-button--small lu-temporary__switch",
            data_testid="temporary-switch",
        ),
        rx.cond(
            ChatState.temporary,
            rx.el.p(t("chat.temporary_text"), class_name="lu-note", role="status"),
        ),
        class_name="lu-temporary",
    )


def notes() -> rx.Component:
    """What is to be known of this chat before one writes on."""
    is_temporary = ChatState.temporary & (ChatState.open_chat_id != "")
    return rx.fragment(
        rx.cond(
            is_temporary,
            rx.el.p(
                ui.icon("hourglass", 14),
                t("chat.temporary_note"),
                class_name="lu-dock__note",
                data_testid="temporary-note",
            ),
        ),
        rx.cond(
            ChatState.context.left_out > 0,
            rx.el.p(
                ui.icon("scissors", 14),
                t("chat.context_left_out", count=ChatState.context.left_out),
                class_name="lu-dock__note",
                data_testid="left-out",
            ),
        ),
    )


# --- the meter -------------------------------------------------------------------------------


def context_meter() -> rx.Component:
    """How full the model's window is, as a ring with its figures."""
    used, window = ChatState.context.used, ChatState.context.window
    known = window > 0
    part = rx.cond(known, used * 100 / window, 0)
    words = rx.cond(
        known,
        t("chat.context", used=short_number(used), window=short_number(window)),
        t("chat.context_unknown", used=short_number(used)),
    )
    return rx.el.span(
        rx.cond(known, rx.el.span(class_name="lu-meter__ring", style={"--lu-part": part})),
        words,
        class_name="lu-meter",
        data_tip=t("chat.context_title"),
        data_testid="context-meter",
        role="img",
        aria_label=t("chat.context_label") + ": " + words,
    )
