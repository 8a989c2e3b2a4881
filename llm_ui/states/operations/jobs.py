"""The Jobs admin page: background jobs and backups."""

from __future__ import annotations

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.schemas.operations.jobs import BackupItem, JobItem
from llm_ui.services.operations import backups, instance_settings, jobs
from llm_ui.states import browser
from llm_ui.states.browser import Reply
from llm_ui.states.handlers import handler, read, write
from llm_ui.states.listing import PAGE, Listing, Slice
from llm_ui.states.socket.access import current_actor

CONFIRM = "backup-delete-dialog"


def _number(text: str) -> int:
    """Parse the number selected in a list; invalid numbers are refused by the service."""
    return int(text) if text.isdigit() and len(text) < 6 else -1


class JobsState(Listing, rx.State):
    """The jobs in the list, and the backups. `beat` changes on each refresh, which makes the page
    refresh again a moment later."""

    items: list[JobItem] = []
    status: str = ""
    kind: str = ""
    beat: int = 0
    is_active: bool = False

    backups: list[BackupItem] = []
    backup_days: str = "0"
    backups_kept: str = "7"
    doomed: str = ""

    async def _read(self, cursor: str | None, limit: int) -> Slice:
        return await read(
            jobs.list_jobs, status=self.status, kind=self.kind, cursor=cursor, limit=limit
        )

    def _take(self, page: Slice, *, more: bool = False) -> None:
        super()._take(page, more=more)
        self._note()

    def _note(self) -> None:
        self.is_active = any(each.status.is_active for each in self.items)

    async def _list_all(self) -> None:
        """List the jobs of every type and status, and refresh them soon."""
        self.status = self.kind = ""
        await self._list()
        self.beat += 1

    async def _load_backups(self) -> None:
        self.backups = await backups.list_backups(current_actor())
        async with unit_of_work(writes=False) as session:
            settings = await instance_settings.load(session)
        self.backup_days = str(settings.backup_days)
        self.backups_kept = str(settings.backups_kept)

    @handler("admin")
    async def load_jobs(self) -> None:
        """on_load of the page: all jobs, and the backups."""
        await self._list_all()
        await self._load_backups()

    @handler("admin")
    async def look_again(self) -> None:
        """Refresh the jobs; only changes are sent to the page."""
        page = await self._read(None, PAGE)
        fresh = {each.id for each in page.items}
        # Keep what was loaded after the first page.
        oldest = min(fresh, default="")
        behind = [each for each in self.items if each.id < oldest] if self._next else []
        before = {each.id: each.status for each in self.items}
        after = {each.id: each.status for each in page.items}
        if self.items != [*page.items, *behind]:
            self.items = [*page.items, *behind]
            self._note()
        if before != after:
            await self._load_backups()
        self.beat += 1

    @handler("admin")
    async def show_status(self, status: str) -> None:
        """List the jobs with this status; "" for all."""
        self.status = status if status in jobs.STATUSES else ""
        await self._list()

    @handler("admin")
    async def show_kind(self, kind: str) -> None:
        """List the jobs of this type; "" for all."""
        self.kind = kind[:40]
        await self._list()

    @handler("admin")
    async def start_job(self, kind: str) -> None:
        """Start a job that takes no options, and show it."""
        await write(jobs.start, kind)
        await self._list_all()

    @handler("admin")
    async def cancel_job(self, job_id: str) -> None:
        """Cancel a job."""
        await write(jobs.cancel, job_id)
        await self._list()

    @handler("admin")
    async def retry_job(self, job_id: str) -> None:
        """Retry a job."""
        await write(jobs.retry, job_id)
        await self._list()
        self.beat += 1

    @handler("admin")
    async def check_backup(self, name: str) -> None:
        """Start a test restore of a backup."""
        await write(backups.check, name)
        await self._list_all()

    @handler("admin")
    async def take_backup(self, name: str) -> Reply:
        """Download a backup."""
        await backups.reach(current_actor(), name)
        return browser.call("take", backups.link(name))

    @handler("admin")
    def ask_to_delete(self, name: str) -> Reply:
        """Ask for confirmation before a backup is deleted permanently."""
        self.doomed = name[:80]
        return browser.show(CONFIRM)

    @handler("admin", closes=CONFIRM)
    async def delete_backup(self) -> None:
        """Delete the backup after confirmation."""
        await write(backups.delete, self.doomed)
        self.doomed = ""
        await self._load_backups()

    @handler("admin")
    async def set_backup_days(self, days: str) -> None:
        """Create a backup automatically every this many days; 0 for never."""
        await write(instance_settings.change, backup_days=_number(days))
        await self._load_backups()

    @handler("admin")
    async def set_backups_kept(self, count: str) -> None:
        """Keep this many of the newest backups; 0 for all."""
        await write(instance_settings.keep, backups_kept=_number(count))
        await self._load_backups()
