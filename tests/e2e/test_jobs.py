"""Background jobs and backups, as the administrator uses them in a browser."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect
from sqlmodel import col

from llm_ui.models import BackgroundJob, User
from llm_ui.models.base import new_id, now
from tests.e2e.app import App
from tests.e2e.conftest import People
from tests.e2e.test_look import _no_sideways
from tests.e2e.window import PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

# Work takes its time, the more so beside other tests.
PATIENCE_MS = 60_000


def put(app: App, **values: Any) -> str:
    """A job as another machine's worker would have it."""
    alice = app.sql(sa.select(col(User.id)).where(col(User.email) == "alice@example.org"))
    row = BackgroundJob(
        job_id=new_id(),
        user_id=str(alice[0][0]),
        owner="another-machine:1:1",
        heartbeat_at=now() + timedelta(hours=1),
        started_at=now(),
        **{"job_type": "search_reindex", "status": "running", "attempts": 1, **values},
    )
    app.sql(sa.insert(BackgroundJob).values(**row.model_dump()))
    return row.job_id


def change(app: App, job_id: str, **values: Any) -> None:
    app.sql(sa.update(BackgroundJob).where(col(BackgroundJob.job_id) == job_id).values(**values))


@pytest.fixture(autouse=True)
def nothing_before(app: App) -> None:
    """Each test begins with an empty list and no backup."""
    app.sql(sa.delete(BackgroundJob))
    for path in (Path(app.settings["DATA_DIR"]) / "backups").glob("*.zip"):
        path.unlink()


async def _status(page: Page, kind: str, status: str) -> Any:
    """The newest row of a kind, once it has this status."""
    row = page.get_by_test_id("job-row").filter(has_text=kind).first
    await expect(row.get_by_test_id("job-status")).to_have_text(status, timeout=PATIENCE_MS)
    return row


async def test_a_backup_from_the_first_click_to_its_deletion(app: App, people: People) -> None:
    alice = await people.alice(app)
    page = await alice.tab("/admin/jobs")
    await page.get_by_test_id("no-jobs").wait_for()
    await page.get_by_test_id("no-backups").wait_for()
    await page.get_by_test_id("start-job").click()
    await page.get_by_test_id("start-backup").click()
    row = await _status(page, "Backup", "Done")
    await expect(row).to_contain_text("Alice")
    await expect(row.get_by_test_id("job-link")).to_contain_text("llm-ui-")

    backup = page.get_by_test_id("backup-row")
    await expect(backup).to_have_count(1)
    async with page.expect_download() as coming:
        await backup.get_by_test_id("backup-download").click()
    taken = await (await coming.value).path()
    with zipfile.ZipFile(taken) as packed:
        assert "manifest.json" in packed.namelist()

    await backup.get_by_test_id("backup-check").click()
    tried = await _status(page, "Test restore", "Done")
    await expect(tried.get_by_test_id("job-made")).to_contain_text("restores correctly")

    await page.get_by_test_id("backups-kept").select_option("3")
    await page.get_by_test_id("backup-days").select_option("7")
    await page.reload()
    await expect(page.get_by_test_id("backups-kept")).to_have_value("3")
    await expect(page.get_by_test_id("backup-days")).to_have_value("7")
    await page.get_by_test_id("backup-days").select_option("0")

    await backup.get_by_test_id("backup-delete").click()
    dialog = page.get_by_test_id("backup-delete-dialog")
    # Its words come before it opens.
    await expect(dialog).to_be_visible()
    await expect(dialog).to_contain_text("llm-ui-")
    await page.keyboard.press("Escape")
    await expect(backup).to_have_count(1)
    await backup.get_by_test_id("backup-delete").click()
    await page.get_by_test_id("backup-delete-dialog-yes").click()
    await page.get_by_test_id("no-backups").wait_for()


