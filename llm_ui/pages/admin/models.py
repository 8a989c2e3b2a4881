"""The Models admin page: all models with their settings, and model types."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.model_form import model_dialog
from llm_ui.components.catalogue.model_prices import prices_dialog
from llm_ui.components.catalogue.model_rows import models_table, row_menu
from llm_ui.components.catalogue.model_types import type_dialog, type_name, type_question, types
from llm_ui.components.chats.chat_table import list_waiting, more_button
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.text import t
from llm_ui.schemas.catalogue.models import Named, TypeRow
from llm_ui.states.catalogue.models import VIEWS, AIModelState

ROUTE = "/admin/models"
S = AIModelState


# --- finding --------------------------------------------------------------------------------


def _filter(name: str, label: Any, value: Any, *among: Any) -> rx.Component:
    return ui.filter_choice(
        label,
        value,
        lambda chosen: S.narrow(f"by_{name}", chosen),
        [rx.el.option(t(f"models.any_{name}"), value=""), *among],
        f"filter-{name}",
        custom_attrs={"data-on": rx.cond(value != "", "yes", "no")},
    )


def _finder() -> rx.Component:
    def provider(each: rx.Var[Named]) -> rx.Component:
        return rx.el.option(each.name, value=each.id)

    def kind(each: rx.Var[TypeRow]) -> rx.Component:
        return rx.el.option(type_name(each.name), value=each.id)

    search = ui.search_field(
        t("models.search"),
        S.look_for,
        "models-search",
        default_value=S.query,
        key=S.cleared.to_string(),
    )
    providers, types = rx.foreach(S.provider_names, provider), rx.foreach(S.types, kind)
    untyped = rx.el.option(t("models.type_none"), value="none")
    states = ui.options("models.state.", ("on", "off", "gone", "unpriced"))
    clear = ui.button(
        ui.icon("x", 14),
        t("organize.clear"),
        look="ghost",
        small=True,
        class_name="lu-history__clear",
        on_click=S.clear_filters,
        data_testid="clear-filters",
    )
    filters = rx.el.div(
        _filter("provider", t("models.provider"), S.by_provider, providers),
        _filter("type", t("models.type"), S.by_type, types, untyped),
        _filter("state", t("models.state"), S.by_state, *states),
        rx.cond(S.filtered, clear),
        class_name="lu-history__filters",
    )
    return rx.fragment(search, filters)


# --- the list -------------------------------------------------------------------------------


def _bulk() -> rx.Component:
    def act(icon_name: str, name: str, action: Any) -> rx.Component:
        words = t(f"models.bulk_{name}")
        return ui.action(
            ui.wide_only(words),
            action,
            f"bulk-{name}",
            icon_name=icon_name,
            look="ghost",
            aria_label=words,
            data_tip=words,
        )

    some = S.picked.length() > 0
    everything = rx.el.input(
        type="checkbox",
        checked=some & (S.picked.length() == S.items.length()),
        on_change=S.pick_all,
        aria_label=t("models.pick_all"),
        class_name="lu-check",
        data_testid="pick-all",
    )
    actions = rx.el.div(
        act("circle-check", "on", S.switch_picked(True)),
        act("ban", "off", S.switch_picked(False)),
        act("coins", "price", S.price_picked),
        class_name="lu-bulk__actions",
    )
    count = rx.el.span(
        rx.cond(
            some, t("models.picked", count=S.picked.length()), t("models.count", count=S.total)
        ),
        class_name="lu-bulk__count",
        aria_live="polite",
        data_testid="models-count",
    )
    return rx.el.div(
        everything,
        count,
        rx.cond(some, actions),
        class_name="lu-bulk lu-catalog__bulk",
        data_testid="bulk",
    )


def _list() -> rx.Component:
    none = rx.cond(
        S.filtered,
        ui.empty_state(t("models.no_match"), t("users.none_text"), test_id="models-none"),
        ui.empty_state(
            t("models.empty_title"),
            t("models.empty_text"),
            ui.link_button(t("providers.title"), href="/admin/providers"),
            test_id="models-empty",
        ),
    )
    rows = rx.cond(S.items.length() > 0, rx.fragment(_bulk(), models_table()), none)
    shown = rx.fragment(
        ui.card(rows, class_name="lu-catalog"), more_button(S.has_more, S.load_more)
    )
    return rx.fragment(
        _finder(),
        rx.cond(S.loaded, shown, list_waiting()),
        rx.el.p(S.announced, role="status", class_name="lu-sr", data_testid="announced"),
    )


def models() -> rx.Component:
    """All models of all providers, and the model types."""
    views = [(t(f"models.view_{each}"), S.view == each, S.show_view(each), each) for each in VIEWS]
    page = admin_page(
        ROUTE,
        t("models.title"),
        t("models.subtitle"),
        ui.views(views, label=t("users.views")),
        rx.cond(S.view == "types", types(), _list()),
        test_id="models-page",
    )
    dialogs = (model_dialog(), prices_dialog(), type_dialog(), type_question())
    return rx.fragment(page, row_menu(), *dialogs)


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, models, ROUTE, t("models.page"), S.load_models)
