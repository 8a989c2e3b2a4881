"""The administrator's page of background jobs and backups."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.db import unit_of_work
from llm_ui.errors import AppError, PasswordNeeded
from llm_ui.schemas.jobs import BackupItem, JobItem
from llm_ui.services import backups, installation, jobs
from llm_ui.states import browser
from llm_ui.states.access import admin, current_actor
from llm_ui.states.confirming import ask_password
from llm_ui.states.feedback import tell

CONFIRM = "backup-delete-dialog"


def _number(text: str) -> int:
    """What was chosen of a list of numbers; what is none is refused by the service."""
    return int(text) if text.isdigit() and len(text) < 6 else -1


class JobsState(rx.State):
    """The jobs that are listed, and the backups. `beat` changes with each look at them: the
    page looks again some time after."""

    loaded: bool = False
    jobs: list[JobItem] = []
    has_more: bool = False
    status: str = ""
    kind: str = ""
    beat: int = 0
    is_active: bool = False

    backups: list[BackupItem] = []
    backup_days: str = "0"
    backups_kept: str = "7"
    doomed: str = ""

    _next: str = ""

    @rx.event
    @admin
    async def load_jobs(self) -> None:
        """on_load of the page: all jobs, and the backups."""
        self.status = self.kind = ""
        await self._load()
        await self._load_backups()
        self.loaded = True
        self.beat += 1

    async def _load(self) -> None:
        async with unit_of_work(writes=False) as session:
            page = await jobs.list_jobs(
                session, current_actor(), status=self.status, kind=self.kind
            )
        self.jobs = page.items
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)
        self._note()

    def _note(self) -> None:
        self.is_active = any(each.status in ("queued", "running") for each in self.jobs)

    async def _load_backups(self) -> None:
        actor = current_actor()
        self.backups = await backups.list_backups(actor)
        async with unit_of_work(writes=False) as session:
            settings = await installation.load(session)
        self.backup_days = str(settings.backup_days)
        self.backups_kept = str(settings.backups_kept)

    @rx.event
    @admin
    async def look_again(self) -> None:
        """How far the jobs are by now: only what has changed goes to the page."""
        async with unit_of_work(writes=False) as session:
            page = await jobs.list_jobs(
                session, current_actor(), status=self.status, kind=self.kind
            )
        fresh = {each.id for each in page.items}
        # What has been loaded behind the first page stays.
        oldest = min(fresh, default="")
        behind = [each for each in self.jobs if each.id < oldest] if self._next else []
        before = {each.id: each.status for each in self.jobs}
        after = {each.id: each.status for each in page.items}
        if self.jobs != [*page.items, *behind]:
            self.jobs = [*page.items, *behind]
            self._note()
        if before != after:
            await self._load_backups()
        self.beat += 1

    @rx.event
    @admin
    async def show_status(self, status: str) -> None:
        """List the jobs of one status; of all, if it is empty."""
        self.status = status if status in jobs.STATUSES else ""
        await self._load()

    @rx.event
    @admin
    async def show_kind(self, kind: str) -> None:
        """List the jobs of one kind; of all, if it is empty."""
        self.kind = kind[:40]
        await self._load()

    @rx.event
    @admin
    async def load_more(self) -> None:
        """Add the next page to the list."""
        if not self._next:
            return
        async with unit_of_work(writes=False) as session:
            page = await jobs.list_jobs(
                session, current_actor(), status=self.status, kind=self.kind, cursor=self._next
            )
        known = {each.id for each in self.jobs}
        self.jobs = [*self.jobs, *(each for each in page.items if each.id not in known)]
        self._next, self.has_more = page.next_cursor or "", bool(page.next_cursor)

    @rx.event
    @admin
    async def start_job(self, kind: str) -> Any:
        """Start a job that needs nothing but a click, and show it."""
        try:
            async with unit_of_work() as session:
                await jobs.start(session, current_actor(), kind)
        except AppError as error:
            return tell(error)
        self.status = self.kind = ""
        await self._load()
        self.beat += 1
        return None

    @rx.event
    @admin
    async def cancel_job(self, job_id: str) -> Any:
        """End a job."""
        try:
            async with unit_of_work() as session:
                await jobs.cancel(session, current_actor(), job_id)
        except AppError as error:
            return tell(error)
        await self._load()
        return None

    @rx.event
    @admin
    async def retry_job(self, job_id: str) -> Any:
        """Begin a job again."""
        try:
            async with unit_of_work() as session:
                await jobs.retry(session, current_actor(), job_id)
        except AppError as error:
            return tell(error)
        await self._load()
        self.beat += 1
        return None

    @rx.event
    @admin
    async def check_backup(self, name: str) -> Any:
        """Have a backup tried out."""
        try:
            async with unit_of_work() as session:
                await backups.check(session, current_actor(), name)
        except AppError as error:
            return tell(error)
        self.status = self.kind = ""
        await self._load()
        self.beat += 1
        return None

    @rx.event
    @admin
    async def take_backup(self, name: str) -> Any:
        """Download a backup."""
        try:
            await backups.reach(current_actor(), name)
        except PasswordNeeded:
            return await ask_password(self, JobsState.take_backup, name)
        except AppError as error:
            return tell(error)
        return browser.call("take", backups.link(name))

    @rx.event
    @admin
    def ask_to_delete(self, name: str) -> Any:
        """Ask once before a backup goes for good."""
        self.doomed = name[:80]
        return browser.call("open", CONFIRM)

    @rx.event
    @admin
    async def delete_backup(self) -> Any:
        """Delete the backup that was asked about."""
        name = self.doomed
        shut = browser.shut(CONFIRM)
        try:
            async with unit_of_work() as session:
                await backups.delete(session, current_actor(), name)
        except PasswordNeeded:
            return await ask_password(self, JobsState.delete_backup)
        except AppError as error:
            self.doomed = ""
            return [tell(error), shut]
        self.doomed = ""
        await self._load_backups()
        return shut

    @rx.event
    @admin
    async def set_backup_days(self, days: str) -> Any:
        """Make a backup by itself every so many days; 0: never."""
        return await self._set(backup_days=_number(days))

    @rx.event
    @admin
    async def set_backups_kept(self, count: str) -> Any:
        """Keep the newest so many backups; 0: all."""
        return await self._set(backups_kept=_number(count))

    async def _set(self, **change: int) -> Any:
        try:
            async with unit_of_work() as session:
                await installation.change(session, current_actor(), **change)
        except AppError as error:
            return tell(error)
        await self._load_backups()
        return None