async def test_a_job_is_followed_while_it_runs_and_told_to_stop(app: App, people: People) -> None:
    alice = await people.alice(app)
    job = put(app, progress=0.1, note="jobs.note.indexing")
    page = await alice.tab("/admin/jobs")
    row = await _status(page, "Search index rebuild", "Running")
    await expect(row).to_contain_text("10 %")
    await expect(row.get_by_test_id("job-note")).to_have_text("Indexing titles and messages")
    change(app, job, progress=0.55)
    await expect(row).to_contain_text("55 %")
    await expect(row.get_by_test_id("job-progress")).to_have_attribute("value", "0.55")
    await row.get_by_test_id("job-cancel").click()
    await _status(page, "Search index rebuild", "Stopping")
    await expect(row.get_by_test_id("job-cancel")).to_have_count(0)
    asked = app.sql(sa.select(col(BackgroundJob.cancel_requested)))
    assert asked == [(True,)]
    change(app, job, status="cancelled", finished_at=now())
    await _status(page, "Search index rebuild", "Canceled")


async def test_an_interrupted_job_says_why_and_is_run_again(app: App, people: People) -> None:
    alice = await people.alice(app)
    put(app, status="interrupted", error="error.job_interrupted", finished_at=now())
    failed = {"error_params": {"phase": "connect", "seconds": 10}}
    put(
        app,
        job_type="models_sync",
        status="failed",
        error="error.provider_timeout_connect",
        result=failed,
        finished_at=now(),
    )
    page = await alice.tab("/admin/jobs")
    row = await _status(page, "Model sync", "Failed")
    await expect(row.get_by_test_id("job-error")).to_contain_text(
        "did not answer within 10 seconds"
    )
    row = await _status(page, "Search index rebuild", "Interrupted")
    await expect(row.get_by_test_id("job-error")).to_contain_text("stopped while it was running")
    await row.get_by_test_id("job-retry").click()
    row = await _status(page, "Search index rebuild", "Done")
    await expect(row.get_by_test_id("job-made")).to_contain_text("Entries: ")


async def test_the_list_is_filtered_and_shows_more(app: App, people: People) -> None:
    alice = await people.alice(app)
    for number in range(55):
        put(
            app,
            status="done",
            job_type="retention",
            result={"log": number, "metrics": 0, "jobs": 0},
            finished_at=now(),
        )
    put(app, status="cancelled", job_type="backup", finished_at=now())
    page = await alice.tab("/admin/jobs")
    rows = page.get_by_test_id("job-row")
    await expect(rows).to_have_count(50)
    await page.get_by_test_id("more-jobs").click()
    await expect(rows).to_have_count(56)
    await expect(page.get_by_test_id("more-jobs")).to_have_count(0)
    await page.get_by_test_id("job-filter-status").select_option("cancelled")
    await expect(rows).to_have_count(1)
    await page.get_by_test_id("job-filter-kind").select_option("retention")
    await page.get_by_test_id("no-matching-jobs").wait_for()
    await page.get_by_test_id("job-filter-status").select_option("")
    await expect(rows).to_have_count(50)
    # What is started is seen, whatever was being looked for.
    await page.get_by_test_id("backup-now").click()
    await _status(page, "Backup", "Done")
    await expect(page.get_by_test_id("job-filter-kind")).to_have_value("")


async def test_in_german_and_on_a_phone(app: App, people: People) -> None:
    alice = await people.alice(app, locale="de-DE", viewport=PHONE)
    put(app, progress=0.4, note='jobs.note.table {"table":"chatmessage","rows":48200}')
    page = await alice.tab("/admin/jobs")
    row = page.get_by_test_id("job-row")
    note = row.get_by_test_id("job-note")
    await expect(note).to_have_text("chatmessage wird kopiert: 48.200 Zeilen")
    await expect(row.get_by_test_id("job-status")).to_have_text("Läuft")
    await _no_sideways(page, "/admin/jobs")


async def test_bob_is_sent_away(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/admin/jobs")
    await page.wait_for_url(re.compile("/chat$"))


async def test_bob_has_his_archive_prepared(app: App, people: People) -> None:
    bob = await people.user(app)
    page = await bob.tab("/account")
    await page.get_by_test_id("archive-prepare").click()
    await page.get_by_test_id("archive-take").wait_for(timeout=PATIENCE_MS)
    await expect(page.get_by_test_id("own-archive")).to_contain_text("Archive (")
    async with page.expect_download() as coming:
        await page.get_by_test_id("archive-take").click()
    taken = await (await coming.value).path()
    with zipfile.ZipFile(taken) as packed:
        assert "account.json" in packed.namelist()
    await page.reload()
    await page.get_by_test_id("archive-take").wait_for()
