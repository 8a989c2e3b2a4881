"""Inside the environment: warnings about an installation, shown when it starts."""

from __future__ import annotations

import difflib
import fcntl
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col

from llm_ui.config import Settings
from llm_ui.db import script_engine
from llm_ui.generation import owner
from llm_ui.models import Setting, User
from llm_ui.models.base import now
from llm_ui.services.accounts import registration_policy

# Read by the command line, before the settings are loaded.
OF_THE_COMMAND_LINE = {"WORKERS", "HOST", "ADMIN_PASSWORD", "NEW_PASSWORD", "LLM_UI_HOME"}
# Variables of other programs that are often in the same file.
OF_OTHERS = re.compile(
    r"(REFLEX|GRANIAN|PIP|NPM|NODE|PYTHON|POSTGRES|PG|REDIS|COMPOSE|DOCKER|TEST)_|__|"
    r"(PATH|HOME|TZ|LANG|LC_.*|(HTTPS?|NO|ALL)_PROXY|CHROMIUM|PGDATA)$"
)
ID_FILE = "installation"
ID_KEY = registration_policy.INSTALLATION_KEY
# Connections left for backups, scripts and manual database access.
SPARE = 5


def unknown_settings(env_file: Path) -> Iterator[str]:
    """Names in an .env file that are not settings, each with the closest match."""
    try:
        text = env_file.read_text(encoding="utf-8")
    except OSError:
        return
    known = {name.upper() for name in Settings.model_fields} | OF_THE_COMMAND_LINE
    for name in dict.fromkeys(
        re.findall(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", text, re.M)
    ):
        if name.upper() in known or OF_OTHERS.match(name.upper()):
            continue
        close = difflib.get_close_matches(name.upper(), sorted(known), 1, 0.7)
        meant = f"; did you mean {close[0]}?" if close else "."
        yield f"{name} in {env_file.name} is not a setting of LLM UI and has no effect{meant}"


def others_here(data: Path) -> Iterator[str]:
    """Whether another server uses this data folder."""
    for path in sorted((data / owner.FOLDER).glob(f"*{owner.SUFFIX}")):
        try:
            with path.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield (
                f"Another LLM UI server is already running on {data}. Both will work, but without "
                "REDIS_URL, changes made on one appear on the other only after a delay."
            )
            return
        except OSError:
            continue


def untold_proxy(settings: Settings) -> Iterator[str]:
    """Whether a proxy is in front that this server is not configured to trust, so that all calls
    seem to come from its address."""
    if settings.secure_cookies and not settings.trusted_proxies:
        yield (
            "PUBLIC_URL is https, so there is a proxy in front, but TRUSTED_PROXIES is 0: all "
            "users appear to have the proxy's address, and one user's wrong passwords slow down "
            "everyone. If the proxy sends X-Forwarded-For, set TRUSTED_PROXIES=1."
        )


def too_many_connections(settings: Settings, workers: int) -> Iterator[str]:
    """Whether the workers may open more connections than the database allows."""
    engine = script_engine(settings.database)
    try:
        if engine.dialect.name != "postgresql":
            return
        with engine.connect() as connection:
            most = int(connection.scalar(sa.text("SHOW max_connections")) or 0)
            reserved = int(connection.scalar(sa.text("SHOW superuser_reserved_connections")) or 0)
    finally:
        engine.dispose()
    wanted = workers * settings.db_pool
    if wanted > most - reserved - SPARE:
        fits = max(2, (most - reserved - SPARE) // workers)
        yield (
            f"{workers} worker(s) may open {wanted} connections, but PostgreSQL allows {most} in "
            f"total (max_connections). Set DB_POOL={fits} or less, or increase max_connections."
        )


def strange_data(settings: Settings) -> Iterator[str]:
    """Whether this is not the data folder that the database was used with.

    Both have the same mark, created if neither has one; a folder that is as good as empty gets the
    database's mark.
    """
    path = settings.data_path / ID_FILE
    given = path.read_text().strip() if path.exists() else ""
    engine = script_engine(settings.database)
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            known, files = read_mark(connection)
            if not known:
                known = given or secrets.token_hex(16)
                setting = sa.table(
                    "setting",
                    sa.column("key"),
                    sa.column("value", sa.JSON),
                    sa.column("updated_at"),
                )
                connection.execute(
                    setting.insert().values(key=ID_KEY, value=known, updated_at=now())
                )
                given = given or keep_mark(settings.data_path, known)
    finally:
        engine.dispose()
    if given == known:
        return
    if not given and not files:
        keep_mark(settings.data_path, known)
        return
    yield (
        f"DATA_DIR ({settings.data_path}) is not the folder that this database was used with: "
        f"{files} uploaded file(s) may be missing. Servers on several hosts must share one "
        f"DATA_DIR. If this folder is correct, write {known} to {path}."
    )


def setup_token(settings: Settings) -> str:
    """The token for the setup link; "" once there is an account."""
    engine = script_engine(settings.database)
    try:
        with engine.connect() as connection:
            if connection.scalar(sa.select(col(User.id)).limit(1)):
                return ""
            mark, _ = read_mark(connection)
    finally:
        engine.dispose()
    return registration_policy.setup_token(settings.secret_keys[0], mark)


def read_mark(connection: sa.Connection) -> tuple[str, int]:
    """A database's mark ("" if it has none), and how many files it knows."""
    mark = connection.scalar(sa.select(col(Setting.value)).where(col(Setting.key) == ID_KEY))
    files = connection.scalar(sa.text("SELECT count(*) FROM storedfile")) or 0
    return str(mark or ""), int(files)


def keep_mark(data: Path, mark: str) -> str:
    """Write a database's mark into a data folder."""
    data.mkdir(parents=True, exist_ok=True)
    (data / ID_FILE).write_text(mark + "\n", encoding="utf-8")
    return mark
