"""Files: what is attached to a question, and the words of uploading."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import file_size, t
from llm_ui.schemas.files import FileItem
from llm_ui.schemas.views import MessageView

File = rx.Var[FileItem]


def upload_labels(drop: Any) -> dict[str, Any]:
    """The words that uploading shows by itself; `drop` says what dropping does."""
    return {
        "attach": t("files.attach"),
        "attached": t("files.attached"),
        "drop": drop,
        "notReady": t("files.not_ready"),
        "pasted": t("files.pasted"),
        "reading": t("files.reading"),
        "remove": t("files.remove"),
        "retry": t("files.retry"),
        "tooLarge": t("files.too_large"),
        "unreachable": t("files.unreachable"),
        "upload": t("files.upload"),
        "uploading": t("files.uploading"),
    }


def content_of(file: File, *, inline: bool = False) -> rx.Var[str]:
    """Where a file's bytes are."""
    address = "/api/v1/files/" + file.id + "/content"
    return address + "?inline=true" if inline else address


def picture(file: File) -> rx.Component:
    """A thumbnail of an image, a page for everything else."""
    thumbnail = rx.el.img(
        src=content_of(file, inline=True), alt="", loading="lazy", class_name="lu-file__image"
    )
    return rx.el.span(
        rx.cond(file.kind == "image", thumbnail, ui.icon("file-text", 18)),
        class_name="lu-file__picture",
    )


def _attached(file: File) -> rx.Component:
    is_image = file.kind == "image"
    return rx.el.li(
        rx.el.a(
            picture(file),
            rx.el.span(
                rx.el.span(file.name, class_name="lu-file__name"),
                rx.el.span(file_size(file.size), class_name="lu-file__about"),
                class_name="lu-file__words",
            ),
            href=rx.cond(is_image, content_of(file, inline=True), content_of(file)),
            target="_blank",
            rel="noopener",
            title=file.name,
            class_name="lu-file",
            data_testid="message-file",
        ),
        key=file.id,
    )


def attached(message: rx.Var[MessageView]) -> rx.Component:
    """The files of a question, above its words."""
    return rx.cond(
        message.files.length() > 0,
        rx.el.ul(
            rx.foreach(message.files, _attached),
            aria_label=t("files.attached"),
            class_name="lu-files",
        ),
    )
