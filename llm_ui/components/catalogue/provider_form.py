"""Dialogs of the Providers admin page: add, edit, edit an address, and two confirmations."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue.provider_result import test_line
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.providers import PresetItem
from llm_ui.states.catalogue.provider_addresses import CONFIRM as ADDRESS_CONFIRM
from llm_ui.states.catalogue.provider_addresses import FORM as ADDRESS_DIALOG
from llm_ui.states.catalogue.provider_addresses import ProviderAddressState
from llm_ui.states.catalogue.provider_form import FORM as DIALOG
from llm_ui.states.catalogue.providers import CONFIRM, AIProviderState

FORM = "provider-form"
# The less common fields: shown if one of them has an error.
REST = ("limit", "headers", "connect", "first_token", "silence", "total")
S = AIProviderState
A = ProviderAddressState
F = ui.Fields("provider", S.form_field)


# --- choosing -------------------------------------------------------------------------------


def _preset(preset: rx.Var[PresetItem]) -> rx.Component:
    # Focus the first preset when people come back from the form.
    return ui.button(
        preset.name,
        class_name="lu-choices__item",
        on_click=S.choose_preset(preset.key),
        auto_focus=preset.key == S.presets[0].key,
        data_testid="provider-preset",
    )


def _group(title: Any, local: bool) -> rx.Component:
    def each(preset: rx.Var[PresetItem]) -> rx.Component:
        return rx.cond(preset.is_local == local, _preset(preset))

    return rx.el.section(
        rx.el.h3(title, class_name="lu-choices__title"),
        rx.el.div(rx.foreach(S.presets, each), class_name="lu-choices__grid"),
    )


def _chooser() -> rx.Component:
    other = ui.button(
        ui.icon("plus", 16),
        t("providers.choose_other"),
        wide=True,
        on_click=S.choose_preset("other"),
        data_testid="provider-other",
    )
    return rx.el.div(
        _group(t("providers.choose_hosted"), local=False),
        _group(t("providers.choose_local"), local=True),
        other,
        ui.actions(ui.cancel_button(DIALOG)),
        class_name="lu-choices",
    )


# --- the fields -----------------------------------------------------------------------------


def _key() -> rx.Component:
    hint = rx.cond(
        S.form_key_stored,
        t("providers.key_stored"),
        rx.cond(S.form_needs_key, t("providers.key_needed"), t("providers.key_optional")),
    )
    remove = settings.tick(
        t("providers.key_remove"), "provider-remove_key", data_testid="provider-remove-key"
    )
    return rx.fragment(
        F.line(
            "api_key",
            t("providers.key"),
            hint=hint,
            type="password",
            max_length=1000,
            spell_check=False,
        ),
        rx.cond(S.form_key_stored, remove),
    )


def _address() -> rx.Component:
    own = F.line(
        "api_url",
        t("providers.api_url"),
        S.form_api_url,
        hint=t_of("providers.hint.", S.form_type),
        input_mode="url",
        max_length=500,
        spell_check=False,
    )
    theirs = F.line("api_url", t("providers.api_url"), S.form_api_url, read_only=True)
    why = rx.cond(
        S.form_origin == "bundled",
        t("providers.locked_bundled", variables=S.form_variables),
        t("providers.locked", variables=S.form_variables),
    )
    locked = rx.el.p(why, class_name="lu-notice", data_testid="provider-locked")
    return rx.cond(S.form_variables == "", rx.fragment(own, _key()), rx.fragment(theirs, locked))


def _headers(fields: ui.Fields, value: Any, **props: Any) -> rx.Component:
    return fields.text(
        "headers",
        t("providers.headers"),
        value,
        hint=t("providers.headers_hint"),
        rows="2",
        class_name="lu-input lu-writing lu-headers",
        spell_check=False,
        max_length=50_000,
        **props,
    )


def _seconds(name: str) -> rx.Component:
    return F.line(
        name,
        t(f"providers.timeout.{name}"),
        S.form_timeouts[name],
        placeholder=S.usual[name],
        input_mode="decimal",
        max_length=12,
    )


def _more() -> rx.Component:
    is_elsewhere: rx.Var[bool] = S.form_field == REST[0]
    for name in REST[1:]:
        is_elsewhere = is_elsewhere | (S.form_field == name)
    each = [_seconds(name) for name in ("connect", "first_token", "silence", "total")]
    timeouts = rx.el.fieldset(
        rx.el.legend(t("providers.timeouts"), class_name="lu-field__label"),
        rx.el.div(*each, class_name="lu-quarters"),
        rx.el.p(t("providers.timeouts_hint"), class_name="lu-field__hint"),
        class_name="lu-field",
    )
    limit = F.line(
        "limit",
        t("providers.limit"),
        S.form_limit,
        hint=t("providers.limit_hint"),
        input_mode="numeric",
        max_length=6,
    )
    return ui.more(
        t("providers.limits"),
        limit,
        timeouts,
        _headers(F, S.form_headers, placeholder="X-Team: blue"),
        settings.tick(
            t("providers.offers_new_models"),
            "provider-offers_new_models",
            default_checked=S.form_offers,
            data_testid="provider-offers_new_models",
        ),
        is_open=S.form_more | is_elsewhere,
        test_id="provider-more",
    )


def _fields() -> rx.Component:
    tried = rx.el.div(
        rx.cond(S.form_tested, test_line(S.form_test)),
        role="status",
        id="provider-tested",
        data_testid="provider-test-result",
    )
    test = ui.button(
        rx.cond(S.form_testing, t("providers.testing"), t("providers.test")),
        disabled=S.form_testing,
        on_click=S.test_provider(ui.fields_of(FORM)),
        class_name="lu-dialog__aside",
        data_testid="provider-test",
    )
    back = ui.button(t("providers.back"), on_click=S.choose_again, data_testid="provider-back")
    # The button that opened the form is gone, and the focus with it.
    name = F.line("name", t("providers.name"), S.form_name, max_length=100, auto_focus=True)
    return ui.form(
        ui.fields(name, _address(), _more(), tried),
        buttons=(
            test,
            rx.cond(S.form_id == "", back, ui.cancel_button(DIALOG)),
            ui.submit_button(t("common.save"), "provider-save"),
        ),
        problem=settings.trouble(S.form_problem, test_id="provider-problem"),
        form_id=FORM,
        number=S.form_number,
        on_submit=S.save_provider,
    )


def provider_dialog() -> rx.Component:
    """The choice of presets, or the form of a provider."""
    edit = t("providers.edit_named", name=S.form_name)
    one = rx.cond(S.form_id == "", t("providers.new"), edit)
    return ui.dialog(
        DIALOG,
        rx.cond(S.form_choosing, _chooser(), _fields()),
        title=rx.cond(S.form_choosing, t("providers.add"), one),
        wide=True,
        test_id="provider-dialog",
    )


def delete_question() -> rx.Component:
    """The confirmation before a provider is deleted, with its dependents."""
    doomed = S.doomed

    def line(name: str) -> rx.Component:
        count = getattr(doomed, name)
        return rx.cond(count > 0, rx.el.p(t(f"providers.delete_{name}", count=count)))

    free = (doomed.models == 0) & (doomed.chats == 0) & (doomed.running == 0)
    about = rx.el.div(
        *[line(each) for each in ("models", "chats", "running")],
        rx.cond(free, rx.el.p(t("providers.delete_free"))),
        class_name="lu-dialog__text lu-paragraphs",
    )
    return ui.confirm(
        CONFIRM,
        about,
        title=t("providers.delete_title", name=S.doomed_name),
        yes=t("providers.delete"),
        on_yes=S.delete_provider(S.doomed_id),
        disabled=S.deleting,
        yes_id="provider-delete-yes",
        test_id="provider-delete-dialog",
    )


# --- fallback addresses ------------------------------------------------------------------------


def address_dialog() -> rx.Component:
    """The form of a fallback address."""
    f = ui.Fields("address", A.form_field)
    url = f.line(
        "api_url",
        t("providers.api_url"),
        A.form_api_url,
        input_mode="url",
        max_length=500,
        spell_check=False,
    )
    key = f.line(
        "api_key",
        t("providers.key"),
        type="password",
        max_length=1000,
        hint=rx.cond(A.form_key_stored, t("providers.key_stored"), t("providers.address_key")),
    )
    remove = settings.tick(t("providers.key_remove"), "address-remove_key")
    problem = settings.trouble(A.form_problem, test_id="address-problem")
    new = t("providers.address_new", name=A.form_provider_name)
    return ui.form_dialog(
        ADDRESS_DIALOG,
        ui.fields(
            url, key, rx.cond(A.form_key_stored, remove), _headers(f, A.form_headers), problem
        ),
        before=[ui.dialog_text(t("providers.address_text"))],
        title=rx.cond(A.form_id == "", new, t("providers.address_edit")),
        on_submit=A.save_address,
        form_id="address-form",
        number=A.form_number,
        wide=True,
        test_id="address-dialog",
        submit_id="address-save",
    )


def address_question() -> rx.Component:
    """The confirmation before an address and its key are deleted."""
    return ui.confirm(
        ADDRESS_CONFIRM,
        t("providers.address_delete_text", name=A.doomed_url),
        title=t("providers.address_delete_title"),
        yes=t("providers.address_remove"),
        on_yes=A.delete_address(A.doomed_provider_id, A.doomed_id),
        test_id="address-delete-dialog",
    )
