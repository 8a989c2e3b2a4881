"""The dialog for an Ollama's models: installing, downloading and deleting them."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue import stored
from llm_ui.components.text import file_size, t, t_of
from llm_ui.components.ui import settings
from llm_ui.schemas.catalogue.providers import InstalledModel, ProviderItem, PullItem
from llm_ui.states.catalogue.ollama_models import DIALOG, FIELD, OllamaState

S = OllamaState


def stored_button(provider: rx.Var[ProviderItem]) -> rx.Component:
    """The button that opens the dialog, for an Ollama."""
    button = stored.open_button(
        t("ollama_models.open"),
        S.open_installed_models(provider.id),
        "stored-open",
        aria_label=t("ollama_models.open_named", name=provider.name),
    )
    return rx.cond(provider.keeps_models, button)


def _name(name: rx.Var[str]) -> rx.Component:
    return rx.el.code(name, class_name="lu-stored__name")


def _pull(pull: rx.Var[PullItem]) -> rx.Component:
    bar = rx.el.progress(
        value=pull.progress,
        max=1,
        aria_label=pull.model,
        class_name="lu-progress",
        data_testid="pull-progress",
    )
    word = rx.cond(
        pull.cancel_requested & (pull.status == "running"),
        t("jobs.stopping"),
        t_of("jobs.status.", pull.status),
    )
    # The note starts with the model's name, which is already shown above it.
    said = rx.el.p(
        rx.cond(pull.note != "", pull.note, rx.cond(pull.error != "", pull.error, word)),
        class_name=rx.cond(pull.status == "failed", "lu-address__trouble", "lu-said"),
        data_testid="pull-note",
    )
    cancel = ui.action(
        t("jobs.cancel"),
        S.cancel_pull(pull.job_id),
        "pull-cancel",
        aria_label=t("ollama_models.cancel_named", name=pull.model),
    )
    again = ui.action(
        t("ollama_models.go_on"),
        S.retry_pull(pull.job_id),
        "pull-retry",
        aria_label=t("ollama_models.go_on_named", name=pull.model),
    )
    return stored.item(
        _name(pull.model),
        rx.cond(pull.status == "running", bar),
        said,
        actions=rx.el.div(
            rx.cond(pull.can_cancel, cancel),
            rx.cond(pull.can_retry, again),
            class_name="lu-address__actions",
        ),
        key=pull.job_id,
        test_id="pull",
    )


def _stored(model: rx.Var[InstalledModel]) -> rx.Component:
    is_doomed, delete = S.doomed == model.name, t("providers.delete_named", name=model.name)
    question = stored.question(
        S.ask_to_delete(""), S.delete_model(model.name), "stored-delete-yes", aria_label=delete
    )
    ask = ui.icon_action(
        "trash-2", delete, S.ask_to_delete(model.name), "stored-delete", disabled=S.deleting != ""
    )
    about = rx.cond(
        S.deleting == model.name,
        t("ollama_models.deleting"),
        rx.cond(is_doomed, t("ollama_models.delete_text"), file_size(model.size)),
    )
    return stored.item(
        _name(model.name),
        rx.el.p(about, class_name="lu-said"),
        actions=rx.cond(is_doomed, question, rx.el.div(ask, class_name="lu-address__actions")),
        key=model.name,
        test_id="stored-model",
    )


def _list() -> rx.Component:
    rows = rx.el.ul(rx.foreach(S.stored, _stored), class_name="lu-addresses")
    none = rx.el.p(t("ollama_models.none"), class_name="lu-notice", data_testid="stored-none")
    waiting = ui.waiting(ui.skeleton("60%"), ui.skeleton("40%"), label=t("app.loading"))
    lost = rx.el.p(S.unreachable, class_name="lu-trouble", data_testid="stored-problem")
    there = rx.cond(S.stored.length() > 0, rows, none)
    return rx.cond(S.loading, waiting, rx.cond(S.unreachable != "", lost, there))


def stored_dialog() -> rx.Component:
    """The dialog with an Ollama's installed models."""
    name = ui.field(
        t("ollama_models.pull"),
        FIELD,
        hint=t("ollama_models.pull_hint"),
        placeholder="qwen3:0.6b",
        auto_complete="off",
        spell_check=False,
        max_length=300,
        auto_capitalize="none",
        data_testid="pull-name",
    )

    def part(title: str, *rows: rx.Component) -> rx.Component:
        return rx.el.section(rx.el.h3(t(title), class_name="lu-provider__part"), *rows)

    pull = ui.submit_button(t("ollama_models.pull_do"), "pull-do")
    pulls = rx.el.ul(rx.foreach(S.pulls, _pull), class_name="lu-addresses")
    return stored.stored_dialog(
        DIALOG,
        stored.typed_form(name, FIELD, pull, S.pull_model),
        settings.trouble(S.problem, test_id="pull-problem"),
        rx.cond(S.pulls.length() > 0, part("ollama_models.pulls", pulls)),
        part("ollama_models.list", _list()),
        title=t("ollama_models.title", name=S.provider_name),
        is_busy=S.is_active,
        beat=S.beat,
        look_again=S.look_again,
        close_id="stored-close",
    )
