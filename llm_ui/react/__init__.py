"""Wrapped React components, without state: the parts of a page that have to be fast.

Their styles are in assets/styles, in the folders of their packages.
"""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from llm_ui.react.chat import (
    Answer,
    ChatLog,
    Composer,
    CopyButton,
    EnterChoice,
    LogRow,
    Making,
    MessageChanges,
    Pictures,
    Question,
    RelativeTime,
)
from llm_ui.react.files import ModelUpload, UploadBox
from llm_ui.react.finding import ChatWindow, FoundList, Palette, Shortcuts
from llm_ui.react.session import AuthForm, LinkForm, SetupForm, SignOutButton

Text = str | rx.Var[str]


def answer(
    text: Text = "",
    *,
    run: int | rx.Var[int] = 0,
    live: bool | rx.Var[bool] = False,
    reasoning: Text = "",
    state_name: str = "",
    labels: dict[str, Any] | None = None,
    **props: Any,
) -> rx.Component:
    """One answer, live or finished. Events: `on_gap(run, have_offset)`.

    Labels: thinking, reasoning, copy_code, copied, code_fold, code_save, code_wrap, footnote (with
    {name}), show_image, thinking_for and thought_for (with {value}), sources, more_sources (with
    {count}), source (with {number}), reading (with {host}), searching, and problems, by name.
    """
    return Answer.create(
        text=text,
        run=run,
        live=live,
        reasoning=reasoning,
        state_name=state_name,
        labels=labels or {},
        **props,
    )


def live_answer(
    run: int | rx.Var[int], *, state_name: str, labels: dict[str, Any] | None = None, **props: Any
) -> rx.Component:
    """An answer that is always live. Events: `on_gap(run, have_offset)`."""
    return answer(run=run, live=True, state_name=state_name, labels=labels, **props)


def markdown(text: Text, *, labels: dict[str, Any] | None = None, **props: Any) -> rx.Component:
    """Finished Markdown. Labels: copy_code, copied, code_fold, code_save, code_wrap,
    footnote (with {name}), show_image."""
    return answer(text, labels=labels, **props)


def chat_log(*children: Any, jump_label: Text, **props: Any) -> rx.Component:
    """The scrolling rows of a conversation. Events: `on_reach_top()`, `on_reach_end()`,
    `on_newest()`."""
    return ChatLog.create(*children, jump_label=jump_label, **props)


def enter_choice(labels: dict[str, Any]) -> rx.Component:
    """What the Enter key does in this browser. Labels: title, auto, send, line."""
    return EnterChoice.create(labels=labels)


def log_row(*children: Any, **props: Any) -> rx.Component:
    """A row of a conversation, rendered only while it is near the visible part."""
    return LogRow.create(*children, **props)


def message_changes(*, state_name: str, **props: Any) -> rx.Component:
    """Keeps the page's `messages` in sync. Events: `on_gap()`."""
    return MessageChanges.create(state_name=state_name, **props)


def composer(*left: Any, send_label: Text, stop_label: Text, **props: Any) -> rx.Component:
    """The message field. Events: `on_files(ids)`, `on_send(text, key)`, `on_stop()`."""
    return Composer.create(*left, send_label=send_label, stop_label=stop_label, **props)


def model_upload(*, labels: dict[str, Any], **props: Any) -> rx.Component:
    """Upload of a model file. Events: `on_done()`; see ModelUpload for the labels."""
    return ModelUpload.create(labels=labels, **props)


def upload_box(*, labels: dict[str, Any], **props: Any) -> rx.Component:
    """Upload of files. Events: `on_done()`, `on_files(ids)`; see UploadBox for the labels."""
    return UploadBox.create(labels=labels, **props)


def copy_button(
    text: Text, label: Text, *, copied_label: Text | None = None, **props: Any
) -> rx.Component:
    """A small button that copies `text`."""
    props.setdefault("class_name", "lu-icon-button lu-icon-button--small")
    if copied_label is not None:
        props["copied_label"] = copied_label
    return CopyButton.create(text=text, label=label, **props)


def making(label: Text, *, since: Text = "") -> rx.Component:
    """A placeholder for an image that is being created."""
    return Making.create(label=label, since=since)


def pictures(files: Any, *, alt: Text, labels: dict[str, Any]) -> rx.Component:
    """Images created by a model; see Pictures for the labels."""
    return Pictures.create(files=files, alt=alt, labels=labels)


def question(*actions: Any, text: Text, labels: dict[str, Any], **props: Any) -> rx.Component:
    """A question with its buttons. Events: `on_edit(text, key)`."""
    return Question.create(*actions, text=text, labels=labels, **props)


def relative_time(iso: Text, **props: Any) -> rx.Component:
    """The time elapsed since `iso`."""
    return RelativeTime.create(iso=iso, **props)


def chat_window(*rows: Any, **props: Any) -> rx.Component:
    """The rendered part of a long list. Events: `on_window(start)`."""
    return ChatWindow.create(*rows, **props)


def found_list(hits: Any, **props: Any) -> rx.Component:
    """Search results."""
    return FoundList.create(hits=hits, **props)


def command_palette(*, labels: dict[str, Any], **props: Any) -> rx.Component:
    """The command palette. Events: `on_search(number, query)`, `on_model(id)`.

    Labels: title, placeholder, recent, chats, commands, models, none, close, untitled, archived.
    """
    return Palette.create(labels=labels, **props)


def shortcuts(rows: list[dict[str, Any]], *, labels: dict[str, Any]) -> rx.Component:
    """The keyboard shortcuts and their overview. Labels: title, single, close, ctrl."""
    return Shortcuts.create(rows=rows, labels=labels)


def auth_form(
    *children: Any, mode: Literal["login", "register"], labels: dict[str, Any], **props: Any
) -> rx.Component:
    """The sign-in or registration form; `children` are shown below its button.

    Labels: email, username, username_hint, password, password_hint, show_password, hide_password,
    submit, busy, unreachable.
    """
    return AuthForm.create(*children, mode=mode, labels=labels, **props)


def link_form(
    *over: Any, mode: Literal["join", "reset"], labels: dict[str, Any], **props: Any
) -> rx.Component:
    """The form of an invitation or a reset link; `over` is shown if the link is invalid.

    Labels: those of `auth_form`.
    """
    return LinkForm.create(*over, mode=mode, labels=labels, **props)


def setup_form(*elsewhere: Any, needs: Any, labels: dict[str, Any], **props: Any) -> rx.Component:
    """The form of the first account; `elsewhere` is shown if it `needs` the setup link, and the
    browser doesn't have it.

    Labels: those of `auth_form`.
    """
    return SetupForm.create(*elsewhere, needs=needs, labels=labels, **props)


def sign_out_button(label: Text, **props: Any) -> rx.Component:
    """A button that ends the session."""
    props.setdefault("class_name", "lu-menu__item")
    return SignOutButton.create(label=label, **props)
