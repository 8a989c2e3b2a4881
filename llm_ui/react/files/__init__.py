"""Adding files to a list, by upload or from the library."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link(
    "attached.jsx",
    "blind.jsx",
    "box.jsx",
    "chips.jsx",
    "library.jsx",
    "model.jsx",
    "pages.js",
    "parts.jsx",
    "pick.jsx",
    "preview.jsx",
    "rest.js",
    "size.js",
    "upload.js",
    "viewer.jsx",
)


class UploadBox(rx.Component):
    """An upload button that also makes the whole page a drop target, with the uploads in progress.

    With `taken`, the IDs of files already in the list, files can also be chosen from the library,
    up to `limit`.

    Labels: upload, drop, attached, uploading ({percent}), reading, remove ({name}), retry, tooLarge
    ({limit}), quota ({limit}), folder, unreachable; with `taken`, also those of the library: see
    components/files/files.py.
    """

    library = _FILES["box.jsx"]
    tag = "UploadBox"

    labels: rx.Var[dict[str, Any]]
    taken: rx.Var[list[str]]
    limit: rx.Var[int]

    # A file was uploaded or read: the list is out of date.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]
    # These files were uploaded or chosen: a JSON list of IDs.
    on_files: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Attached(rx.Component):
    """The files of a question: images as a grid, others by name. An image opens enlarged; other
    files open as the text that was read.

    Labels: see components/files/files.py, `opening_labels`.
    """

    library = _FILES["attached.jsx"]
    tag = "Attached"

    files: rx.Var[list[dict[str, Any]]]
    labels: rx.Var[dict[str, Any]]


class FileName(rx.Component):
    """A file's name, which opens the file as `Attached` does."""

    library = _FILES["attached.jsx"]
    tag = "FileName"

    file: rx.Var[dict[str, Any]]
    labels: rx.Var[dict[str, Any]]


class BlindNote(rx.Component):
    """A note that the model can't see the images in the composer, which offers a model that can
    (`other` is its ID). Labels: blind, switch."""

    library = _FILES["blind.jsx"]
    tag = "BlindNote"

    seeing: rx.Var[bool]
    other: rx.Var[str]
    labels: rx.Var[dict[str, Any]]

    on_switch: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class ModelUpload(rx.Component):
    """A button that uploads a model file; `room` is the free disk space in bytes.

    Labels: upload, sent ({done}, {size}), cancel, room, unreachable.
    """

    library = _FILES["model.jsx"]
    tag = "ModelUpload"

    labels: rx.Var[dict[str, Any]]
    room: rx.Var[int]

    # A file was uploaded.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]
