"""The settings of the open chat: the button in the top bar, and the drawer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t, t_of
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.chats.chat_settings import ChatSettingsState

DIALOG = "settings-dialog"
EFFORTS = ("minimal", "low", "medium", "high")


def settings_button() -> rx.Component:
    """The button that opens the chat's settings; a dot shows that something is set."""
    count = ChatSettingsState.settings.count
    label = rx.cond(count > 0, t("settings.open_set", count=count), t("settings.open"))
    show = rx.run_script(f"document.getElementById('{DIALOG}').showModal()")
    return rx.cond(
        ModelChoiceState.models.length() > 0,
        ui.icon_button(
            "sliders-horizontal",
            label,
            class_name="lu-bar__set",
            custom_attrs={"data-set": rx.cond(count > 0, "yes", "no")},
            on_click=[show, ChatSettingsState.look_at_instructions],
            data_testid="chat-settings",
        ),
    )


def _default(name: str) -> Any:
    """The default of a parameter: the model's, if an administrator has set one."""
    kept = ModelChoiceState.model_defaults
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
        default_value=getattr(ChatSettingsState.settings, name),
        data_testid=f"setting-{name.replace('_', '-')}",
        **props,
    )
    return rx.cond(ModelChoiceState.model_accepts.contains(name), shown)


def _text(name: str, rows: int, max_length: int, **props: Any) -> rx.Component:
    return ui.text_field(
        t(f"settings.{name}"),
        name,
        hint=t(f"settings.{name}_hint"),
        rows=rows,
        max_length=max_length,
        default_value=getattr(ChatSettingsState.settings, name),
        data_testid=f"setting-{name.replace('_', '-')}",
        **props,
    )


def _default_effort() -> Any:
    kept = ModelChoiceState.model_defaults
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
        default_value=ChatSettingsState.settings.reasoning_effort,
        data_testid="setting-reasoning-effort",
    )
    return rx.cond(ModelChoiceState.model_accepts.contains("reasoning_effort"), shown)


def _otherwise() -> Any:
    """What applies if neither the chat nor its project has instructions."""
    around = ChatSettingsState.instructions
    alone = rx.cond(
        around.prompted,
        t("settings.prompted"),
        rx.cond(ModelChoiceState.model_instructed, t("settings.instructed"), ""),
    )
    return rx.cond(around.text != "", t("settings.in_project"), alone)


def _around() -> rx.Component:
    """For a chat in a project with instructions: their text, and whether the chat's own
    instructions are added to them or replace them."""
    around = ChatSettingsState.instructions
    choice = ui.select_field(
        t("settings.instructions"),
        "instructions",
        rx.el.option(t("settings.instructions.add"), value="add"),
        rx.el.option(t("settings.instructions.replace"), value="replace"),
        default_value=ChatSettingsState.settings.instructions,
        data_testid="setting-instructions",
    )
    project = rx.el.details(
        rx.el.summary(t("settings.of_project", name=around.project)),
        rx.el.p(around.text, class_name="lu-told", dir="auto"),
        class_name="lu-around lu-stack lu-gap-2",
        data_testid="project-instructions-in-force",
    )
    return rx.cond(around.text != "", rx.fragment(choice, project))


def _fields() -> rx.Component:
    kept = ModelChoiceState.model_defaults
    stop_default = rx.cond(kept.contains("stop"), kept["stop"].to(str), "")
    return rx.el.div(
        _text("system_prompt", 6, 20_000, placeholder=_otherwise()),
        _around(),
        rx.el.div(
            _number("temperature", min=0, max=2, step="any", hint=t("settings.temperature_hint")),
            _number("top_p", min=0, max=1, step="any", hint=t("settings.top_p_hint")),
            class_name="lu-drawer__two",
        ),
        _number("max_tokens", min=1, max=1_000_000, step=1),
        _effort(),
        rx.cond(
            ModelChoiceState.model_accepts.contains("stop"),
            _text("stop", 2, 500, placeholder=stop_default),
        ),
        _number("seed", min=0, max=2_147_483_647, step=1, hint=t("settings.seed_hint")),
        class_name="lu-drawer__fields",
    )


def _actions() -> rx.Component:
    reset = ui.button(
        t("settings.reset"),
        look="ghost",
        on_click=ChatSettingsState.save_settings("{}"),
        data_testid="settings-reset",
    )
    return rx.el.div(
        rx.cond(ChatSettingsState.settings.count > 0, reset),
        ui.button(t("common.cancel"), on_click=ui.close_dialog(DIALOG)),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="settings-save"),
        class_name="lu-dialog__actions lu-drawer__actions",
    )


def _problem() -> rx.Component:
    shown = rx.el.p(
        ChatSettingsState.settings_error,
        role="alert",
        class_name="lu-drawer__problem",
        data_testid="settings-error",
    )
    return rx.cond(ChatSettingsState.settings_error != "", shown)


def settings_dialog() -> rx.Component:
    """The settings drawer at the right edge, limited to what the model's provider accepts."""
    form = rx.el.form(
        rx.el.div(
            rx.el.h2(t("settings.title"), id=f"{DIALOG}-title", class_name="lu-drawer__title"),
            rx.el.p(t("settings.note"), class_name="lu-note"),
            _problem(),
        ),
        _fields(),
        _actions(),
        # Recreates the fields when the saved settings change.
        key=ChatState.open_chat_id + ChatSettingsState.settings.to_string(),
        on_submit=lambda data: ChatSettingsState.save_settings(data.to_string()),
        class_name="lu-drawer__form",
    )
    return rx.el.dialog(
        form,
        id=DIALOG,
        class_name="lu-drawer",
        custom_attrs={"aria-labelledby": f"{DIALOG}-title"},
        data_testid="settings-dialog",
    )
