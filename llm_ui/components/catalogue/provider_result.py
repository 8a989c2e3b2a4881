"""The result of testing or syncing a provider."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.components import ui
from llm_ui.components.text import duration, t, t_of
from llm_ui.schemas.catalogue.providers import ConnectionTest, SyncReport

UNSPOKEN = ("dns", "refused", "network", "connect", "slow", "broken", "not_http", "secret")


def status(item: Any) -> rx.Component:
    """The provider's status: ok, down or unknown."""
    tone = rx.match(item.status, ("ok", "ok"), ("down", "danger"), "quiet")
    return ui.badge(t_of("admin.status.", item.status), tone, data_testid="provider-status")


def facts(*each: Any) -> rx.Component:
    """A row of short facts."""
    return rx.el.p(rx.el.span(*each, class_name="lu-facts__row"), class_name="lu-facts")


def fact(shown: Any, *words: Any) -> rx.Component:
    """One fact, shown on a condition."""
    return rx.cond(shown, rx.el.span(*words))


def _names(names: rx.Var[list[str]], count: rx.Var[int]) -> rx.Component:
    rest = count - names.length()
    return rx.el.p(
        rx.foreach(names, lambda name: rx.el.code(name, class_name="lu-named")),
        rx.cond(
            rest > 0, rx.el.span(t("providers.names_more", count=rest), class_name="lu-named__more")
        ),
        class_name="lu-names",
    )


def reason_words(reason: rx.Var[str], detail: rx.Var[str]) -> rx.Component:
    """The reason for a failure, with the server's own message."""
    # If there was no connection, the message comes from our own system, and adds nothing.
    says_more = rx.match(reason, *((each, False) for each in UNSPOKEN), True)
    return rx.fragment(
        rx.el.p(t_of("providers.reason.", reason)),
        rx.cond(says_more & (detail != ""), rx.el.p(detail, class_name="lu-said")),
    )


def test_line(found: rx.Var[ConnectionTest]) -> rx.Component:
    """The test result of an address."""
    words = rx.cond(
        found.models > 0,
        t("providers.test_ok", time=duration(found.latency_ms), count=found.models),
        t("providers.test_empty", time=duration(found.latency_ms)),
    )
    good = rx.el.div(
        ui.icon("circle-check", 18),
        rx.el.div(
            rx.el.p(words),
            rx.cond(found.models > 0, _names(found.names, found.models)),
            rx.cond(
                found.key_unused, rx.el.p(t("providers.test_key_unused"), class_name="lu-said")
            ),
            class_name="lu-verdict__words",
        ),
        class_name="lu-verdict lu-verdict--ok",
        data_testid="test-ok",
    )
    bad = rx.el.div(
        ui.icon("circle-alert", 18),
        rx.el.div(reason_words(found.reason, found.detail), class_name="lu-verdict__words"),
        class_name="lu-verdict lu-verdict--bad",
        data_testid="test-failed",
    )
    return rx.cond(found.ok, good, bad)


def _group(title: Any, names: rx.Var[list[str]], count: rx.Var[int]) -> rx.Component:
    return rx.cond(
        count > 0,
        rx.el.div(rx.el.p(title, class_name="lu-difference__title"), _names(names, count)),
    )


def counts(report: rx.Var[SyncReport]) -> rx.Component:
    """The counts, as in "2 new, 1 changed, 3 gone"."""
    return rx.el.span(
        rx.cond(
            report.new_count > 0, ui.badge(t("providers.new_count", count=report.new_count), "ok")
        ),
        rx.cond(
            report.changed_count > 0,
            ui.badge(t("providers.changed_count", count=report.changed_count), "warn"),
        ),
        rx.cond(
            report.gone_count > 0, ui.badge(t("providers.gone_count", count=report.gone_count))
        ),
        class_name="lu-marks",
    )


def difference(report: rx.Var[SyncReport]) -> rx.Component:
    """The names of new, changed and gone models."""
    return rx.el.div(
        _group(t("providers.names_new"), report.new, report.new_count),
        _group(t("providers.names_changed"), report.changed, report.changed_count),
        _group(t("providers.names_gone"), report.gone, report.gone_count),
        class_name="lu-difference",
    )


def sync_line(report: rx.Var[SyncReport]) -> rx.Component:
    """The result of a sync."""
    is_news = (report.new_count > 0) | (report.changed_count > 0) | (report.gone_count > 0)
    return rx.el.div(
        ui.icon("circle-check", 18),
        rx.el.div(
            rx.cond(
                is_news,
                rx.fragment(
                    rx.el.p(t("providers.sync_done", count=report.models)), difference(report)
                ),
                rx.el.p(t("providers.sync_same", count=report.models)),
            ),
            class_name="lu-verdict__words",
        ),
        class_name="lu-verdict lu-verdict--ok",
        data_testid="sync-result",
    )


def unanswered() -> rx.Component:
    """A sync without a response; the reason is shown with the provider."""
    return rx.el.div(
        ui.icon("circle-alert", 18),
        rx.el.p(t("providers.sync_failed"), class_name="lu-verdict__words"),
        class_name="lu-verdict lu-verdict--bad",
        data_testid="sync-failed",
    )
