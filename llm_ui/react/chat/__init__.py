"""The conversation's components: answers, their log, the composer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link
from llm_ui.react.markdown import PACKAGES

_FILES = link(
    "aim.js",
    "answer.jsx",
    "boundary.jsx",
    "changes.jsx",
    "composer.jsx",
    "enter.jsx",
    "field.js",
    "follow.js",
    "go.jsx",
    "icons.jsx",
    "log.jsx",
    "outbox.js",
    "pictures.jsx",
    "pin.js",
    "plain.js",
    "prose.js",
    "question.jsx",
    "small.jsx",
    "sources.jsx",
    "waiting.jsx",
)

_Gap = rx.event.passthrough_event_spec(int, int)
_Sent = rx.event.passthrough_event_spec(str, str)


class Answer(rx.Component):
    """One answer. While `live` it shows what the state's stream brings for `run`.

    The stream is the two vars `current_response` and `current_reasoning` of the
    state named `state_name`, each `{"g": run, "o": offset, "t": text}`, and
    `current_sources`, `{"g": run, "s": sources}`. When `live`
    ends, `text` and `reasoning` are what counts; what is on the screen already is
    not rendered again.
    """

    library = _FILES["answer.jsx"]
    tag = "Answer"
    lib_dependencies: list[str] = PACKAGES

    text: rx.Var[str]
    reasoning: rx.Var[str]
    thinking_ms: rx.Var[int]
    sources: rx.Var[list[dict[str, Any]]]
    run: rx.Var[int]
    live: rx.Var[bool]
    state_name: rx.Var[str]
    labels: rx.Var[dict[str, Any]]

    # Something was missed: (run, how many UTF-16 units are there).
    on_gap: rx.EventHandler[_Gap]
    # It has not begun for a while: (run); what it waits for comes as `current_waiting`.
    on_wait: rx.EventHandler[rx.event.passthrough_event_spec(int)]


class MessageChanges(rx.Component):
    """Shows nothing: puts the changes of the var `message_changes` into the page's own
    `messages`, both of the state named `state_name`."""

    library = _FILES["changes.jsx"]
    tag = "MessageChanges"

    state_name: rx.Var[str]

    # A change was missed: the messages must come whole again.
    on_gap: rx.EventHandler[rx.event.no_args_event_spec]


class ChatLog(rx.Component):
    """A scrolling conversation that stays at its end while the reader is there.

    Its children are the rows, each in a LogRow; those, and rows that carry a `data-id`,
    are told from other children (a note above them, say).
    """

    library = _FILES["log.jsx"]
    tag = "ChatLog"

    has_earlier: rx.Var[bool]
    # The conversation goes on below the last row: its end is then not the log's.
    has_later: rx.Var[bool]
    # {"n", "id"}: the message to show, mark and focus, at each new `n`; "" for none.
    aim: rx.Var[dict[str, Any]]
    jump_label: rx.Var[str]
    label: rx.Var[str]

    # The top, or the end, is near and there is more: once for each row that is the first,
    # or the last.
    on_reach_top: rx.EventHandler[rx.event.no_args_event_spec]
    on_reach_end: rx.EventHandler[rx.event.no_args_event_spec]
    # The reader wants to be at the conversation's end, which is not there yet.
    on_newest: rx.EventHandler[rx.event.no_args_event_spec]


class LogRow(rx.Component):
    """A row of a ChatLog: while it is far from what is seen, its content is not there."""

    library = _FILES["log.jsx"]
    tag = "LogRow"


class Composer(rx.Component):
    """Where messages are written; its children stand at the left of its lower bar.

    `ack` is the last key that the server accepted: until it comes, the text is kept
    for a reload. `refused` is the key of a message that it could not take: its words go back to
    the draft of the chat `draft_key` that they were sent in.
    """

    library = _FILES["composer.jsx"]
    tag = "Composer"

    busy: rx.Var[bool]
    disabled: rx.Var[bool]
    placeholder: rx.Var[str]
    refused: rx.Var[str]
    draft_key: rx.Var[str]
    ack: rx.Var[str]
    max_chars: rx.Var[int]
    send_label: rx.Var[str]
    stop_label: rx.Var[str]
    input_label: rx.Var[str]
    too_long_label: rx.Var[str]
    pending_label: rx.Var[str]
    # Without these nothing can be attached: attach, drop, pasted, notReady, count, and those
    # of react.files.UploadBox.
    file_labels: rx.Var[dict[str, Any]]
    # How many files one message takes.
    max_files: rx.Var[int]

    # The ids of the next message's files, as a JSON list; just before on_send.
    on_files: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    # (text, key): the key is made here, and the same for the same message sent twice.
    on_send: rx.EventHandler[_Sent]
    on_stop: rx.EventHandler[rx.event.no_args_event_spec]


class EnterChoice(rx.Component):
    """What the Enter key does in this browser. Labels: title, auto, send, line."""

    library = _FILES["enter.jsx"]
    tag = "EnterChoice"

    labels: rx.Var[dict[str, Any]]


class CopyButton(rx.Component):
    """Copies `text` and shows for a moment that it did."""

    library = _FILES["small.jsx"]
    tag = "CopyButton"
    lib_dependencies: list[str] = PACKAGES

    text: rx.Var[str]
    label: rx.Var[str]
    copied_label: rx.Var[str]


class Making(rx.Component):
    """Stands where an image is being made, `since` an ISO time."""

    library = _FILES["pictures.jsx"]
    tag = "Making"

    label: rx.Var[str]
    since: rx.Var[str]


class Pictures(rx.Component):
    """Images of an answer, each of which opens large and can be downloaded. `alt` stands for
    them. Labels: enlarge, download, close, gone (there is none any more)."""

    library = _FILES["pictures.jsx"]
    tag = "Pictures"

    files: rx.Var[list[dict[str, Any]]]
    alt: rx.Var[str]
    labels: rx.Var[dict[str, Any]]


class Question(rx.Component):
    """A question, which can be put in other words in its place; its children stand among
    the buttons below it. One with files (`bare`) may be without words. Labels: edit,
    edit_label, edit_note, edit_send, cancel, too_long.
    """

    library = _FILES["question.jsx"]
    tag = "Question"

    text: rx.Var[str]
    bare: rx.Var[bool]
    hint: rx.Var[str]
    labels: rx.Var[dict[str, Any]]

    # (text, key): the key is made here, and the same for the same words sent twice.
    on_edit: rx.EventHandler[_Sent]


class RelativeTime(rx.Component):
    """How long ago `iso` was, in the page's language; the full date on hovering."""

    library = _FILES["small.jsx"]
    tag = "RelativeTime"
    lib_dependencies: list[str] = PACKAGES

    iso: rx.Var[str]
