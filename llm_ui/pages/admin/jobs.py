"""Work in the background, and the backups that it makes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.admin import admin_page
from llm_ui.components.confirming import confirm_dialog
from llm_ui.components.text import duration, file_size, number, t, t_of, when
from llm_ui.components.ui import settings
from llm_ui.schemas.jobs import BackupItem, JobItem
from llm_ui.services.jobs import KINDS, STATUSES
from llm_ui.states.auth import AuthState
from llm_ui.states.jobs import CONFIRM, JobsState

MENU = "start-job-menu"
Job = rx.Var[JobItem]
Backup = rx.Var[BackupItem]
# What the menu starts: kind, icon.
STARTS = (
    ("backup", "archive"),
    ("models_sync", "refresh-cw"),
    ("search_reindex", "scan-search"),
    ("retention", "eraser"),
)
DAYS = ("0", "1", "7", "30")
KEPT = ("3", "7", "14", "30", "0")
# How soon the page looks again: while something is going on, and otherwise.
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


def _what(job: Job) -> rx.Component:
    by = rx.cond(
        job.user != "",
        t("jobs.by", user=job.user, when=when(job.created_at)),
        t("jobs.by_itself", when=when(job.created_at)),
    )
    return rx.el.td(
        rx.el.span(t_of("jobs.kind.", job.kind), class_name="lu-table__name lu-job__kind"),
        rx.el.span(by, class_name="lu-table__detail"),
        class_name="lu-job__what",
    )


def _status(job: Job) -> rx.Component:
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
            aria_label=t_of("jobs.kind.", job.kind),
            class_name="lu-progress",
            data_testid="job-progress",
        ),
        rx.el.span(percent, " %", class_name="lu-job__percent"),
        class_name="lu-job__bar",
    )
    return rx.el.td(
        ui.badge(word, _tone(job.status), data_testid="job-status"),
        rx.cond(job.status == "running", bar),
        class_name="lu-job__status",
    )


def _outcome(job: Job) -> rx.Component:
    looks = {"class_name": "lu-job__link", "data_testid": "job-link"}
    words = (ui.icon("download", 14), rx.el.span(job.made))
    # Taking a backup away may ask for the password first. Its name stands before the end.
    backup = rx.el.button(
        *words, type="button", on_click=JobsState.take_backup(job.link.split("/")[-2]), **looks
    )
    link = rx.el.a(
        *words, href=job.link, download=True, custom_attrs={"reloadDocument": True}, **looks
    )
    made = rx.cond(
        job.link != "",
        rx.cond(job.kind == "backup", backup, link),
        rx.el.span(job.made, data_testid="job-made"),
    )
    words = rx.match(
        job.status,
        ("running", rx.el.span(job.note, class_name="lu-job__note", data_testid="job-note")),
        ("done", made),
        rx.cond(
            job.error != "",
            rx.el.span(
                job.error,
                class_name=rx.cond(job.status == "failed", "lu-job__error", "lu-job__note"),
                data_testid="job-error",
            ),
        ),
    )
    return rx.el.td(words, class_name="lu-table__wide lu-job__outcome")


def _actions(job: Job) -> rx.Component:
    cancel = ui.button(
        t("jobs.cancel"),
        small=True,
        on_click=JobsState.cancel_job(job.id),
        data_testid="job-cancel",
    )
    again = ui.button(
        ui.icon("rotate-ccw", 14),
        t("jobs.retry"),
        small=True,
        on_click=JobsState.retry_job(job.id),
        data_testid="job-retry",
    )
    return rx.el.td(
        rx.cond(job.can_cancel, cancel, rx.cond(job.can_retry, again)),
        class_name="lu-job__do lu-job__do--corner",
    )


def _job(job: Job) -> rx.Component:
    took = rx.cond(job.duration_ms >= 0, duration(job.duration_ms), "")
    return rx.el.tr(
        _what(job),
        _status(job),
        _outcome(job),
        rx.el.td(took, class_name="lu-table__num lu-table__quiet"),
        _actions(job),
        key=job.id,
        data_testid="job-row",
    )


def _options(prefix: str, names: Any, anything: str) -> rx.Component:
    return rx.fragment(
        rx.el.option(t(anything), value=""),
        *[rx.el.option(t(f"{prefix}{name}"), value=name) for name in names],
    )


def _filters() -> rx.Component:
    status = settings.choice(
        _options("jobs.status.", STATUSES, "jobs.any_status"),
        label=t("jobs.status"),
        value=JobsState.status,
        on_change=JobsState.show_status,
        class_name="lu-jobs__choice",
        data_testid="job-filter-status",
    )
    kind = settings.choice(
        _options("jobs.kind.", KINDS, "jobs.any_kind"),
        label=t("jobs.kind"),
        value=JobsState.kind,
        on_change=JobsState.show_kind,
        class_name="lu-jobs__choice",
        data_testid="job-filter-kind",
    )
    return rx.el.div(status, kind, class_name="lu-jobs__filters")


def _nothing() -> rx.Component:
    is_filtered = (JobsState.status != "") | (JobsState.kind != "")
    return rx.cond(
        is_filtered,
        ui.empty_state(
            t("jobs.no_match_title"), t("jobs.no_match_text"), test_id="no-matching-jobs"
        ),
        ui.empty_state(t("jobs.empty_title"), t("jobs.empty_text"), test_id="no-jobs"),
    )


def _jobs() -> rx.Component:
    headings = (
        (t("jobs.job"), ""),
        (t("jobs.status"), ""),
        (t("jobs.outcome"), ""),
        (t("jobs.took"), "lu-table__num"),
        (rx.el.span(t("jobs.actions"), class_name="lu-sr"), ""),
    )
    rows = rx.foreach(JobsState.jobs, _job)
    more = rx.cond(
        JobsState.has_more,
        ui.button(
            t("common.more"),
            look="ghost",
            wide=True,
            on_click=JobsState.load_more,
            data_testid="more-jobs",
        ),
    )
    return ui.card(
        rx.cond(
            JobsState.jobs.length() > 0,
            rx.fragment(ui.table(headings, rows, label=t("jobs.title"), test_id="jobs"), more),
            _nothing(),
        ),
        title=t("jobs.list"),
        extra=_filters(),
        class_name="lu-jobs",
    )


# --- backups -------------------------------------------------------------------------------


def _backup(backup: Backup) -> rx.Component:
    inside = rx.cond(
        backup.is_damaged,
        ui.badge(t("backups.damaged"), "danger"),
        rx.fragment(
            t("backups.inside", rows=number(backup.rows), files=number(backup.files)),
            rx.cond(
                backup.missing > 0,
                rx.fragment(
                    " ",
                    ui.badge(t("backups.missing", count=number(backup.missing)), "danger"),
                ),
            ),
        ),
    )
    name = rx.el.td(
        rx.el.span(when(backup.made_at), class_name="lu-table__name"),
        rx.el.span(backup.name, class_name="lu-table__detail"),
        class_name="lu-table__wide",
    )
    take = ui.icon_button(
        "download",
        t("backups.download", name=backup.name),
        small=True,
        on_click=JobsState.take_backup(backup.name),
        data_testid="backup-download",
    )
    check = ui.button(
        t("backups.check"),
        small=True,
        disabled=backup.is_damaged,
        on_click=JobsState.check_backup(backup.name),
        data_testid="backup-check",
    )
    delete = ui.icon_button(
        "trash-2",
        t("backups.delete_label", name=backup.name),
        small=True,
        on_click=JobsState.ask_to_delete(backup.name),
        data_testid="backup-delete",
    )
    return rx.el.tr(
        name,
        rx.el.td(file_size(backup.size), class_name="lu-table__num lu-table__quiet"),
        rx.el.td(inside, class_name="lu-table__quiet"),
        rx.el.td(
            rx.el.div(check, take, delete, class_name="lu-job__buttons"), class_name="lu-job__do"
        ),
        key=backup.name,
        data_testid="backup-row",
    )


def _days_option(days: str) -> rx.Component:
    return rx.el.option(t(f"backups.days.{days}"), value=days)


def _kept_option(count: str) -> rx.Component:
    words = t("backups.kept_all") if count == "0" else t("backups.kept", newest=int(count))
    return rx.el.option(words, value=count)


def _plan() -> rx.Component:
    """How often, and how many. What was set elsewhere to another number is shown as it is."""
    days = settings.choice(
        rx.fragment(
            *[_days_option(each) for each in DAYS],
            rx.cond(
                ~rx.Var.create(list(DAYS)).contains(JobsState.backup_days),
                rx.el.option(
                    t("backups.days.other", days=JobsState.backup_days),
                    value=JobsState.backup_days,
                ),
            ),
        ),
        label=t("backups.often"),
        value=JobsState.backup_days,
        on_change=JobsState.set_backup_days,
        data_testid="backup-days",
    )
    kept = settings.choice(
        rx.fragment(
            *[_kept_option(each) for each in KEPT],
            rx.cond(
                ~rx.Var.create(list(KEPT)).contains(JobsState.backups_kept),
                rx.el.option(
                    t("backups.kept", newest=JobsState.backups_kept), value=JobsState.backups_kept
                ),
            ),
        ),
        label=t("backups.keep"),
        value=JobsState.backups_kept,
        on_change=JobsState.set_backups_kept,
        data_testid="backups-kept",
    )
    return rx.el.div(
        settings.setting(t("backups.often"), t("backups.often_text"), days),
        settings.setting(t("backups.keep"), t("backups.keep_text"), kept),
        class_name="lu-section lu-backups__plan",
    )


def _backups() -> rx.Component:
    headings = (
        (t("backups.made_at"), ""),
        (t("backups.size"), "lu-table__num"),
        (t("backups.contents"), ""),
        (rx.el.span(t("jobs.actions"), class_name="lu-sr"), ""),
    )
    rows = rx.foreach(JobsState.backups, _backup)
    now = ui.button(
        ui.icon("archive", 16),
        t("backups.now"),
        small=True,
        on_click=JobsState.start_job("backup"),
        data_testid="backup-now",
    )
    return ui.card(
        rx.el.p(
            t("backups.text"),
            " ",
            rx.el.code("python3 dev.py restore …"),
            " ",
            t("backups.text_keys"),
            class_name="lu-backups__text",
        ),
        rx.cond(
            JobsState.backups.length() > 0,
            ui.table(headings, rows, label=t("backups.title"), test_id="backups"),
            ui.empty_state(t("backups.empty_title"), t("backups.empty_text"), test_id="no-backups"),
        ),
        _plan(),
        title=t("backups.title"),
        extra=now,
        class_name="lu-jobs",
    )


def _delete_dialog() -> rx.Component:
    return settings.confirm(
        CONFIRM,
        t("backups.delete_text", name=JobsState.doomed),
        title=t("backups.delete"),
        yes=t("backups.delete"),
        no=t("common.cancel"),
        on_yes=JobsState.delete_backup,
        test_id=CONFIRM,
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
        on_click=JobsState.start_job(kind),
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
    body = rx.cond(
        JobsState.loaded,
        rx.fragment(
            _jobs(),
            _backups(),
            ui.timer(
                ms=rx.cond(JobsState.is_active, SOON_MS, LATER_MS),
                of=JobsState.beat.to_string(),
                awake=True,
                on_done=JobsState.look_again,
            ),
        ),
        _waiting(),
    )
    return rx.fragment(
        admin_page(
            "/admin/jobs",
            t("jobs.title"),
            t("jobs.subtitle"),
            body,
            extra=_menu(),
            test_id="jobs-page",
        ),
        _delete_dialog(),
        confirm_dialog(),
    )


def register(app: rx.App) -> None:
    """Add the page."""
    app.add_page(
        jobs,
        route="/admin/jobs",
        title=t("jobs.page"),
        on_load=[AuthState.require_admin, JobsState.load_jobs],
    )
