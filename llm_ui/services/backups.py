"""Backups: making, checking, listing and deleting them. They lie in DATA_DIR/backups."""

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
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.schemas.files import Stored
from llm_ui.schemas.jobs import BackupItem, JobItem
from llm_ui.services import archive_restore, archive_write, jobs, migrations
from llm_ui.services.archive_format import Manifest, Step
from llm_ui.services.archive_read import Archive
from llm_ui.services.monitoring import record

NAME = re.compile(r"llm-ui-(\d{8}-\d{12})-[0-9a-f]{8}\.zip")
# To the millisecond: names are in the order in which backups were asked for.
STAMP = "%Y%m%d-%H%M%S%f"


def folder() -> Path:
    """Where the backups lie."""
    return get_settings().data_path / "backups"


def name_for(job_id: str) -> str:
    """What the backup of a job is called: by when the job was asked for, and by its id."""
    made = uuid.UUID(job_id)
    # The first 48 bits of a UUIDv7 are milliseconds.
    moment = datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
    return f"llm-ui-{moment:{STAMP}}-{made.hex[-8:]}.zip"


def link(name: str) -> str:
    """Where REST hands it out."""
    return f"/api/v1/admin/backups/{name}/content"


# --- making and checking, in a thread ------------------------------------------------------


def make(job_id: str, step: Step) -> BackupItem:
    """Make the backup of a job; one that it made before its worker died is it.

    Raises:
        Conflict: the copy was not right, or could not be written.
    """
    target = folder() / name_for(job_id)
    if not target.exists():
        write_to(target, step)
    return _item(target)


def write_to(target: Path, step: Step) -> Manifest:
    """Back everything up into a file. Raises Conflict if it cannot be, or is not right."""
    settings = get_settings()
    try:
        return archive_write.write(
            settings.database, settings.data_path, target, settings.secret_keys[0], step
        )
    except OSError as error:
        raise Conflict("error.backup_write", detail=error.strerror or "") from error


def try_out(name: str, job_id: str, step: Step) -> Manifest:
    """Restore a backup into an empty database beside it, compare the two, throw it away.

    Raises:
        NotFound: there is no such backup.
        InvalidInput: it is damaged, or of a newer version.
        Conflict: what was restored is not what was backed up.
    """
    path = path_of(name)
    room = folder() / f".try-{job_id}"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(mode=0o700)
    try:
        with Archive(path) as archive:
            url = f"sqlite:///{room / 'restored.db'}"
            archive_restore.restore(archive, url, migrations.SCHEMA, step=step)
            return archive.manifest
    finally:
        shutil.rmtree(room, ignore_errors=True)


def keep_newest(count: int) -> int:
    """Delete all backups but the newest `count`, and the newest whole one whatever its place;
    0 deletes none. How many were deleted."""
    found = _paths()
    old = found[count:] if count else []
    if old and not any(_is_whole(path) for path in found[:count]):
        spared = next((path for path in old if _is_whole(path)), None)
        old = [path for path in old if path != spared]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _is_whole(path: Path) -> bool:
    item = _item(path)
    return not item.is_damaged and not item.missing


# --- looking -------------------------------------------------------------------------------


def _paths() -> list[Path]:
    """The newest first."""
    found = [path for path in folder().glob("*.zip") if NAME.fullmatch(path.name)]
    # Of two that were asked for in the same second, the one that was ready later.
    return sorted(found, key=lambda path: (path.name[:22], path.stat().st_mtime_ns), reverse=True)


def path_of(name: str) -> Path:
    """Where a backup lies. Raises NotFound."""
    path = folder() / name
    # A name is one of ours or nothing: it never leads anywhere else.
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
    """All backups, the newest first. For admins."""
    require(actor, "administer")
    return await asyncio.to_thread(lambda: [_item(path) for path in _paths()])


async def check(session: AsyncSession, actor: Actor, name: str) -> JobItem:
    """Have a backup tried out: restored into an empty database and compared. For admins.

    Raises:
        NotFound: there is no such backup.
    """
    require(actor, "administer")
    await asyncio.to_thread(path_of, name)
    kind = "backup_check"
    return await jobs.enqueue(session, actor, kind, {"name": name}, key=f"{kind}:{name}")


async def reach(actor: Actor, name: str) -> Path:
    """A backup that whoever it is may take away or delete. For admins, who have typed their
    password: everything is in it. Raises NotFound, PasswordNeeded."""
    require(actor, "administer")
    path = await asyncio.to_thread(path_of, name)
    require_confirmed(actor)
    return path


async def locate(session: AsyncSession, actor: Actor, name: str) -> Stored:
    """Where a backup lies, for whoever takes it away, which is noted. For admins.

    Raises:
        NotFound: there is no such backup.
        PasswordNeeded: the actor's password has not been typed a short while ago.
    """
    path = await reach(actor, name)
    record(session, "admin.backup_downloaded", name, level="warning", user_id=actor.user_id)
    return Stored(str(path), path.name, "application/zip", "backup")


async def delete(session: AsyncSession, actor: Actor, name: str) -> None:
    """Delete a backup for good. For admins. Raises NotFound, PasswordNeeded."""
    path = await reach(actor, name)
    record(session, "admin.backup_deleted", name, user_id=actor.user_id)
    after_commit(session, lambda: path.unlink(missing_ok=True))
