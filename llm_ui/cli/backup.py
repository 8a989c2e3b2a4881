"""Inside the environment: make or restore a backup.

python -m llm_ui.cli.backup make [--out FILE]
python -m llm_ui.cli.backup restore FILE [--other-key]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from llm_ui.cli import startup_warnings
from llm_ui.cli.setup.steps import Progress, complain, say
from llm_ui.config import Settings, load_settings
from llm_ui.db import script_engine
from llm_ui.errors import AppError
from llm_ui.i18n import DEFAULT_LANGUAGE, formats, translate
from llm_ui.models.base import new_id
from llm_ui.services.operations import (
    backup_restore,
    backup_writing,
    backups,
    migrations,
    upgrading,
)
from llm_ui.services.operations.backup_reading import Archive

OTHER_KEY = """\
This backup was made with another SECRET_KEY. To restore everything, copy that key into .env here
(it is in the .env of the installation that made the backup). Without it, the stored provider keys
cannot be read, and API keys and sessions are no longer valid. To restore everything else anyway,
use --other-key."""


class _Shown:
    """Shows the progress of a long operation, and its result."""

    def __init__(self, title: str) -> None:
        self._progress = Progress(title)

    def __call__(self, fraction: float, note: str = "", **params: Any) -> None:
        """Show one step."""
        self._progress.detail = f"{fraction:.0%} {translate(note, **params)}"
        self._progress.tick()

    def __enter__(self) -> _Shown:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._progress.end("failed" if kind else "done")


def make(settings: Settings, out: Path | None) -> int:
    """Make a backup in `out`, or in the data folder; returns 1 if files are missing from it."""
    target = out or backups.folder() / backups.name_for(new_id())
    if target.exists():
        raise FileExistsError(f"{target} already exists.")
    if out and not out.resolve().parent.is_dir():
        raise FileNotFoundError(
            f"The folder {out.resolve().parent} does not exist. Create it first."
        )
    with _Shown("Backing up") as shown:
        manifest = backup_writing.write(
            settings.database, settings.data_path, target, settings.secret_keys[0], shown
        )
    size = formats.size(target.stat().st_size, DEFAULT_LANGUAGE)
    say(
        f"Backed up {manifest.rows:,} rows and {manifest.files.count:,} files to {target} ({size})."
    )
    say("The backup has been verified. To restore everything, you also need the SECRET_KEY from")
    say(".env, which is not in the backup. Keep both safe.")
    if manifest.files.missing:
        complain(
            f"{manifest.files.missing:,} uploaded file(s) are in the database but not in "
            f"{settings.data_path / 'files'}, so the backup does not include them. Servers on "
            "several hosts must share one DATA_DIR."
        )
    return int(manifest.files.missing > 0)


def restore(settings: Settings, path: Path, *, other_key: bool) -> int:
    """Restore a backup into the configured database, which must be empty."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with Archive(path) as archive:
        if not archive.is_signed(settings.secret_keys) and not other_key:
            complain(OTHER_KEY)
            return 1
        with _Shown("Restoring") as shown:
            backup_restore.restore(
                archive, settings.database, migrations.SCHEMA, settings.data_path, shown
            )
        manifest = archive.manifest
    _mark(settings)
    say(f"Restored {manifest.rows:,} rows and {manifest.files.count:,} files as of")
    say(f"{manifest.made_at:%Y-%m-%d %H:%M} (UTC). Every row was compared with the backup.")
    return 0


def _mark(settings: Settings) -> None:
    """Mark the data folder as belonging to the restored database."""
    engine = script_engine(settings.database)
    try:
        with engine.connect() as connection:
            mark, _ = startup_warnings.read_mark(connection)
    finally:
        engine.dispose()
    if mark:
        startup_warnings.keep_mark(settings.data_path, mark)


def main() -> int:
    """Run the command given by the options."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.backup")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("make").add_argument("--out", type=Path)
    restoring = verbs.add_parser("restore")
    restoring.add_argument("file", type=Path)
    restoring.add_argument("--other-key", action="store_true")
    options = parser.parse_args()
    settings = load_settings()
    try:
        if options.verb == "restore":
            return restore(settings, options.file, other_key=options.other_key)
        return make(settings, options.out)
    except SQLAlchemyError:
        if upgrading.revision(settings.database) is not None:
            raise
        complain("There is no LLM UI database at DATABASE_URL (or in DATA_DIR) yet.")
        return 1
    except AppError as error:
        complain(translate(error.message_key, **error.params))
        return 1
    except OSError as error:
        complain(
            f"Could not access {error.filename}: {error.strerror}."
            if error.filename and error.strerror
            else str(error)
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
