"""Uploading, and choosing from the library: what brings files into a list."""

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
    "parts.jsx",
    "pick.jsx",
    "preview.jsx",
    "size.js",
    "upload.js",
    "viewer.jsx",
)


class UploadBox(rx.Component):
    """A button and the whole page as places to bring files to, and those under way.

    With `taken`, the ids of what is in the list already, files can also be chosen from the
    library, until there are `limit`.

    Labels: upload, drop, attached, uploading ({percent}), reading, remove ({name}), retry,
    tooLarge ({limit}), quota ({limit}), folder, unreachable; with `taken` those of the library
    too: see components/files.py.
    """

    library = _FILES["box.jsx"]
    tag = "UploadBox"

    labels: rx.Var[dict[str, Any]]
    taken: rx.Var[list[str]]
    limit: rx.Var[int]

    # Something has arrived, or has been read: the list is out of date.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]
    # These have arrived or were chosen: a JSON list of ids.
    on_files: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Attached(rx.Component):
    """The files of a question: images as a grid, everything else by its name. An image opens
    large, of anything else what was read in it is shown.

    Labels: see components/files.py, `opening_labels`.
    """

    library = _FILES["attached.jsx"]
    tag = "Attached"

    files: rx.Var[list[dict[str, Any]]]
    labels: rx.Var[dict[str, Any]]


class FileName(rx.Component):
    """A file's name, which opens it as `Attached` does."""

    library = _FILES["attached.jsx"]
    tag = "FileName"

    file: rx.Var[dict[str, Any]]
    labels: rx.Var[dict[str, Any]]


class BlindNote(rx.Component):
    """Says that the model cannot look at the images that stand in the composer, and offers
    one that can (`other` is its id). Labels: blind, switch."""

    library = _FILES["blind.jsx"]
    tag = "BlindNote"

    seeing: rx.Var[bool]
    other: rx.Var[str]
    labels: rx.Var[dict[str, Any]]

    on_switch: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class ModelUpload(rx.Component):
    """A button that uploads a model file; `room` is what the disk takes, in bytes.

    Labels: upload, sent ({done}, {size}), cancel, room, unreachable.
    """

    library = _FILES["model.jsx"]
    tag = "ModelUpload"

    labels: rx.Var[dict[str, Any]]
    room: rx.Var[int]

    # A file has arrived.
    on_done: rx.EventHandler[rx.event.no_args_event_spec]
