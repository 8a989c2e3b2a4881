"""Background jobs, and the backups they create."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.accounts.password_confirmation import confirm_dialog
from llm_ui.components.frames.admin_frame import add_page, admin_page
from llm_ui.components.operations.backups import backups, delete_question
from llm_ui.components.text import duration, number, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.operations.jobs import KINDS, STATUSES
from llm_ui.states.operations.jobs import JobsState

MENU = "start-job-menu"
S = JobsState
Job = rx.Var[JobItem]
# Jobs that the menu can start: type, icon.
STARTS = (
    ("backup", "archive"),
    ("models_sync", "refresh-cw"),
    ("search_reindex", "scan-search"),
    ("retention", "eraser"),
)
# How soon the page refreshes: while something is running, and otherwise.
SOON_MS, LATER_MS = 1000, 5000


def _tone(status: Any) -> Any:
    return rx.match(
        status,
        ("done", "ok"),
        ("failed", "danger"),
        ("interrupted", "warn"),
        ("running", "busy"),
        "quiet",
    )


# --- jobs ----------------------------------------------------------------------------------


def _what(job: Job) -> Any:
    by = rx.cond(
        job.user != "",
        t("jobs.by", user=job.user, when=when(job.created_at)),
        t("jobs.by_itself", when=when(job.created_at)),
    )
    kind = t_of("jobs.kind.", job.job_type)
    return (
        rx.el.span(kind, class_name="lu-table__name lu-job__kind"),
        rx.el.span(by, class_name="lu-table__detail"),
    )


def _status(job: Job) -> Any:
    word = rx.cond(
        job.cancel_requested & (job.status == "running"),
        t("jobs.stopping"),
        t_of("jobs.status.", job.status),
    )
    percent = number(round(job.progress * 100))
    bar = rx.el.div(
        rx.el.progress(
            value=job.progress,
            max=1,
            aria_label=t_of("jobs.kind.", job.job_type),
            class_name="lu-progress",
            data_testid="job-progress",
        ),
        rx.el.span(percent, " %", class_name="lu-job__percent"),
        class_name="lu-job__bar",
    )
    badge = ui.badge(word, _tone(job.status), data_testid="job-status")
    return badge, rx.cond(job.status == "running", bar)


def _outcome(job: Job) -> rx.Component:
    looks = {"class_name": "lu-job__link", "data_testid": "job-link"}
    words = (ui.icon("download", 14), rx.el.span(job.made))
    # Downloading a backup may require a step-up confirmation. The name of the backup is the
    # second-to-last part of the link.
    take = S.take_backup(job.link.split("/")[-2])
    backup = rx.el.button(*words, type="button", on_click=take, **looks)
    link = rx.el.a(
        *words, href=job.link, download=True, custom_attrs={"reloadDocument": True}, **looks
    )
    made = rx.cond(
        job.link != "",
        rx.cond(job.job_type == "backup", backup, link),
        rx.el.span(job.made, data_testid="job-made"),
    )
    error = rx.el.span(
        job.error,
        class_name=rx.cond(job.status == "failed", "lu-job__error", "lu-job__note"),
        data_testid="job-error",
    )
    note = rx.el.span(job.note, class_name="lu-job__note", data_testid="job-note")
    return rx.match(job.status, ("running", note), ("done", made), rx.cond(job.error != "", error))


def _took(job: Job) -> rx.Component:
    return rx.cond(job.duration_ms >= 0, duration(job.duration_ms), "")


def _actions(job: Job) -> rx.Component:
    cancel = ui.action(t("jobs.cancel"), S.cancel_job(job.id), "job-cancel")
    again = ui.button(
        ui.icon("rotate-ccw", 14),
        t("jobs.retry"),
        small=True,
        on_click=S.retry_job(job.id),
        data_testid="job-retry",
    )
    return rx.cond(job.can_cancel, cancel, rx.cond(job.can_retry, again))


JOB_COLUMNS = (
    ui.Column(t("jobs.job"), _what, "lu-job__what"),
    ui.Column(t("jobs.status"), _status, "lu-job__status"),
    ui.Column(t("jobs.outcome"), _outcome, "lu-table__wide lu-job__outcome"),
    ui.Column(t("jobs.took"), _took, "lu-table__quiet", number=True),
    ui.Column(t("jobs.actions"), _actions, "lu-job__do lu-job__do--corner", unseen=True),
)


def _filter(name: str, value: Any, on_change: Any, names: Any) -> rx.Component:
    return settings.choice(
        rx.fragment(*ui.options(f"jobs.{name}.", names, any_of=f"jobs.any_{name}")),
        label=t(f"jobs.{name}"),
        value=value,
        on_change=on_change,
        class_name="lu-jobs__choice",
        data_testid=f"job-filter-{name}",
    )


def _jobs() -> rx.Component:
    filters = rx.el.div(
        _filter("status", S.status, S.show_status, STATUSES),
        _filter("kind", S.kind, S.show_kind, KINDS),
        class_name="lu-jobs__filters",
    )
    nothing = rx.cond(
        (S.status != "") | (S.kind != ""),
        ui.empty_state(
            t("jobs.no_match_title"), t("jobs.no_match_text"), test_id="no-matching-jobs"
        ),
        ui.empty_state(t("jobs.empty_title"), t("jobs.empty_text"), test_id="no-jobs"),
    )
    table = ui.data_table(
        S.items, JOB_COLUMNS, label=t("jobs.title"), test_id="jobs", row_id="job-row"
    )
    more = ui.button(
        t("common.more"), look="ghost", wide=True, on_click=S.load_more, data_testid="more-jobs"
    )
    rows = rx.fragment(table, rx.cond(S.has_more, more))
    return ui.card(
        rx.cond(S.items.length() > 0, rows, nothing),
        title=t("jobs.list"),
        extra=filters,
        class_name="lu-jobs",
    )


# --- the page ------------------------------------------------------------------------------


def _start(kind: str, icon: str) -> rx.Component:
    words = rx.el.span(
        rx.el.span(t(f"jobs.kind.{kind}")),
        rx.el.span(t(f"jobs.start.{kind}"), class_name="lu-menu__note"),
        class_name="lu-menu__two",
    )
    return ui.menu_item(
        words,
        icon_name=icon,
        on_click=S.start_job(kind),
        data_testid=f"start-{kind}",
    )


def _menu() -> rx.Component:
    button = ui.button(
        ui.icon("play", 16),
        t("jobs.start"),
        small=True,
        look="primary",
        data_testid="start-job",
        custom_attrs=ui.opens(MENU),
    )
    items = [_start(*each) for each in STARTS]
    return rx.fragment(button, ui.menu(MENU, *items, label=t("jobs.start")))


def _waiting() -> rx.Component:
    cards = [
        rx.el.div(
            ui.skeleton("20%"),
            *[ui.skeleton(width, "20px") for width in ("80%", "65%", "72%")],
            class_name="lu-card lu-jobs__waiting",
        )
        for _ in range(2)
    ]
    return ui.waiting(*cards, label=t("app.loading"), class_name="lu-jobs__cards")


def jobs() -> rx.Component:
    """Every job, live; and the backups."""
    again = ui.timer(
        ms=rx.cond(S.is_active, SOON_MS, LATER_MS),
        of=S.beat.to_string(),
        awake=True,
        on_done=S.look_again,
    )
    body = rx.cond(S.loaded, rx.fragment(_jobs(), backups(), again), _waiting())
    page = admin_page(
        "/admin/jobs",
        t("jobs.title"),
        t("jobs.subtitle"),
        body,
        extra=_menu(),
        test_id="jobs-page",
    )
    return rx.fragment(page, delete_question(), confirm_dialog())


def register(app: rx.App) -> None:
    """Add the page."""
    add_page(app, jobs, "/admin/jobs", t("jobs.page"), S.load_jobs)
