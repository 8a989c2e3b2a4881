"""Files: attachments of a question, and labels for uploads."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import t
from llm_ui.react.files import Attached, BlindNote
from llm_ui.schemas.chats.views import MessageView
from llm_ui.schemas.files.files import FileItem
from llm_ui.services.chats.attachments import MOST_FILES
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.answers.modes import ModesState

File = rx.Var[FileItem]
LOOK_EVERY_MS = 1500


def upload_labels(drop: Any) -> dict[str, Any]:
    """Labels that the upload component displays itself; `drop` says what dropping a file does."""
    return {
        "attached": t("files.attached"),
        "drop": drop,
        "folder": t("files.folder"),
        "quota": t("error.file_quota"),
        "reading": t("files.reading"),
        "remove": t("files.remove"),
        "retry": t("files.retry"),
        "tooLarge": t("error.file_large"),
        "unreachable": t("files.unreachable"),
        "upload": t("files.upload"),
        "uploading": t("files.uploading"),
    }


def library_labels(choose: Any, taken: Any, most: Any) -> dict[str, Any]:
    """Labels for choosing from the library: the action, the note for a file that is already there,
    and the note when the limit is reached ({limit})."""
    return {
        "cancel": t("common.cancel"),
        "choose": choose,
        "chosen": t("files.chosen"),
        "close": t("common.close"),
        "emptyText": t("files.choose_empty_text"),
        "emptyTitle": t("files.empty_title"),
        "fromDevice": t("files.from_device"),
        "fromLibrary": t("files.from_library"),
        "list": t("files.list"),
        "loadFailed": t("files.load_failed"),
        "loading": t("app.loading"),
        "more": t("files.more"),
        "most": most,
        "noMatchText": t("files.no_match_text"),
        "noMatchTitle": t("files.no_match_title"),
        "search": t("files.search"),
        "taken": taken,
    }


def composer_labels() -> dict[str, Any]:
    """All file-related labels of the composer."""
    return {
        **upload_labels(t("files.drop")),
        **library_labels(t("files.choose"), t("files.taken"), t("files.most")),
        "attach": t("files.attach"),
        "count": t("error.file_count", limit=MOST_FILES),
        "notReady": t("files.not_ready"),
        "pasted": t("files.pasted"),
        "tellsImages": True,
    }


def opening_labels() -> dict[str, Any]:
    """Labels for opening a file: an image enlarged, anything else as text."""
    return {
        "attached": t("files.attached"),
        "images": t("files.images"),
        "close": t("common.close"),
        "download": t("files.download"),
        "enlarge": t("image_answers.enlarge"),
        "gone": t("image_answers.gone"),
        "previous": t("image_answers.previous"),
        "next": t("image_answers.next"),
        "actual": t("image_answers.actual"),
        "place": t("image_answers.place", number="{number}", count="{count}"),
        "more": t("files.text_more"),
        "reading": t("files.reading"),
        "load_failed": t("files.text_failed"),
        "no_text": t("files.text_none"),
    }


def looks_again(reading: Any, looks: rx.Var[int], on_look: Any) -> rx.Component:
    """Makes the page refresh while files are being read."""
    return rx.cond(reading, ui.timer(ms=LOOK_EVERY_MS, of=looks.to_string(), on_done=on_look))


def content_of(file: File, *, inline: bool = False) -> rx.Var[str]:
    """The URL of a file's content."""
    address = "/api/v1/files/" + file.id + "/content"
    return address + "?inline=true" if inline else address


def picture(file: File) -> rx.Component:
    """A thumbnail of an image, an icon for everything else."""
    thumbnail = rx.el.img(
        src=content_of(file, inline=True), alt="", loading="lazy", class_name="lu-file__image"
    )
    return rx.el.span(
        rx.cond(file.kind == "image", thumbnail, ui.icon("file-text", 18)),
        class_name="lu-file__picture",
    )


def attached(message: rx.Var[MessageView]) -> rx.Component:
    """The files of a question, above its text."""
    shown = Attached.create(files=message.files.to(list[dict[str, Any]]), labels=opening_labels())
    return rx.cond(message.files.length() > 0, shown)


def blind_note() -> rx.Component:
    """A note beside the composer: the model can't see the attached images."""
    return BlindNote.create(
        seeing=ModelChoiceState.model_sees | ModesState.modes.contains("image"),
        other=ModelChoiceState.seeing_id,
        labels={
            "blind": t("files.blind", model=ModelChoiceState.model_name),
            "switch": t("files.blind_switch", model=ModelChoiceState.seeing_name),
        },
        on_switch=ModelChoiceState.select_model,
    )
