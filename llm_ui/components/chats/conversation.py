"""The conversation: its log, its empty and loading states, and the composer below."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.answers.answer_menu import answer_menu
from llm_ui.components.answers.composer import chat_composer
from llm_ui.components.answers.context_meter import context_meter, left_out_note
from llm_ui.components.answers.image_answers import image_menu
from llm_ui.components.answers.modes import composer_hint, mode_switches
from llm_ui.components.chats.messages import message_row, pair_row
from llm_ui.components.chats.temporary import temporary_note, temporary_switch
from llm_ui.components.files.files import blind_note, composer_labels
from llm_ui.components.projects.project_files import along_line
from llm_ui.components.text import t
from llm_ui.react import chat_log, log_row, message_changes
from llm_ui.react.prompts import slash_menu
from llm_ui.schemas.chats.views import MessageView
from llm_ui.services.chats.attachments import MOST_FILES
from llm_ui.states.answers.following import FollowingState
from llm_ui.states.answers.model_choice import ModelChoiceState
from llm_ui.states.answers.modes import ModesState
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.chats.message_pages import MessagePagesState
from llm_ui.states.files.chat_files import ChatFilesState
from llm_ui.states.open_chat import OpenChatState
from llm_ui.states.sidebar import SidebarState

MODEL_CHECK_MS = 3000

SUGGESTIONS = (
    ("lightbulb", "chat.suggest_explain"),
    ("mail", "chat.suggest_write"),
    ("code", "chat.suggest_code"),
    ("scale", "chat.suggest_compare"),
)


def _suggestion(icon_name: str, key: str) -> rx.Component:
    text = t(f"{key}_text")
    put: rx.Var[Any] = rx.vars.FunctionStringVar.create("window.lu.ask").call(text)
    return rx.el.button(
        rx.el.span(ui.icon(icon_name, 16), t(key), class_name="lu-suggestion__title"),
        rx.el.span(text, class_name="lu-quiet"),
        type="button",
        on_click=rx.run_script(put),
        class_name="lu-suggestion",
        data_testid="suggestion",
    )


NEXT_STEPS = (
    ("/admin/providers", "chat.first.providers"),
    ("/admin/people", "chat.first.people"),
    ("/admin/jobs", "chat.first.backups"),
)


def _welcome() -> rx.Component:
    """Next steps, for an administrator who has no chats yet."""
    links = [ui.link(t(key), href=href, class_name="lu-link") for href, key in NEXT_STEPS]
    return rx.fragment(
        rx.el.h2(t("chat.first.title", name=AuthState.username), class_name="lu-greeting__title"),
        rx.el.p(t("chat.first.text"), class_name="lu-greeting__model"),
        rx.el.ul(
            rx.cond(
                ModelChoiceState.model_name != "",
                rx.el.li(t("chat.first.ask", model=ModelChoiceState.model_name)),
            ),
            *[rx.el.li(link) for link in links],
            class_name="lu-greeting__steps",
            data_testid="next-steps",
        ),
    )


def _greeting() -> rx.Component:
    hello = rx.fragment(
        rx.el.h2(t("chat.greeting", name=AuthState.username), class_name="lu-greeting__title"),
        rx.cond(
            ModelChoiceState.model_name != "",
            rx.el.p(
                t("chat.talking_to", model=ModelChoiceState.model_name),
                class_name="lu-greeting__model",
            ),
        ),
    )
    return rx.el.section(
        rx.cond(AuthState.is_admin & (SidebarState.chats_total == 0), _welcome(), hello),
        rx.el.div(
            *[_suggestion(*suggestion) for suggestion in SUGGESTIONS],
            role="group",
            aria_label=t("chat.suggest"),
            class_name="lu-suggestions",
        ),
        temporary_switch(),
        class_name="lu-greeting",
        data_testid="empty-chat",
    )


def _no_models() -> rx.Component:
    starting = rx.cond(ModelChoiceState.models_starting, rx.el.p(t("chat.no_models_starting")))
    way_on = rx.cond(
        AuthState.is_admin,
        rx.fragment(
            ui.link(t("chat.no_models_add"), href="/admin/providers", class_name="lu-link"),
            rx.el.p(t("chat.no_models_server")),
            ui.link(t("chat.no_models_dashboard"), href="/admin", class_name="lu-link"),
        ),
    )
    text = rx.cond(AuthState.is_admin, t("chat.no_models_admin"), t("chat.no_models_text"))
    return rx.el.section(
        ui.empty_state(t("chat.no_models_title"), text, starting, way_on, test_id="no-models"),
        # Keep checking, so that a model that is still starting appears by itself.
        ui.timer(
            ms=MODEL_CHECK_MS,
            of=ModelChoiceState.model_checks.to_string(),
            on_done=ModelChoiceState.refresh_models,
        ),
        class_name="lu-greeting",
    )


def _skeleton() -> rx.Component:
    question = rx.el.div(ui.skeleton("46%", "40px"), class_name="lu-question")
    lines = [ui.skeleton(width) for width in ("94%", "88%", "97%", "61%")]
    return ui.waiting(
        question,
        rx.el.div(ui.skeleton("120px"), *lines, class_name="lu-answer lu-answer--waiting"),
        label=t("app.loading"),
        class_name="lu-column lu-log__waiting",
    )


def _row(message: rx.Var[MessageView], index: rx.Var[int]) -> rx.Component:
    last = (index == ChatState.messages.length() - 1) & ~ChatState.has_later
    row = rx.match(
        message.pair,
        (1, log_row(pair_row(first=message, second=ChatState.messages[index + 1]))),
        # The second answer of a comparison is part of the first one's row.
        (2, rx.fragment()),
        log_row(message_row(message=message, last=last)),
    )
    return rx.fragment(row, key=message.id)


def _log() -> rx.Component:
    earlier = rx.cond(
        ChatState.has_earlier,
        rx.el.p(t("chat.earlier"), role="status", class_name="lu-note lu-text-center"),
    )
    later = rx.cond(
        ChatState.has_later,
        rx.el.p(t("chat.later"), role="status", class_name="lu-note lu-text-center"),
    )
    origin = rx.cond(
        (ChatState.origin_id != "") & ~ChatState.has_earlier,
        rx.el.p(
            ui.icon("git-branch", 14),
            ui.link(
                t("chat.branched_from", title=ChatState.origin_title),
                href="/chat/" + ChatState.origin_id,
                class_name="lu-link",
                data_testid="branched-from",
            ),
            class_name="lu-note lu-row lu-center lu-gap-1 lu-text-center",
        ),
    )
    return chat_log(
        origin,
        earlier,
        rx.foreach(ChatState.messages, _row),
        later,
        on_reach_top=MessagePagesState.load_earlier,
        on_reach_end=MessagePagesState.load_later,
        on_newest=MessagePagesState.load_newest,
        has_earlier=ChatState.has_earlier,
        has_later=ChatState.has_later,
        aim=ChatState.aim,
        label=t("chat.log"),
        jump_label=t("chat.jump"),
    )


def _composer() -> rx.Component:
    model, also = ModelChoiceState.model_name, ModelChoiceState.also_model_name
    named = rx.cond(
        also != "",
        t("chat.placeholder_two", model=model, also=also),
        t("chat.placeholder_model", model=model),
    )
    written = rx.cond(model != "", named, t("chat.placeholder"))
    paints = ModesState.modes.contains("image")
    placeholder = rx.cond(paints, t("modes.image_placeholder"), written)
    return chat_composer(
        slash_menu(
            {
                "title": t("prompts.title"),
                "empty": t("prompts.slash_empty"),
                "failed": t("prompts.slash_failed"),
                "manage": t("prompts.slash_manage"),
                "variables_title": t("prompts.slash_variables"),
                "insert": t("prompts.slash_insert"),
                "cancel": t("common.cancel"),
            }
        ),
        mode_switches(),
        composer_hint(context_meter()),
        on_files=ChatFilesState.attach_files,
        on_stop=FollowingState.stop,
        busy=ChatState.busy,
        disabled=SidebarState.chats_loaded & (ModelChoiceState.models.length() == 0),
        placeholder=placeholder,
        draft_key=ChatState.open_chat_id,
        input_label=t("chat.placeholder"),
        file_labels=composer_labels(),
        max_files=MOST_FILES,
    )


def conversation() -> rx.Component:
    """Everything below the top bar."""
    nothing = rx.cond(ModelChoiceState.models.length() > 0, _greeting(), _no_models())
    body = rx.cond(
        ChatState.messages.length() > 0,
        _log(),
        rx.cond(ChatState.loading | ~SidebarState.chats_loaded, _skeleton(), nothing),
    )
    return rx.el.div(
        message_changes(state_name=OpenChatState.get_full_name(), on_gap=ChatState.load_chat),
        rx.el.div(body, class_name="lu-talk__body"),
        rx.el.div(
            temporary_note(),
            left_out_note(),
            along_line(),
            blind_note(),
            _composer(),
            class_name="lu-dock lu-column",
        ),
        answer_menu(),
        image_menu(),
        rx.el.div(ChatState.announcement, class_name="lu-sr", custom_attrs={"aria-live": "polite"}),
        class_name="lu-talk",
    )
