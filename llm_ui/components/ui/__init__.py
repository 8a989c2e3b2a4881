"""The design system: primitives that know no state. Their looks are in assets/*.css."""

from llm_ui.components.ui.buttons import button, icon, icon_button, link, link_button
from llm_ui.components.ui.data import badge, card, stat, table
from llm_ui.components.ui.feedback import banner, empty_state, skeleton, toast, waiting
from llm_ui.components.ui.forms import (
    close_dialog,
    field,
    fields_of,
    form_dialog,
    menu_target,
    open_dialog,
    select_field,
    text_field,
)
from llm_ui.components.ui.kit import go, line, ready, timer, toaster
from llm_ui.components.ui.menus import menu, menu_heading, menu_item, menu_line, opens

__all__ = [
    "badge",
    "banner",
    "button",
    "card",
    "close_dialog",
    "empty_state",
    "field",
    "fields_of",
    "form_dialog",
    "go",
    "icon",
    "icon_button",
    "line",
    "link",
    "link_button",
    "menu",
    "menu_heading",
    "menu_item",
    "menu_line",
    "menu_target",
    "open_dialog",
    "opens",
    "ready",
    "select_field",
    "skeleton",
    "stat",
    "table",
    "text_field",
    "timer",
    "toast",
    "toaster",
    "waiting",
]
