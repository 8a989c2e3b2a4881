"""The administrator's pages."""

from __future__ import annotations

from tests.e2e.screens.kit import Screen

SCREENS = (Screen("dashboard", "/admin", "stat-users"),)
