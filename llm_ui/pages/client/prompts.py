"""The prompt library."""

from __future__ import annotations

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.frames.client_frame import client_page
from llm_ui.components.text import t, when
from llm_ui.components.ui import settings
from llm_ui.react.prompts import prompt_area
from llm_ui.schemas.prompts.prompts import PromptItem
from llm_ui.states.auth_state import AuthState
from llm_ui.states.chat_state import ChatState
from llm_ui.states.prompts.prompts import CONFIRM, FORM, PromptsState

TEXT_LIMIT = 20_000


def _tag(tag: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        tag,
        type="button",
        class_name=rx.cond(tag == PromptsState.tag, "lu-mark-tag lu-mark-tag--on", "lu-mark-tag"),
        custom_attrs={"aria-pressed": rx.cond(tag == PromptsState.tag, "true", "false")},
        on_click=PromptsState.show_tag(tag),
        data_testid="prompt-tag",
    )


def _finder() -> rx.Component:
    field = rx.el.input(
        type="search",
        placeholder=t("prompts.search"),
        aria_label=t("prompts.search"),
        class_name="lu-input lu-finder__field",
        on_change=PromptsState.search.debounce(200),
        data_testid="prompt-search",
    )
    tags = rx.el.div(
        rx.foreach(PromptsState.tags, _tag),
        role="group",
        aria_label=t("prompts.tags"),
        class_name="lu-marks",
    )
    return rx.el.div(
        field, rx.cond(PromptsState.tags.length() > 0, tags), class_name="lu-stack lu-gap-3"
    )


def _badge(tag: rx.Var[str]) -> rx.Component:
    return ui.badge(tag)


def _marks(prompt: rx.Var[PromptItem]) -> rx.Component:
    shared = rx.cond(
        prompt.is_own,
        rx.cond(prompt.is_public, ui.badge(t("prompts.is_public"), "ok")),
        ui.badge(t("prompts.by", name=prompt.owner)),
    )
    return rx.el.div(
        shared,
        rx.foreach(prompt.tags, _badge),
        rx.foreach(prompt.variables, lambda name: rx.el.code(name, class_name="lu-variable")),
        class_name="lu-marks",
    )


def _actions(prompt: rx.Var[PromptItem]) -> rx.Component:
    own = rx.fragment(
        ui.icon_button(
            "pencil",
            t("prompts.edit_named", name=prompt.name),
            small=True,
            on_click=PromptsState.open_prompt(prompt.id),
            data_testid="prompt-edit",
        ),
        ui.icon_button(
            "trash-2",
            t("prompts.delete_named", name=prompt.name),
            small=True,
            on_click=PromptsState.ask_to_delete(prompt.id),
            data_testid="prompt-delete",
        ),
    )
    foreign = ui.icon_button(
        "copy-plus",
        t("prompts.copy_named", name=prompt.name),
        small=True,
        on_click=PromptsState.copy_prompt(prompt.id),
        data_testid="prompt-copy",
    )
    return rx.el.div(
        rx.cond(prompt.is_own, own, foreign),
        ui.link_button(
            t("prompts.use"),
            href="/chat?prompt=" + prompt.id,
            aria_label=t("prompts.use_named", name=prompt.name),
            class_name="lu-button--small",
            data_testid="prompt-use",
        ),
        class_name="lu-prompt__actions",
    )


def _prompt(prompt: rx.Var[PromptItem]) -> rx.Component:
    name = rx.el.button(
        prompt.name,
        type="button",
        class_name="lu-prompt__name",
        on_click=PromptsState.open_prompt(prompt.id),
        data_testid="prompt-open",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.h2(name, data_tip=when(prompt.updated_at)),
            rx.el.p(prompt.excerpt, class_name="lu-quiet lu-clamp-2"),
            _marks(prompt),
            class_name="lu-prompt__words lu-stack lu-grow lu-gap-2",
        ),
        _actions(prompt),
        key=prompt.id,
        class_name="lu-card lu-prompt",
        data_testid="prompt-item",
    )


def _new(test_id: str = "new-prompt") -> rx.Component:
    return ui.button(
        ui.icon("plus", 16),
        t("prompts.new"),
        look="primary",
        small=True,
        on_click=PromptsState.new_prompt,
        data_testid=test_id,
    )


def _nothing() -> rx.Component:
    filtered = (PromptsState.query != "") | (PromptsState.tag != "")
    return rx.cond(
        filtered,
        ui.empty_state(t("prompts.none_title"), t("prompts.none_text"), test_id="no-match"),
        ui.empty_state(
            t("prompts.empty_title"),
            t("prompts.empty_text"),
            _new("first-prompt"),
            test_id="no-prompts",
        ),
    )


