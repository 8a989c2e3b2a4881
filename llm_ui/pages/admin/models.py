"""The administrator's models: all of them, and what can be set of each; and their types."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.chat_table import list_waiting, more_button
from llm_ui.components.model_form import model_dialog
from llm_ui.components.model_prices import prices_dialog
from llm_ui.components.model_rows import model_row, row_menu
from llm_ui.components.model_types import type_dialog, type_name, type_question, types
from llm_ui.components.text import t
from llm_ui.schemas.models import Named, TypeRow
from llm_ui.states.ai_models import AIModelState
from llm_ui.states.auth import AuthState

ROUTE = "/admin/models"
REST_MS = 250
S = AIModelState


# --- finding --------------------------------------------------------------------------------


def _filter(name: str, label: Any, value: Any, *options: Any) -> rx.Component:
    return rx.el.select(
        *options,
        value=value,
        aria_label=label,
        on_change=lambda chosen: S.narrow(name, chosen),
        class_name="lu-input lu-select lu-history__filter",
        custom_attrs={"data-on": rx.cond(value != "", "yes", "no")},
        data_testid=f"filter-{name}",
    )


def _finder() -> rx.Component:
    def provider(each: rx.Var[Named]) -> rx.Component:
        return rx.el.option(each.name, value=each.id)

    def kind(each: rx.Var[TypeRow]) -> rx.Component:
        return rx.el.option(type_name(each.name), value=each.id)

    search = rx.el.input(
        type="search", default_value=S.query, placeholder=t("models.search"),
        aria_label=t("models.search"), max_length=200, auto_complete="off",
        on_change=S.look_for.debounce(REST_MS), class_name="lu-input lu-history__search",
        data_testid="models-search", key=S.cleared.to_string(),
    )  # fmt: skip
    states = [
        rx.el.option(t(f"models.state.{each}"), value=each)
        for each in ("on", "off", "gone", "unpriced")
    ]
    clear = ui.button(
        ui.icon("x", 14), t("history.clear"), look="ghost", small=True,
        class_name="lu-history__clear", on_click=S.clear_filters, data_testid="clear-filters",
    )  # fmt: skip
    filters = rx.el.div(
        _filter(
            "provider", t("models.provider"), S.by_provider,
            rx.el.option(t("models.any_provider"), value=""),
            rx.foreach(S.provider_names, provider),
        ),
        _filter(
            "type", t("models.type"), S.by_type,
            rx.el.option(t("models.any_type"), value=""), rx.foreach(S.types, kind),
            rx.el.option(t("models.type_none"), value="none"),
        ),
        _filter(
            "state", t("models.state"), S.by_state,
            rx.el.option(t("models.any_state"), value=""), *states,
        ),
        rx.cond(S.filtered, clear),
        class_name="lu-history__filters",
    )  # fmt: skip
    return rx.fragment(search, filters)


# --- the list -------------------------------------------------------------------------------


def _bulk() -> rx.Component:
    def act(icon_name: str, key: str, test_id: str, action: Any) -> rx.Component:
        return ui.button(
            ui.icon(icon_name, 16), rx.el.span(t(key), class_name="lu-wide-only"), small=True,
            look="ghost", aria_label=t(key), data_tip=t(key), on_click=action, data_testid=test_id,
        )  # fmt: skip

    everything = rx.el.input(
        type="checkbox",
        checked=(S.picked.length() > 0) & (S.picked.length() == S.items.length()),
        on_change=S.pick_all, aria_label=t("models.pick_all"), class_name="lu-check",
        data_testid="pick-all",
    )  # fmt: skip
    actions = rx.el.div(
        act("circle-check", "models.bulk_on", "bulk-on", S.switch_picked(True)),
        act("ban", "models.bulk_off", "bulk-off", S.switch_picked(False)),
        act("coins", "models.bulk_price", "bulk-price", S.price_picked),
        class_name="lu-bulk__actions",
    )
    count = rx.cond(
        S.picked.length() > 0,
        t("models.picked", count=S.picked.length()),
        t("models.count", count=S.total),
    )
    return rx.el.div(
        everything,
        rx.el.span(
            count, class_name="lu-bulk__count", aria_live="polite", data_testid="models-count"
        ),
        rx.cond(S.picked.length() > 0, actions),
        class_name="lu-bulk lu-catalog__bulk",
        data_testid="bulk",
    )


def _list() -> rx.Component:
    headings = (
        (rx.el.span(t("models.pick_column"), class_name="lu-sr"), ""),
        (t("models.model"), ""),
        (t("models.type"), ""),
        (t("models.window_short"), "lu-table__num"),
        (t("models.price_short"), "lu-table__num"),
        (t("models.visibility_short"), ""),
        (t("models.on"), ""),
        (rx.el.span(t("models.acts"), class_name="lu-sr"), ""),
    )
    table = ui.table(
        headings, rx.foreach(S.items, model_row), label=t("models.title"), test_id="models"
    )
    none = rx.cond(
        S.filtered,
        ui.empty_state(t("models.no_match"), t("people.none_text"), test_id="models-none"),
        ui.empty_state(
            t("models.empty_title"), t("models.empty_text"),
            ui.link_button(t("providers.title"), href="/admin/providers"), test_id="models-empty",
        ),
    )  # fmt: skip
    shown = rx.cond(S.items.length() > 0, rx.fragment(_bulk(), table), none)
    return rx.fragment(
        _finder(),
        rx.cond(
            S.loaded,
            rx.fragment(
                ui.card(shown, class_name="lu-catalog"),
                more_button(S.has_more, S.load_more),
            ),
            list_waiting(),
        ),
        rx.el.p(S.announced, role="status", class_name="lu-sr", data_testid="announced"),
    )


def _views() -> rx.Component:
    def view(name: str) -> rx.Component:
        return rx.el.button(
            t(f"models.view_{name}"),
            type="button",
            on_click=S.show_view(name),
            class_name="lu-segment__item",
            custom_attrs={"aria-pressed": rx.cond(S.view == name, "true", "false")},
            data_testid=f"view-{name}",
        )

    return rx.el.div(
        view("models"),
        view("types"),
        role="group",
        aria_label=t("people.views"),
        class_name="lu-segment lu-history__shelves lu-people__views",
    )


def models() -> rx.Component:
    """Every model of every provider, and the types."""
    return rx.fragment(
        admin_page(
            ROUTE,
            t("models.title"),
            t("models.subtitle"),
            _views(),
            rx.cond(S.view == "types", types(), _list()),
            test_id="models-page",
        ),
        row_menu(),
        model_dialog(),
        prices_dialog(),
        type_dialog(),
        type_question(),
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        models,
        route=ROUTE,
        title=t("models.page"),
        on_load=[AuthState.require_admin, S.load_models],
    )
