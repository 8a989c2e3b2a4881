"""Backups: create, test, list and delete. They are in DATA_DIR/backups."""

from __future__ import annotations

import asyncio
import re
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, require, require_confirmed
from llm_ui.config import get_settings
from llm_ui.db import after_commit
from llm_ui.enums import LogLevel
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.schemas.files.files import Stored
from llm_ui.schemas.operations.jobs import BackupItem, JobItem
from llm_ui.services.audit.recording import record
from llm_ui.services.operations import backup_restore, backup_writing, jobs, migrations
from llm_ui.services.operations.backup_format import Manifest, Step
from llm_ui.services.operations.backup_reading import Archive

NAME = re.compile(r"llm-ui-(\d{8}-\d{12})-[0-9a-f]{8}\.zip")
# Milliseconds, so that names sort in the order the backups were requested.
STAMP = "%Y%m%d-%H%M%S%f"


def folder() -> Path:
    """The folder of the backups."""
    return get_settings().data_path / "backups"


def name_for(job_id: str) -> str:
    """The file name of a job's backup: when the job was created, and part of its ID."""
    made = uuid.UUID(job_id)
    # The first 48 bits of a UUIDv7 are a timestamp in milliseconds.
    moment = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    return f"llm-ui-{moment:{STAMP}}-{made.hex[-8:]}.zip"


def link(name: str) -> str:
    """The path of its REST download."""
    return f"/api/v1/admin/backups/{name}/content"


# --- creating and testing, in a thread -----------------------------------------------------


def make(job_id: str, step: Step) -> BackupItem:
    """Create the backup of a job, or return the one it created before its worker died.

    Raises:
        Conflict: the backup failed verification, or could not be written.
    """
    target = folder() / name_for(job_id)
    if not target.exists():
        write_to(target, step)
    return _item(target)


def write_to(target: Path, step: Step) -> Manifest:
    """Back everything up into a file. Raises Conflict if that or its verification fails."""
    settings = get_settings()
    try:
        return backup_writing.write(
            settings.database, settings.data_path, target, settings.secret_keys[0], step
        )
    except OSError as error:
        raise Conflict("error.backup_write", detail=error.strerror or "") from error


def try_out(name: str, job_id: str, step: Step) -> Manifest:
    """Test restore: restore a backup into an empty temporary database, compare, and delete it.

    Raises:
        NotFound: there is no such backup.
        InvalidInput: it is damaged, or from a newer version.
        Conflict: the restored data differs from the backup.
    """
    path = path_of(name)
    room = folder() / f".try-{job_id}"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(mode=0o700)
    try:
        with Archive(path) as archive:
            url = f"sqlite:///{room / 'restored.db'}"
            backup_restore.restore(archive, url, migrations.SCHEMA, step=step)
            return archive.manifest
    finally:
        shutil.rmtree(room, ignore_errors=True)


def keep_newest(count: int) -> int:
    """Delete all but `count` backups and return how many were deleted; 0 deletes none.

    The newest intact backup is always kept. The oldest go first, but the earlier ones of a day with
    several go before those of other days, so that creating many backups in one day displaces at
    most one from an earlier day.
    """
    found = _paths()
    lasts = set({_day(path): path for path in reversed(found)}.values())
    # The sort is stable, so within both halves the newest stay first.
    ranked = sorted(found, key=lambda path: path not in lasts)
    old = ranked[count:] if count else []
    if old and not any(_is_whole(path) for path in ranked[:count]):
        spared = next((path for path in old if _is_whole(path)), None)
        old = [path for path in old if path != spared]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _day(path: Path) -> str:
    return path.name[:15]


def _is_whole(path: Path) -> bool:
    item = _item(path)
    return not item.is_damaged and not item.missing


# --- reading -------------------------------------------------------------------------------


def _paths() -> list[Path]:
    """The paths, newest first."""
    found = [path for path in folder().glob("*.zip") if NAME.fullmatch(path.name)]
    # Of two requested in the same second, the one finished later comes first.
    return sorted(found, key=lambda path: (path.name[:22], path.stat().st_mtime_ns), reverse=True)


def path_of(name: str) -> Path:
    """The path of a backup. Raises NotFound."""
    path = folder() / name
    # Only valid names are accepted, so the path cannot leave the folder.
    if not NAME.fullmatch(name) or not path.is_file():
        raise NotFound
    return path


def _item(path: Path) -> BackupItem:
    moment = NAME.fullmatch(path.name)
    made_at = datetime.strptime(moment.group(1), STAMP).replace(tzinfo=UTC) if moment else None
    size = path.stat().st_size
    told = made_at.isoformat() if made_at else ""
    try:
        with Archive(path) as archive:
            manifest = archive.manifest
    except InvalidInput:
        return BackupItem(path.name, size, told, link(path.name), is_damaged=True)
    return BackupItem(
        path.name,
        size,
        manifest.made_at.isoformat(),
        link(path.name),
        manifest.database,
        manifest.version,
        manifest.rows,
        manifest.files.count,
        missing=manifest.files.missing,
    )


async def list_backups(actor: Actor) -> list[BackupItem]:
    """All backups, newest first. For administrators."""
    require(actor, "administer")
    return await asyncio.to_thread(lambda: [_item(path) for path in _paths()])


async def check(session: AsyncSession, actor: Actor, name: str) -> JobItem:
    """Queue a test restore of a backup. For administrators.

    Raises:
        NotFound: there is no such backup.
    """
    require(actor, "administer")
    await asyncio.to_thread(path_of, name)
    kind = "backup_check"
    return await jobs.enqueue(session, actor, kind, {"name": name}, key=f"{kind}:{name}")


async def reach(actor: Actor, name: str) -> Path:
    """The path of a backup to download or delete. For administrators.

    Requires step-up confirmation, because a backup contains everything. Raises NotFound,
    PasswordNeeded.
    """
    require(actor, "administer")
    path = await asyncio.to_thread(path_of, name)
    require_confirmed(actor)
    return path


async def locate(session: AsyncSession, actor: Actor, name: str) -> Stored:
    """A backup to download, which is logged. For administrators.

    Raises:
        NotFound: there is no such backup.
        PasswordNeeded: step-up confirmation is missing.
    """
    path = await reach(actor, name)
    record(session, "admin.backup_downloaded", name, level=LogLevel.WARNING, user_id=actor.user_id)
    return Stored(str(path), path.name, "application/zip")


async def delete(session: AsyncSession, actor: Actor, name: str) -> None:
    """Permanently delete a backup. For administrators. Raises NotFound, PasswordNeeded."""
    path = await reach(actor, name)
    record(session, "admin.backup_deleted", name, user_id=actor.user_id)
    after_commit(session, lambda: path.unlink(missing_ok=True))