def _list() -> rx.Component:
    more = rx.cond(
        PromptsState.has_more,
        ui.button(t("common.more"), on_click=PromptsState.load_more, data_testid="more-prompts"),
    )
    items = rx.el.ul(rx.foreach(PromptsState.prompts, _prompt), class_name="lu-stack lu-gap-3")
    return rx.cond(PromptsState.prompts.length() > 0, rx.fragment(items, more), _nothing())


def _waiting() -> rx.Component:
    shapes = [
        rx.el.div(
            ui.skeleton("30%"), ui.skeleton("85%"), class_name="lu-card lu-stack lu-gap-3 lu-pad-5"
        )
        for _ in range(4)
    ]
    return ui.waiting(*shapes, label=t("app.loading"), class_name="lu-stack lu-gap-3")


def _form() -> rx.Component:
    s = PromptsState
    labels = {
        "label": t("prompts.text"),
        "hint": t("prompts.text_hint"),
        "variables": t("prompts.variables"),
    }
    fields = rx.el.div(
        ui.field(
            t("prompts.name"),
            "prompt-name",
            default_value=s.form_name,
            max_length=100,
            required=True,
            auto_complete="off",
            read_only=~s.form_own,
            data_testid="prompt-name",
        ),
        prompt_area(
            name="prompt-text",
            value=s.form_text,
            max_chars=TEXT_LIMIT,
            labels=labels,
            read_only=~s.form_own,
        ),
        ui.field(
            t("prompts.tags"),
            "prompt-tags",
            default_value=s.form_tags,
            hint=rx.cond(s.form_own, t("prompts.tags_hint"), ""),
            max_length=440,
            auto_complete="off",
            read_only=~s.form_own,
            data_testid="prompt-tags",
        ),
        rx.cond(
            s.form_own,
            settings.tick(
                t("prompts.public"),
                "prompt-public",
                default_checked=s.form_public,
                data_testid="prompt-public",
            ),
        ),
        settings.trouble(s.form_problem, test_id="prompt-problem"),
        key=s.form_number.to_string(),
        class_name="lu-fields",
    )
    shut = ui.close_dialog(FORM)
    actions = rx.cond(
        s.form_own,
        rx.fragment(
            ui.button(t("common.cancel"), on_click=shut),
            ui.button(t("common.save"), look="primary", type="submit", data_testid="prompt-save"),
        ),
        rx.fragment(
            ui.button(t("common.close"), on_click=shut),
            rx.cond(
                AuthState.is_admin,
                ui.button(
                    t("prompts.unshare"),
                    on_click=s.unshare_prompt(s.form_id),
                    data_testid="prompt-unshare",
                ),
            ),
            ui.button(
                t("prompts.copy"),
                look="primary",
                on_click=s.copy_prompt(s.form_id),
                data_testid="prompt-copy-open",
            ),
        ),
    )
    title = rx.cond(
        s.form_own,
        rx.cond(s.form_id != "", t("prompts.edit"), t("prompts.new")),
        t("prompts.view"),
    )
    return ui.dialog(
        FORM,
        rx.el.form(
            fields,
            rx.el.div(actions, class_name="lu-dialog__actions"),
            on_submit=lambda data: s.save_prompt(
                data.to(dict[str, str])["prompt-name"],
                data.to(dict[str, str])["prompt-text"],
                data.to(dict[str, str])["prompt-tags"],
                data.to(dict[str, str])["prompt-public"] == "on",
            ),
        ),
        title=title,
        wide=True,
        test_id="prompt-form",
    )


def library() -> rx.Component:
    """The user's own prompts, and those shared by others."""
    confirm = ui.confirm(
        CONFIRM,
        t("prompts.delete_text"),
        title=t("prompts.delete_title", name=PromptsState.doomed_name),
        yes=t("prompts.delete"),
        on_yes=PromptsState.delete_prompt(PromptsState.doomed_id),
        test_id="prompt-delete-dialog",
    )
    return rx.fragment(
        client_page(
            t("prompts.title"),
            t("prompts.subtitle"),
            _finder(),
            rx.cond(PromptsState.loaded, _list(), _waiting()),
            extra=_new(),
            test_id="prompts-page",
            place="/prompts",
        ),
        _form(),
        confirm,
    )


def register(app: rx.App) -> None:
    """Add the pages of this group."""
    app.add_page(
        library,
        route="/prompts",
        title=t("prompts.page"),
        on_load=[AuthState.require_user, ChatState.load_beside, PromptsState.load_prompts],
    )
