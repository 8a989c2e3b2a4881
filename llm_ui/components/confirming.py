"""The dialog that asks for the password once more."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.components.ui import settings
from llm_ui.states.auth import AuthState
from llm_ui.states.confirming import CONFIRM, ConfirmState


def confirm_dialog() -> rx.Component:
    """Stands in each page with something that wants the password; what was asked goes on by
    itself. The e-mail is there for programs that keep passwords."""
    name = rx.el.input(
        type="email", name="confirm-email", value=AuthState.email, read_only=True, hidden=True,
        auto_complete="username",
    )  # fmt: skip
    fields = rx.el.div(
        rx.el.p(t("confirm.text"), class_name="lu-dialog__text"),
        name,
        ui.field(
            t("auth.password"), "confirm-word", type="password", required=True, max_length=256,
            auto_complete="current-password", auto_focus=True, data_testid="confirm-word",
        ),
        settings.trouble(ConfirmState.problem, test_id="confirm-problem"),
        class_name="lu-fields",
    )  # fmt: skip
    return ui.form_dialog(
        CONFIRM, fields,
        title=t("confirm.title"), submit=t("confirm.submit"), cancel=t("common.cancel"),
        on_submit=lambda data: ConfirmState.confirm_password(
            data.to(dict[str, str])["confirm-word"]
        ),
        test_id=CONFIRM,
    )  # fmt: skip
