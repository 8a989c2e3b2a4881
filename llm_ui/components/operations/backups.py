"""Backups on the Jobs admin page: a card, and the confirmation before a backup is deleted."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import file_size, number, t, when
from llm_ui.components.ui import settings
from llm_ui.schemas.operations.jobs import BackupItem
from llm_ui.states.operations.jobs import CONFIRM, JobsState

S = JobsState
Backup = rx.Var[BackupItem]
DAYS = ("0", "1", "7", "30")
KEPT = ("3", "7", "14", "30", "0")


def _inside(backup: Backup) -> rx.Component:
    missing = ui.badge(t("backups.missing", count=number(backup.missing)), "danger")
    return rx.cond(
        backup.is_damaged,
        ui.badge(t("backups.damaged"), "danger"),
        rx.fragment(
            t("backups.inside", rows=number(backup.rows), files=number(backup.files)),
            rx.cond(backup.missing > 0, rx.fragment(" ", missing)),
        ),
    )


def _backup_actions(backup: Backup) -> rx.Component:
    name = backup.name
    return rx.el.div(
        ui.action(
            t("backups.check"),
            S.check_backup(name),
            "backup-check",
            disabled=backup.is_damaged,
        ),
        ui.icon_action(
            "download", t("backups.download", name=name), S.take_backup(name), "backup-download"
        ),
        ui.icon_action(
            "trash-2", t("backups.delete_label", name=name), S.ask_to_delete(name), "backup-delete"
        ),
        class_name="lu-job__buttons",
    )


BACKUP_COLUMNS = (
    ui.Column(
        t("backups.made_at"),
        lambda backup: ui.named(when(backup.created_at), backup.name),
        "lu-table__wide",
    ),
    ui.Column(
        t("backups.size"), lambda backup: file_size(backup.size), "lu-table__quiet", number=True
    ),
    ui.Column(t("backups.contents"), _inside, "lu-table__quiet"),
    ui.Column(t("jobs.actions"), _backup_actions, "lu-job__do", unseen=True),
)


def _number_choice(
    name: str, value: Any, on_change: Any, test_id: str, among: tuple[str, ...], words: Any
) -> rx.Component:
    """A setting with common values to choose from; a different value that was set elsewhere is
    shown unchanged."""
    other = rx.el.option(words(value), value=value)
    options = [rx.el.option(words(each), value=each) for each in among]
    control = settings.choice(
        rx.fragment(*options, rx.cond(~rx.Var.create(list(among)).contains(value), other)),
        label=t(f"backups.{name}"),
        value=value,
        on_change=on_change,
        data_testid=test_id,
    )
    return settings.setting(t(f"backups.{name}"), t(f"backups.{name}_text"), control)


def _days(days: Any) -> rx.Var[str]:
    is_usual = isinstance(days, str)
    return t(f"backups.days.{days}") if is_usual else t("backups.days.other", days=days)


def _kept(count: Any) -> rx.Var[str]:
    if isinstance(count, str):
        return t("backups.kept", newest=int(count)) if int(count) else t("backups.kept_all")
    return t("backups.kept", newest=count)


def backups() -> rx.Component:
    """The existing backups, and how often one is created."""
    plan = rx.el.div(
        _number_choice("often", S.backup_days, S.set_backup_days, "backup-days", DAYS, _days),
        _number_choice("keep", S.backups_kept, S.set_backups_kept, "backups-kept", KEPT, _kept),
        class_name="lu-section lu-backups__plan",
    )
    table = ui.data_table(
        S.backups,
        BACKUP_COLUMNS,
        label=t("backups.title"),
        key="name",
        test_id="backups",
        row_id="backup-row",
    )
    now = ui.action(t("backups.now"), S.start_job("backup"), "backup-now", icon_name="archive")
    command = rx.el.code("python3 dev.py restore …")
    about = rx.el.p(
        t("backups.text"), " ", command, " ", t("backups.text_keys"), class_name="lu-backups__text"
    )
    none = ui.empty_state(t("backups.empty_title"), t("backups.empty_text"), test_id="no-backups")
    return ui.card(
        about,
        rx.cond(S.backups.length() > 0, table, none),
        plan,
        title=t("backups.title"),
        extra=now,
        class_name="lu-jobs",
    )


def delete_question() -> rx.Component:
    """The confirmation before a backup is deleted permanently."""
    return ui.confirm(
        CONFIRM,
        t("backups.delete_text", name=S.doomed),
        title=t("backups.delete"),
        yes=t("backups.delete"),
        on_yes=S.delete_backup,
        test_id=CONFIRM,
    )
