"""The step-up confirmation dialog, which asks for the password again."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.states.auth_state import AuthState
from llm_ui.states.socket.password_confirmation import CONFIRM, ConfirmState


def confirm_dialog() -> rx.Component:
    """The dialog for pages with an action that may require confirmation; the action then continues
    automatically. The email field is there for password managers."""
    name = rx.el.input(
        type="email",
        name="confirm-email",
        value=AuthState.email,
        read_only=True,
        hidden=True,
        auto_complete="username",
    )
    word = ui.field(
        t("auth.password"),
        "confirm-word",
        type="password",
        required=True,
        max_length=256,
        auto_complete="current-password",
        auto_focus=True,
        data_testid="confirm-word",
    )
    problem = settings.trouble(ConfirmState.problem, test_id="confirm-problem")
    about = ui.dialog_text(t("password_confirmation.text"))
    return ui.form_dialog(
        CONFIRM,
        ui.fields(about, name, word, problem),
        title=t("password_confirmation.title"),
        submit=t("password_confirmation.submit"),
        on_submit=ui.values_of(ConfirmState.confirm_password, "confirm-word"),
        test_id=CONFIRM,
    )
