"""The administrator's pages."""

from __future__ import annotations

from tests.e2e.screens.kit import Screen, pressing, showing

SCREENS = (
    Screen("dashboard", "/admin", "stat-users"),
    Screen("providers", "/admin/providers", "provider-card"),
    Screen("people", "/admin/people", "person-row"),
    Screen("log", "/admin/log", "log-row"),
    Screen("keys", "/admin/keys", "keys-empty"),
    Screen("jobs", "/admin/jobs", "backup-row"),
    Screen("jobs-start", "/admin/jobs", "backup-row", pressing("start-job")),
    Screen("backups", "/admin/jobs", "backup-row", showing("backups-kept")),
)
