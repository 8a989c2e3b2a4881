"""Switching between the versions of a message."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.schemas.chats.views import MessageView
from llm_ui.states.chats.branches import BranchesState

Message = rx.Var[MessageView]


def versions(message: Message) -> rx.Component:
    """The switch ‹ 2/3 › for the versions of this message."""

    def way(icon_name: str, label: rx.Var[str], target: rx.Var[str], test_id: str) -> rx.Component:
        return ui.icon_button(
            icon_name,
            label,
            small=True,
            disabled=target == "",
            on_click=BranchesState.show_message(target),
            data_testid=test_id,
        )

    count = rx.el.span(
        f"{message.sibling}/{message.siblings}",
        class_name="lu-versions__count",
        role="img",
        aria_label=t("message.branch", number=message.sibling, count=message.siblings),
        data_testid="version",
    )
    return rx.cond(
        (message.siblings > 1) & (message.pair == 0),
        rx.el.span(
            way("chevron-left", t("message.branch_before"), message.before_id, "version-before"),
            count,
            way("chevron-right", t("message.branch_after"), message.after_id, "version-after"),
            class_name="lu-versions",
        ),
    )
