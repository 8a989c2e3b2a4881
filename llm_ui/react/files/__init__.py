"""Uploading: the chips of files under way, and the library's upload button."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("chips.jsx", "size.js", "upload.js")


class UploadBox(rx.Component):
    """A button and the whole page as places to bring files to, and those under way.

    Labels: upload, drop, attached, uploading ({percent}), reading, remove ({name}), retry,
    tooLarge ({limit}), unreachable.
    """

    library = _FILES["chips.jsx"]
    tag = "UploadBox"

    labels: rx.Var[dict[str, Any]]

    # Something has arrived, or has been read: the list is out of date.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]
