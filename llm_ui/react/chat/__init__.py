"""The components of a conversation: answers, their log, the composer."""

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
    """One answer. While `live`, it shows what is streamed to the state for `run`.

    The stream consists of three vars of the state named `state_name`: `current_response` and
    `current_reasoning`, each `{"g": run, "o": offset, "t": text}`, and `current_sources`,
    `{"g": run, "s": sources}`. When `live` ends, `text` and `reasoning` take over; what is already
    on the screen is not rendered again.
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

    # A piece was missed: (run, UTF-16 offset up to which the text is complete).
    on_gap: rx.EventHandler[_Gap]
    # Nothing has arrived for a while: (run); what it is waiting for comes as `current_waiting`.
    on_wait: rx.EventHandler[rx.event.passthrough_event_spec(int)]


class MessageChanges(rx.Component):
    """Renders nothing. It applies the changes in the var `message_changes` to the page's own
    `messages`, both of the state named `state_name`."""

    library = _FILES["changes.jsx"]
    tag = "MessageChanges"

    state_name: rx.Var[str]

    # A change was missed: all messages must be sent again.
    on_gap: rx.EventHandler[rx.event.no_args_event_spec]


class ChatLog(rx.Component):
    """A scrolling conversation that stays scrolled to the end as long as the reader is at the end.

    Its children are the rows, each in a LogRow. LogRows, and children with a `data-id`, count as
    rows; other children (such as a note above them) don't.
    """

    library = _FILES["log.jsx"]
    tag = "ChatLog"

    has_earlier: rx.Var[bool]
    # The conversation continues below the last row, so the end of the log is not its end.
    has_later: rx.Var[bool]
    # {"n", "id"}: the message to scroll to, highlight and focus, for each new `n`; "" for none.
    aim: rx.Var[dict[str, Any]]
    jump_label: rx.Var[str]
    label: rx.Var[str]

    # The top, or the end, is near and there is more: fired once for each first, or last, row.
    on_reach_top: rx.EventHandler[rx.event.no_args_event_spec]
    on_reach_end: rx.EventHandler[rx.event.no_args_event_spec]
    # The reader wants to jump to the end of the conversation, which isn't loaded yet.
    on_newest: rx.EventHandler[rx.event.no_args_event_spec]


class LogRow(rx.Component):
    """A row of a ChatLog. Its content is rendered only near the visible part."""

    library = _FILES["log.jsx"]
    tag = "LogRow"


class Composer(rx.Component):
    """The message field; its children are placed at the left of its lower bar.

    `ack` is the last key that the server accepted: until then, the text is kept in case of a
    reload. `refused` is the key of a message that was refused: its text is restored to the draft of
    the chat (`draft_key`) that it was sent from.
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
    # Required for attachments: attach, drop, pasted, notReady, count, and those of
    # react.files.UploadBox.
    file_labels: rx.Var[dict[str, Any]]
    # The maximum number of files per message.
    max_files: rx.Var[int]

    # The IDs of the next message's files, as a JSON list; fired just before on_send.
    on_files: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    # (text, key): the key is generated here, and stays the same if the same message is sent again.
    on_send: rx.EventHandler[_Sent]
    on_stop: rx.EventHandler[rx.event.no_args_event_spec]


class EnterChoice(rx.Component):
    """What the Enter key does in this browser. Labels: title, auto, send, line."""

    library = _FILES["enter.jsx"]
    tag = "EnterChoice"

    labels: rx.Var[dict[str, Any]]


class CopyButton(rx.Component):
    """Copies `text`, and briefly confirms it."""

    library = _FILES["small.jsx"]
    tag = "CopyButton"
    lib_dependencies: list[str] = PACKAGES

    text: rx.Var[str]
    label: rx.Var[str]
    copied_label: rx.Var[str]


class Making(rx.Component):
    """A placeholder for an image being created, `since` an ISO time."""

    library = _FILES["pictures.jsx"]
    tag = "Making"

    label: rx.Var[str]
    since: rx.Var[str]


class Pictures(rx.Component):
    """Images of an answer, which can be enlarged and downloaded. `alt` is their alternative text.
    Labels: enlarge, download, close, gone (for a deleted image)."""

    library = _FILES["pictures.jsx"]
    tag = "Pictures"

    files: rx.Var[list[dict[str, Any]]]
    alt: rx.Var[str]
    labels: rx.Var[dict[str, Any]]


class Question(rx.Component):
    """A question, which can be edited in place; its children are placed among the buttons below it.
    A question with files (`bare`) may have no text. Labels: edit, edit_label, edit_note, edit_send,
    cancel, too_long."""

    library = _FILES["question.jsx"]
    tag = "Question"

    text: rx.Var[str]
    bare: rx.Var[bool]
    hint: rx.Var[str]
    labels: rx.Var[dict[str, Any]]

    # (text, key): the key is generated here, and stays the same if the same text is sent again.
    on_edit: rx.EventHandler[_Sent]


class RelativeTime(rx.Component):
    """The time elapsed since `iso`, in the page's language; the full date is shown on hover."""

    library = _FILES["small.jsx"]
    tag = "RelativeTime"
    lib_dependencies: list[str] = PACKAGES

    iso: rx.Var[str]
