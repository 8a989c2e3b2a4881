"""The dialogs of the admin's page of providers: add, edit, an address, two questions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.provider_result import test_line
from llm_ui.components.text import t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.providers import PresetItem
from llm_ui.states.ai_addresses import CONFIRM as ADDRESS_CONFIRM
from llm_ui.states.ai_addresses import FORM as ADDRESS_DIALOG
from llm_ui.states.ai_addresses import ProviderAddressState
from llm_ui.states.ai_provider_form import FORM as DIALOG
from llm_ui.states.ai_providers import CONFIRM, AIProviderState

FORM = "provider-form"
ADDRESS_FORM = "address-form"
# The fields of the first part, and "" for no field: what is wrong elsewhere opens the rest.
FIRST = ("", "name", "base_url", "api_key")
S = AIProviderState
A = ProviderAddressState


def _shut(dialog_id: str) -> rx.event.EventSpec:
    return rx.run_script(f"document.getElementById('{dialog_id}').close()")


def _wrong(field: rx.Var[str], name: str) -> rx.Var:
    return rx.cond(field == name, "true", "false")


def _field(label: Any, name: str, **props: Any) -> rx.Component:
    return ui.field(
        label, f"provider-{name}", aria_invalid=_wrong(S.form_field, name), auto_complete="off",
        data_testid=f"provider-{name}", **props,
    )  # fmt: skip


# --- choosing -------------------------------------------------------------------------------


def _preset(preset: rx.Var[PresetItem]) -> rx.Component:
    # Whoever comes back from the fields goes on from the first one.
    return ui.button(
        preset.name, class_name="lu-choices__item", on_click=S.choose_preset(preset.key),
        auto_focus=preset.key == S.presets[0].key, data_testid="provider-preset",
    )  # fmt: skip


def _group(title: Any, local: bool) -> rx.Component:
    def each(preset: rx.Var[PresetItem]) -> rx.Component:
        return rx.cond(preset.is_local == local, _preset(preset))

    return rx.el.section(
        rx.el.h3(title, class_name="lu-choices__title"),
        rx.el.div(rx.foreach(S.presets, each), class_name="lu-choices__grid"),
    )


def _chooser() -> rx.Component:
    return rx.el.div(
        _group(t("providers.choose_hosted"), local=False),
        _group(t("providers.choose_local"), local=True),
        ui.button(
            ui.icon("plus", 16), t("providers.choose_other"), wide=True,
            on_click=S.choose_preset("other"), data_testid="provider-other",
        ),
        rx.el.div(
            ui.button(t("common.cancel"), on_click=_shut(DIALOG)), class_name="lu-dialog__actions"
        ),
        class_name="lu-choices",
    )  # fmt: skip


# --- the fields -----------------------------------------------------------------------------


def _key() -> rx.Component:
    hint = rx.cond(
        S.form_key_stored,
        t("providers.key_stored"),
        rx.cond(S.form_needs_key, t("providers.key_needed"), t("providers.key_optional")),
    )
    return rx.fragment(
        _field(t("providers.key"), "api_key", hint=hint, type="password", max_length=1000,
               spell_check=False),
        rx.cond(
            S.form_key_stored,
            settings.tick(t("providers.key_remove"), "provider-remove_key",
                          data_testid="provider-remove-key"),
        ),
    )  # fmt: skip


def _address() -> rx.Component:
    hint = t_of("providers.hint.", S.form_type)
    own = rx.fragment(
        _field(t("providers.base_url"), "base_url", hint=hint, default_value=S.form_base_url,
               input_mode="url", max_length=500, spell_check=False),
        _key(),
    )  # fmt: skip
    theirs = rx.fragment(
        _field(t("providers.base_url"), "base_url", default_value=S.form_base_url, read_only=True),
        rx.el.p(
            rx.cond(
                S.form_origin == "bundled",
                t("providers.locked_bundled", variables=S.form_variables),
                t("providers.locked", variables=S.form_variables),
            ),
            class_name="lu-notice",
            data_testid="provider-locked",
        ),
    )  # fmt: skip
    return rx.cond(S.form_variables == "", own, theirs)


def _seconds(name: str, label: Any) -> rx.Component:
    return _field(
        label, name, default_value=S.form_timeouts[name], placeholder=S.usual[name],
        input_mode="decimal", max_length=12,
    )  # fmt: skip


def _more() -> rx.Component:
    is_elsewhere = S.form_field == "limit"
    for name in ("headers", "connect", "first_token", "silence", "total"):
        is_elsewhere = is_elsewhere | (S.form_field == name)
    timeouts = rx.el.fieldset(
        rx.el.legend(t("providers.timeouts"), class_name="lu-field__label"),
        rx.el.div(
            _seconds("connect", t("providers.timeout.connect")),
            _seconds("first_token", t("providers.timeout.first_token")),
            _seconds("silence", t("providers.timeout.silence")),
            _seconds("total", t("providers.timeout.total")),
            class_name="lu-quarters",
        ),
        rx.el.p(t("providers.timeouts_hint"), class_name="lu-field__hint"),
        class_name="lu-field",
    )
    headers = ui.text_field(
        t("providers.headers"), "provider-headers", hint=t("providers.headers_hint"),
        default_value=S.form_headers, aria_invalid=_wrong(S.form_field, "headers"), rows="2",
        class_name="lu-input lu-writing lu-headers", spell_check=False, max_length=50_000,
        placeholder="X-Team: blue", data_testid="provider-headers",
    )  # fmt: skip
    return rx.el.details(
        rx.el.summary(ui.icon("chevron-right", 16), t("providers.limits"),
                      data_testid="provider-more"),
        rx.el.div(
            _field(t("providers.limit"), "limit", hint=t("providers.limit_hint"),
                   default_value=S.form_limit, input_mode="numeric", max_length=6),
            timeouts,
            headers,
            class_name="lu-fields",
        ),
        open=S.form_more | is_elsewhere,
        class_name="lu-more",
    )  # fmt: skip


def _fields() -> rx.Component:
    tried = rx.el.div(
        rx.cond(S.form_tested, test_line(S.form_test)),
        role="status",
        id="provider-tested",
        data_testid="provider-test-result",
    )
    actions = rx.el.div(
        ui.button(
            rx.cond(S.form_testing, t("providers.testing"), t("providers.test")),
            disabled=S.form_testing,
            on_click=S.test_provider(ui.fields_of(FORM)),
            class_name="lu-dialog__aside",
            data_testid="provider-test",
        ),
        rx.cond(
            S.form_id == "",
            ui.button(t("providers.back"), on_click=S.choose_again, data_testid="provider-back"),
            ui.button(t("common.cancel"), on_click=_shut(DIALOG)),
        ),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="provider-save"),
        class_name="lu-dialog__actions lu-dialog__actions--aside",
    )
    return rx.el.form(
        rx.el.div(
            # The button that brought the fields has gone, and the focus with it.
            _field(
                t("providers.name"),
                "name",
                default_value=S.form_name,
                max_length=100,
                auto_focus=True,
            ),
            _address(),
            _more(),
            tried,
            class_name="lu-fields",
        ),
        rx.el.div(
            settings.trouble(S.form_problem, test_id="provider-problem"),
            actions,
            class_name="lu-dialog__foot",
        ),
        id=FORM,
        key=S.form_number.to_string(),
        on_submit=lambda _: S.save_provider(ui.fields_of(FORM)),
    )


def provider_dialog() -> rx.Component:
    """What to add, or the fields of one that is there."""
    title = rx.cond(
        S.form_choosing,
        t("providers.add"),
        rx.cond(S.form_id == "", t("providers.new"), t("providers.edit_named", name=S.form_name)),
    )
    return settings.dialog(
        DIALOG, rx.cond(S.form_choosing, _chooser(), _fields()), title=title, wide=True,
        test_id="provider-dialog",
    )  # fmt: skip


def delete_question() -> rx.Component:
    """Asks once before a provider goes, and says what hangs on it."""
    doomed = S.doomed
    rest = (doomed.models == 0) & (doomed.chats == 0) & (doomed.running == 0)
    lines = rx.el.div(
        rx.cond(doomed.models > 0, rx.el.p(t("providers.delete_models", count=doomed.models))),
        rx.cond(doomed.chats > 0, rx.el.p(t("providers.delete_chats", count=doomed.chats))),
        rx.cond(doomed.running > 0, rx.el.p(t("providers.delete_running", count=doomed.running))),
        rx.cond(rest, rx.el.p(t("providers.delete_free"))),
        class_name="lu-dialog__text lu-paragraphs",
    )
    return settings.dialog(
        CONFIRM,
        lines,
        rx.el.div(
            ui.button(t("common.cancel"), on_click=_shut(CONFIRM)),
            ui.button(
                t("providers.delete"), look="danger", disabled=S.deleting,
                on_click=S.delete_provider(S.doomed_id), data_testid="provider-delete-yes",
            ),
            class_name="lu-dialog__actions",
        ),
        title=t("providers.delete_title", name=S.doomed_name),
        test_id="provider-delete-dialog",
    )  # fmt: skip


# --- further addresses ------------------------------------------------------------------------


def address_dialog() -> rx.Component:
    """The fields of a further address."""
    url = ui.field(
        t("providers.base_url"), "address-base_url", default_value=A.form_base_url,
        aria_invalid=_wrong(A.form_field, "base_url"), input_mode="url", max_length=500,
        auto_complete="off", spell_check=False, data_testid="address-base_url",
    )  # fmt: skip
    key = ui.field(
        t("providers.key"), "address-api_key", type="password", auto_complete="off",
        aria_invalid=_wrong(A.form_field, "api_key"), max_length=1000,
        hint=rx.cond(A.form_key_stored, t("providers.key_stored"), t("providers.address_key")),
        data_testid="address-api_key",
    )  # fmt: skip
    headers = ui.text_field(
        t("providers.headers"), "address-headers", hint=t("providers.headers_hint"),
        default_value=A.form_headers, aria_invalid=_wrong(A.form_field, "headers"), rows="2",
        class_name="lu-input lu-writing lu-headers", spell_check=False, max_length=50_000,
    )  # fmt: skip
    fields = rx.el.div(
        url,
        key,
        rx.cond(A.form_key_stored, settings.tick(t("providers.key_remove"), "address-remove_key")),
        headers,
        settings.trouble(A.form_problem, test_id="address-problem"),
        class_name="lu-fields",
    )
    actions = rx.el.div(
        ui.button(t("common.cancel"), on_click=_shut(ADDRESS_DIALOG)),
        ui.button(t("common.save"), look="primary", type="submit", data_testid="address-save"),
        class_name="lu-dialog__actions",
    )
    return settings.dialog(
        ADDRESS_DIALOG,
        rx.el.p(t("providers.address_text"), class_name="lu-dialog__text"),
        rx.el.form(
            fields, actions, id=ADDRESS_FORM, key=A.form_number.to_string(),
            on_submit=lambda _: A.save_address(ui.fields_of(ADDRESS_FORM)),
        ),
        title=rx.cond(
            A.form_id == "",
            t("providers.address_new", name=A.form_provider_name),
            t("providers.address_edit"),
        ),
        wide=True,
        test_id="address-dialog",
    )  # fmt: skip


def address_question() -> rx.Component:
    """Asks once before an address goes with its key."""
    return settings.confirm(
        ADDRESS_CONFIRM,
        t("providers.address_delete_text", name=A.doomed_url),
        title=t("providers.address_delete_title"),
        yes=t("providers.address_remove"),
        no=t("common.cancel"),
        on_yes=A.delete_address(A.doomed_provider_id, A.doomed_id),
        test_id="address-delete-dialog",
    )
