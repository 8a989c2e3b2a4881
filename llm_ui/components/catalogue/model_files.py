"""The dialog for the built-in service's model files."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.catalogue import stored
from llm_ui.components.text import file_size, t
from llm_ui.components.ui import settings
from llm_ui.react import model_upload
from llm_ui.schemas.catalogue.providers import ModelFile, ProviderItem
from llm_ui.states.catalogue.model_files import DIALOG, FIELD, ModelFileState

S = ModelFileState


def files_button(provider: rx.Var[ProviderItem]) -> rx.Component:
    """The button that opens the dialog, for the built-in service."""
    button = stored.open_button(t("model_files.open"), S.open_files, "gguf-open")
    return rx.cond(provider.takes_files, button)


def _name(file: rx.Var[ModelFile]) -> rx.Component:
    is_file = ~file.is_usual | (file.usual != "")
    name = rx.cond(file.is_usual, file.usual, file.name)
    return rx.cond(
        is_file,
        rx.el.code(name, class_name="lu-stored__name"),
        rx.el.span(t("model_files.usual"), class_name="lu-stored__name"),
    )


def _file(file: rx.Var[ModelFile]) -> rx.Component:
    is_doomed = (S.doomed != "") & (S.doomed == file.name)
    where = rx.cond(
        file.is_usual,
        rx.cond(file.usual != "", t("model_files.usual_set"), t("model_files.usual_text")),
        rx.cond(file.is_elsewhere, file.path, file_size(file.size)),
    )
    about = rx.el.p(rx.cond(is_doomed, t("model_files.delete_text"), where), class_name="lu-said")
    use_named = t("model_files.use_named", name=file.name)
    use = ui.action(
        t("model_files.use"),
        S.use_file(file.path),
        "gguf-use",
        disabled=S.is_loading,
        aria_label=rx.cond(file.is_usual, t("model_files.use_usual"), use_named),
    )
    delete = t("providers.delete_named", name=file.name)
    trash = ui.icon_action("trash-2", delete, S.ask_to_delete(file.name), "gguf-delete")
    question = stored.question(S.ask_to_delete(""), S.delete_file(file.name), "gguf-delete-yes")
    current = ui.badge(t("model_files.current"), "ok", data_testid="gguf-current")
    others = rx.fragment(rx.cond(~file.is_usual & ~file.is_elsewhere, trash), use)
    actions = rx.el.div(rx.cond(file.is_current, current, others), class_name="lu-address__actions")
    return stored.item(
        _name(file),
        about,
        actions=rx.cond(is_doomed, question, actions),
        key=rx.cond(file.is_usual, "usual", file.path),
        test_id="gguf-item",
    )


def _state() -> rx.Component:
    loading = rx.el.div(
        rx.el.p(rx.cond(S.note != "", S.note, t("model_files.waits"))),
        ui.action(t("jobs.cancel"), S.cancel_loading, "gguf-cancel"),
        class_name="lu-notice lu-stored__loading",
        data_testid="gguf-loading",
    )
    failure = rx.el.p(S.failure, class_name="lu-trouble", data_testid="gguf-failure")
    return rx.el.div(
        rx.cond(S.is_loading, loading, rx.cond(S.failure != "", failure)), role="status"
    )


def files_dialog() -> rx.Component:
    """The dialog: the files, a field for a path, and an upload."""
    path = ui.field(
        t("model_files.path"),
        FIELD,
        hint=t("model_files.path_hint"),
        auto_complete="off",
        placeholder="/srv/models/qwen3-4b.Q4_K_M.gguf",
        spell_check=False,
        max_length=1000,
        data_testid="gguf-path",
    )
    use = ui.button(
        t("model_files.use"), type="submit", disabled=S.is_loading, data_testid="gguf-use-path"
    )
    upload = model_upload(
        labels={
            "upload": t("model_files.upload"),
            "sent": t("model_files.sent", done="{done}", size="{size}"),
            "cancel": t("common.cancel"),
            "room": t("error.gguf_room"),
            "unreachable": t("files.unreachable"),
        },
        room=S.room,
        on_done=S.look_again,
    )
    return stored.stored_dialog(
        DIALOG,
        _state(),
        rx.el.ul(rx.foreach(S.files, _file), class_name="lu-addresses"),
        upload,
        stored.typed_form(path, FIELD, use, S.use_path),
        settings.trouble(S.problem, test_id="gguf-problem"),
        before=ui.dialog_text(t("model_files.text")),
        title=t("model_files.title"),
        is_busy=S.is_loading,
        beat=S.beat,
        look_again=S.look_again,
        close_id="gguf-close",
    )
