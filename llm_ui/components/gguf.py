"""The dialog over the bundled service's model files."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import file_size, t
from llm_ui.components.ui import settings
from llm_ui.react import model_upload
from llm_ui.schemas.providers import ModelFile, ProviderItem
from llm_ui.states.ai_providers import AIProviderState
from llm_ui.states.gguf import DIALOG, FIELD, ModelFileState

S = ModelFileState
LOOK_EVERY_MS = 1000


def files_button(provider: rx.Var[ProviderItem]) -> rx.Component:
    """Opens the dialog, at the service that comes with the app."""
    return rx.cond(
        provider.takes_files,
        ui.button(
            ui.icon("hard-drive-download", 16), t("gguf.open"), small=True,
            on_click=S.open_files, data_testid="gguf-open",
        ),
    )  # fmt: skip


def _name(file: rx.Var[ModelFile]) -> rx.Component:
    is_file = ~file.is_usual | (file.usual != "")
    name = rx.cond(file.is_usual, file.usual, file.name)
    return rx.cond(
        is_file,
        rx.el.code(name, class_name="lu-stored__name"),
        rx.el.span(t("gguf.usual"), class_name="lu-stored__name"),
    )


def _about(file: rx.Var[ModelFile]) -> rx.Component:
    where = rx.cond(
        file.is_usual,
        rx.cond(file.usual != "", t("gguf.usual_set"), t("gguf.usual_text")),
        rx.cond(file.is_elsewhere, file.path, file_size(file.size)),
    )
    return rx.el.p(
        rx.cond((S.doomed != "") & (S.doomed == file.name), t("gguf.delete_text"), where),
        class_name="lu-said",
    )


def _file(file: rx.Var[ModelFile]) -> rx.Component:
    use = ui.button(
        t("gguf.use"), small=True, disabled=S.is_loading,
        aria_label=rx.cond(
            file.is_usual, t("gguf.use_usual"), t("gguf.use_named", name=file.name)
        ),
        on_click=S.use_file(file.path), data_testid="gguf-use",
    )  # fmt: skip
    trash = ui.icon_button(
        "trash-2", t("providers.delete_named", name=file.name), small=True,
        on_click=S.ask_to_delete(file.name), data_testid="gguf-delete",
    )  # fmt: skip
    question = rx.el.div(
        ui.button(t("common.cancel"), small=True, on_click=S.ask_to_delete("")),
        ui.button(
            t("providers.delete"), small=True, look="danger", auto_focus=True,
            on_click=S.delete_file(file.name), data_testid="gguf-delete-yes",
        ),
        class_name="lu-address__actions lu-stored__question",
    )  # fmt: skip
    actions = rx.el.div(
        rx.cond(
            file.is_current,
            ui.badge(t("gguf.current"), "ok", data_testid="gguf-current"),
            rx.fragment(rx.cond(~file.is_usual & ~file.is_elsewhere, trash), use),
        ),
        class_name="lu-address__actions",
    )
    return rx.el.li(
        rx.el.div(_name(file), _about(file), class_name="lu-address__words"),
        rx.cond((S.doomed != "") & (S.doomed == file.name), question, actions),
        key=rx.cond(file.is_usual, "usual", file.path),
        class_name="lu-address",
        data_testid="gguf-item",
    )


def _state() -> rx.Component:
    loading = rx.el.div(
        rx.el.p(rx.cond(S.note != "", S.note, t("gguf.waits"))),
        ui.button(
            t("jobs.cancel"), small=True, on_click=S.cancel_loading, data_testid="gguf-cancel"
        ),
        class_name="lu-notice lu-stored__loading",
        data_testid="gguf-loading",
    )
    return rx.el.div(
        rx.cond(
            S.is_loading,
            loading,
            rx.cond(
                S.failure != "",
                rx.el.p(S.failure, class_name="lu-trouble", data_testid="gguf-failure"),
            ),
        ),
        role="status",
    )


def files_dialog() -> rx.Component:
    """The files, one by its path, one from this computer."""
    typed = rx.Var(f"document.getElementById('{FIELD}').value").to(str)
    form = rx.el.form(
        ui.field(
            t("gguf.path"), FIELD, hint=t("gguf.path_hint"), auto_complete="off",
            placeholder="/srv/models/qwen3-4b.Q4_K_M.gguf", spell_check=False, max_length=1000,
            data_testid="gguf-path",
        ),
        ui.button(t("gguf.use"), type="submit", disabled=S.is_loading, data_testid="gguf-use-path"),
        on_submit=lambda _: S.use_path(typed),
        class_name="lu-stored__form",
    )  # fmt: skip
    upload = model_upload(
        labels={
            "upload": t("gguf.upload"),
            "sent": t("gguf.sent", done="{done}", size="{size}"),
            "cancel": t("common.cancel"),
            "room": t("error.gguf_room"),
            "unreachable": t("files.unreachable"),
        },
        room=S.room,
        on_done=S.look_again,
    )
    again = ui.timer(ms=LOOK_EVERY_MS, of=S.beat.to_string(), on_done=S.look_again)
    return settings.dialog(
        DIALOG,
        rx.el.p(t("gguf.text"), class_name="lu-dialog__text"),
        rx.el.div(
            _state(),
            rx.el.ul(rx.foreach(S.files, _file), class_name="lu-addresses"),
            upload,
            form,
            settings.trouble(S.problem, test_id="gguf-problem"),
            rx.cond(S.is_loading, again),
            class_name="lu-fields lu-stored",
        ),
        rx.el.div(
            ui.button(
                t("common.close"),
                on_click=[
                    rx.run_script(f"document.getElementById('{DIALOG}').close()"),
                    AIProviderState.refresh,
                ],
                data_testid="gguf-close",
            ),
            class_name="lu-dialog__actions",
        ),
        title=t("gguf.title"),
        wide=True,
        test_id=DIALOG,
    )
