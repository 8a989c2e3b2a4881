"""The application as a production server of its own, which a test may stop and kill."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import sqlalchemy as sa

from llm_ui.db import script_url

ROOT = Path(__file__).parents[2]
READY_S = 60.0
# Answers that fall silent are given up sooner than a person would have to wait.
SILENCE_S = 4.0


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class App:
    """One installation: a data folder, a database, and the process that serves it.

    Args:
        folder: where it keeps everything; empty at first.
        models_url: the scripted model server.
        database_url: an empty database; without it an SQLite file in the folder.
        workers: how many processes serve it.
        settings: more environment variables, which win.
    """

    def __init__(
        self,
        folder: Path,
        models_url: str,
        database_url: str = "",
        *,
        workers: int = 1,
        **settings: str,
    ) -> None:
        self.workers = workers
        self.port = free_port()
        # A second way in, which a test may cut (see wire.py).
        self.wire_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url or f"sqlite:///{folder / 'app.db'}"
        self.log_file = folder / "server.log"
        self.settings = {
            "DATA_DIR": str(folder),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "a-secret-for-browser-tests-0123456789abcdef",
            "PORT": str(self.port),
            "EXTRA_ORIGINS": f"http://127.0.0.1:{self.wire_port}",
            "LLM_API_PORT": str(free_port()),
            "OLLAMA_HOST": f"http://127.0.0.1:{free_port()}",
            "OPENAI_BASE_URL": f"{models_url}/v1",
            "OPENAI_API_KEY": "scripted",
            "SILENCE_TIMEOUT": str(SILENCE_S),
            "SHUTDOWN_GRACE": "1",
            # Tests send more in a minute than any person.
            "RATE_LIMIT": "0",
            "LOG_LEVEL": "WARNING",
        } | settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment of the server's processes."""
        return {**os.environ, **self.settings}

    async def start(self) -> None:
        """Migrate the database and serve; returns when the server is ready."""
        prepare = [sys.executable, "-m", "llm_ui.cli.prepare", "--migrate"]
        await asyncio.to_thread(
            subprocess.run, prepare, cwd=ROOT, env=self.env, check=True, capture_output=True
        )
        await self.serve()

    async def serve(self) -> None:
        """Start the server, again after `stop` or `kill`."""
        with self.log_file.open("ab") as log:
            # A session of its own, so that `kill` takes the whole of it and nothing else.
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                self.command(),
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await self._until_ready()

    def command(self) -> Sequence[str]:
        """The server's command line."""
        command = [sys.executable, "-m", "llm_ui.cli.serve", "--with-parent", "--grace", "1"]
        command += ["--port", str(self.port), "--host", "127.0.0.1"]
        return [*command, "--workers", str(self.workers)]

    async def _until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        async with httpx.AsyncClient() as client:
            while time.monotonic() < deadline and self._process.poll() is None:
                try:
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log_file.read_text()[-2000:]}")

    async def stop(self) -> int:
        """End it politely; returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        self.tell_to_stop(process)
        try:
            return await asyncio.to_thread(process.wait, 20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            raise

    def tell_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Send the signal that means an orderly stop."""
        process.terminate()

    async def kill(self) -> None:
        """End all of its processes as a power cut would."""
        process, self._process = self._process, None
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    def sql(self, statement: sa.Executable) -> list[sa.Row[tuple[object, ...]]]:
        """Run a statement on the database, past the application."""
        engine = sa.create_engine(script_url(self.database_url))
        try:
            with engine.begin() as connection:
                result = connection.execute(statement)
                return list(result) if result.returns_rows else []
        finally:
            engine.dispose()

    def python(self, code: str) -> None:
        """Run code with the application's settings, as another process of the same machine."""
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
