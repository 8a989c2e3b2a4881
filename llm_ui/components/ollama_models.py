"""The dialog over an Ollama's disk: what is on it, what is coming, what may go."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import file_size, t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.providers import ProviderItem, PullItem, StoredModel
from llm_ui.states.ai_providers import AIProviderState
from llm_ui.states.ollama_models import DIALOG, FIELD, OllamaState

S = OllamaState
LOOK_EVERY_MS = 1000


def stored_button(provider: rx.Var[ProviderItem]) -> rx.Component:
    """Opens the dialog, at an Ollama."""
    return rx.cond(
        provider.type == "ollama",
        ui.button(
            ui.icon("hard-drive-download", 16),
            t("stored.open"),
            small=True,
            aria_label=t("stored.open_named", name=provider.name),
            on_click=S.open_stored(provider.id),
            data_testid="stored-open",
        ),
    )


def _pull(pull: rx.Var[PullItem]) -> rx.Component:
    bar = rx.el.progress(
        value=pull.progress, max=1, aria_label=pull.model, class_name="lu-progress",
        data_testid="pull-progress",
    )  # fmt: skip
    word = rx.cond(
        pull.cancel_requested & (pull.status == "running"),
        t("jobs.stopping"),
        t_of("jobs.status.", pull.status),
    )
    # The note begins with the model's name, which stands above it.
    said = rx.cond(pull.note != "", pull.note, rx.cond(pull.error != "", pull.error, word))
    cancel = ui.button(
        t("jobs.cancel"), small=True, aria_label=t("stored.cancel_named", name=pull.model),
        on_click=S.cancel_pull(pull.job_id), data_testid="pull-cancel",
    )  # fmt: skip
    again = ui.button(
        t("stored.go_on"), small=True, aria_label=t("stored.go_on_named", name=pull.model),
        on_click=S.retry_pull(pull.job_id), data_testid="pull-retry",
    )  # fmt: skip
    return rx.el.li(
        rx.el.div(
            rx.el.code(pull.model, class_name="lu-stored__name"),
            rx.cond(pull.status == "running", bar),
            rx.el.p(
                said,
                class_name=rx.cond(pull.status == "failed", "lu-address__trouble", "lu-said"),
                data_testid="pull-note",
            ),
            class_name="lu-address__words",
        ),
        rx.el.div(
            rx.cond(pull.can_cancel, cancel), rx.cond(pull.can_retry, again),
            class_name="lu-address__actions",
        ),
        key=pull.job_id,
        class_name="lu-address",
        data_testid="pull",
    )  # fmt: skip


def _stored(model: rx.Var[StoredModel]) -> rx.Component:
    question = rx.el.div(
        ui.button(t("common.cancel"), small=True, on_click=S.ask_to_delete("")),
        ui.button(
            t("providers.delete"), small=True, look="danger",
            aria_label=t("providers.delete_named", name=model.name),
            on_click=S.delete_model(model.name), auto_focus=True, data_testid="stored-delete-yes",
        ),
        class_name="lu-address__actions lu-stored__question",
    )  # fmt: skip
    ask = rx.el.div(
        ui.icon_button(
            "trash-2", t("providers.delete_named", name=model.name), small=True,
            disabled=S.deleting != "", on_click=S.ask_to_delete(model.name),
            data_testid="stored-delete",
        ),
        class_name="lu-address__actions",
    )  # fmt: skip
    about = rx.cond(
        S.deleting == model.name,
        t("stored.deleting"),
        rx.cond(S.doomed == model.name, t("stored.delete_text"), file_size(model.size)),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.code(model.name, class_name="lu-stored__name"),
            rx.el.p(about, class_name="lu-said"),
            class_name="lu-address__words",
        ),
        rx.cond(S.doomed == model.name, question, ask),
        key=model.name,
        class_name="lu-address",
        data_testid="stored-model",
    )


def _list() -> rx.Component:
    there = rx.cond(
        S.stored.length() > 0,
        rx.el.ul(rx.foreach(S.stored, _stored), class_name="lu-addresses"),
        rx.el.p(t("stored.none"), class_name="lu-notice", data_testid="stored-none"),
    )
    waiting = ui.waiting(ui.skeleton("60%"), ui.skeleton("40%"), label=t("app.loading"))
    lost = rx.el.p(S.unreachable, class_name="lu-trouble", data_testid="stored-problem")
    return rx.cond(S.loading, waiting, rx.cond(S.unreachable != "", lost, there))


def stored_dialog() -> rx.Component:
    """The models on an Ollama's disk."""
    typed = rx.Var(f"document.getElementById('{FIELD}').value").to(str)
    form = rx.el.form(
        ui.field(
            t("stored.pull"), FIELD, hint=t("stored.pull_hint"), placeholder="qwen3:0.6b",
            auto_complete="off", spell_check=False, max_length=300, auto_capitalize="none",
            data_testid="pull-name",
        ),
        ui.button(t("stored.pull_do"), look="primary", type="submit", data_testid="pull-do"),
        on_submit=lambda _: S.pull_model(typed),
        class_name="lu-stored__form",
    )  # fmt: skip
    pulls = rx.cond(
        S.pulls.length() > 0,
        rx.el.section(
            rx.el.h3(t("stored.pulls"), class_name="lu-provider__part"),
            rx.el.ul(rx.foreach(S.pulls, _pull), class_name="lu-addresses"),
        ),
    )
    again = ui.timer(ms=LOOK_EVERY_MS, of=S.beat.to_string(), on_done=S.look_again)
    return settings.dialog(
        DIALOG,
        rx.el.div(
            form,
            settings.trouble(S.problem, test_id="pull-problem"),
            pulls,
            rx.el.section(
                rx.el.h3(t("stored.list"), class_name="lu-provider__part"), _list(),
            ),
            rx.cond(S.is_active, again),
            class_name="lu-fields lu-stored",
        ),
        rx.el.div(
            ui.button(
                t("common.close"),
                on_click=[
                    rx.run_script(f"document.getElementById('{DIALOG}').close()"),
                    AIProviderState.refresh,
                ],
                data_testid="stored-close",
            ),
            class_name="lu-dialog__actions",
        ),
        title=t("stored.title", name=S.provider_name),
        wide=True,
        test_id=DIALOG,
    )  # fmt: skip
