"""Keeps one LLM API service running for all of the web app's workers.

A file lock decides which process is the keeper: the system releases the lock when the process ends,
however it ends, and another one takes over. The keeper starts the service, writes its address where
the others read it, and restarts it when it dies or stops responding. The service ends together with
its keeper (`--with-parent`).

Files in the data folder: `llm_api.lock`, `llm_api.json` ({"url": …, "pid": …}), and the ones
through which the app requests another model file (chosen_model.py). On such a request, the keeper
restarts the service with that file; if it does not load, it goes back to the previous one and
reports why.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import httpx
import orjson

from llm_ui.config import Settings
from llm_ui.enums import LoadState
from llm_ui.errors import ModelUnavailable, ProviderError
from llm_ui.llm_api import chosen_model, confined
from llm_ui.llm_api.chosen_model import Told, Wanted
from llm_ui.llm_api.key import ensured_key
from llm_ui.llm_api.process import HOST, end, free_port
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, Retry, fetch_json, make_client

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how often the other processes check the lock and the address
WATCH_SECONDS = 3.0  # how often the keeper checks a running service's health
START_SECONDS = 0.1  # the same while the service starts
LOADING_LIMIT = 600.0  # a service that does not respond at all for this long is restarted
FAILURES = 3  # failed health checks in a row after which a running one is restarted
LONGEST_BACKOFF = 30.0
STEADY_SECONDS = 60.0  # after running this long, a death counts as the first one again
DETAIL_LIMIT = 300
PROBE = Timeouts(connect=1.0, first_token=2.0, silence=2.0, total=2.0)


class Supervisor:
    """Use `start` and `stop` in the app's lifespan, `url` and `wait` anywhere.

    Args:
        settings: if `llm_api_url` is set, the service is run elsewhere: nothing is started, and
            `url` is that address.
        command: a command to run instead of the service (for tests); `--port N` is appended.
    """

    def __init__(self, settings: Settings, command: Sequence[str] | None = None) -> None:
        self._given = settings.llm_api_url
        self._preferred_port = settings.llm_api_port
        self._folder = settings.data_path
        self._settings = settings
        self._command = tuple(command or confined.command(settings))
        self._url: str | None = settings.llm_api_url
        self._task: asyncio.Task[None] | None = None
        self._client: httpx.AsyncClient | None = None
        self._read_at = 0
        # The file being loaded, whether its outcome is still open, and the file to fall back to.
        self._wish = Wanted()
        self._is_trial = False
        self._good: str | None = None
        self._has_left = False
        self.keeping = False

    @property
    def url(self) -> str | None:
        """The service's address if known; the service may still be loading."""
        return self._url

    async def start(self) -> None:
        """Start keeping the service, or waiting for the lock; returns immediately."""
        if self._given is None and self._task is None:
            self._client = make_client()
            self._task = asyncio.create_task(self._run(), name="llm-api-supervisor")

    async def stop(self) -> None:
        """Stop the service if this process is its keeper."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def wait(self, seconds: float = 30.0) -> str:
        """Wait until the service has finished loading and return its address.

        Raises:
            ModelUnavailable: it has no model (`detail` has its explanation), or did not answer in
                time.
        """
        client = self._client or make_client()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    status, detail = await self._health(client)
                    if status == "ready" and self._url is not None:
                        return self._url
                    if status == "unavailable":
                        raise ModelUnavailable(detail)
                    await asyncio.sleep(START_SECONDS)
        except TimeoutError:
            raise ModelUnavailable("the built-in model service is not responding") from None
        finally:
            if self._client is None:
                await client.aclose()

    async def _health(self, client: httpx.AsyncClient) -> tuple[str, str]:
        """The service's status and detail; "" if it does not answer."""
        if self._url is None:
            return "", ""
        try:
            call = Call("GET", f"{self._url}/health")
            found = await fetch_json(client, call, PROBE, Retry(attempts=1))
        except ProviderError:
            return "", ""
        return str(found.get("status", "")), str(found.get("detail", ""))

    # Waiting for the lock

    async def _run(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "llm_api.lock").open("a") as lock:
            while not _locked(lock):
                self._read_address()
                await asyncio.sleep(LOOK_SECONDS)
            self.keeping = True
            try:
                await self._keep()
            finally:
                self.keeping = False
                self._address_file.unlink(missing_ok=True)

    @property
    def _address_file(self) -> Path:
        return self._folder / "llm_api.json"

    def _read_address(self) -> None:
        try:
            changed = self._address_file.stat().st_mtime_ns
            if changed != self._read_at:
                self._url = str(orjson.loads(self._address_file.read_bytes())["url"])
                self._read_at = changed
        except (OSError, ValueError, KeyError):
            self._url = None  # no keeper has written it yet

    def _write_address(self, url: str, pid: int) -> None:
        data = orjson.dumps({"url": url, "pid": pid})
        handle, name = tempfile.mkstemp(dir=self._folder, prefix="llm_api-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(self._address_file)

    # Keeping the service running

    async def _keep(self) -> None:
        deaths = 0
        while True:
            born = time.monotonic()
            self._choose()
            try:
                await self._one_life()
            except OSError as error:
                log.warning("The model service could not be started: %s", error)
            if self._is_trial:
                self._failed("the service exited while loading the file")
                deaths = 0
                continue
            if self._has_left:
                # It did not die: it has another file to load.
                self._has_left, deaths = False, 0
                continue
            deaths = 1 if time.monotonic() - born > STEADY_SECONDS else deaths + 1
            pause = min(LONGEST_BACKOFF, 0.25 * 2**deaths)
            log.warning("The model service has exited; restarting it in %.1f s", pause)
            await asyncio.sleep(pause)

    # Switching model files

    @property
    def _path(self) -> str | None:
        """The file that is currently loaded; None for the default."""
        return self._wish.path if self._is_trial else self._good

    def _choose(self) -> None:
        """Choose the file for the next start of the service."""
        self._wish, news = chosen_model.wanted(self._folder), chosen_model.told(self._folder)
        self._good = news.path
        is_new = self._wish.id != news.id
        self._is_trial = is_new or news.state == LoadState.LOADING
        if is_new:
            chosen_model.tell(self._folder, Told(self._wish.id, self._good, LoadState.LOADING))

    def _loaded(self) -> None:
        """The requested file works."""
        self._good, self._is_trial = self._wish.path, False
        chosen_model.tell(self._folder, Told(self._wish.id, self._good, LoadState.READY))

    def _failed(self, why: str) -> None:
        """The requested file does not work: fall back to the previous one."""
        log.warning("The model service could not load %s: %s", self._wish.path, why)
        self._is_trial = False
        chosen_model.tell(
            self._folder, Told(self._wish.id, self._good, LoadState.FAILED, why[:DETAIL_LIMIT])
        )

    def _wants_another(self) -> bool:
        """Whether a different file has been requested."""
        wish = chosen_model.wanted(self._folder)
        if wish.id == self._wish.id:
            return False
        if wish.path != self._path:
            return True
        # A new request for the same file.
        self._wish = wish
        chosen_model.tell(
            self._folder,
            Told(wish.id, self._good, LoadState.LOADING if self._is_trial else LoadState.READY),
        )
        return False

    async def _one_life(self) -> None:
        """Start the service, and return once it has died or was terminated."""
        port = free_port(self._preferred_port)
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(port),
            *confined.chosen(self._path, self._settings),
            # Without the server's environment, and outside the folder that contains .env.
            env=confined.environment(ensured_key(self._settings)),
            cwd="/",
            # EOF tells the service that this process has ended.
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._url = f"http://{HOST}:{port}"
            self._write_address(self._url, process.pid)
            await self._watch(process)
        finally:
            await end(process)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert self._client is not None
        deadline = time.monotonic() + LOADING_LIMIT
        failures = 0
        settled = False
        while True:
            with contextlib.suppress(TimeoutError):
                pause = WATCH_SECONDS if settled else START_SECONDS
                await asyncio.wait_for(process.wait(), pause)
                return
            if self._wants_another():
                self._is_trial, self._has_left = False, True
                return
            status, detail = await self._health(self._client)
            if status:
                if self._is_trial and status == "ready":
                    self._loaded()
                if self._is_trial and status == "unavailable":
                    self._failed(detail)
                    self._has_left = True
                    return
                if status == "unavailable" and not settled:
                    log.warning("The model service has no model: %s", detail)
                deadline = time.monotonic() + LOADING_LIMIT
                failures, settled = 0, status != "loading"
                continue
            failures += 1
            # A loading service may be too busy to answer; a loaded one must answer.
            if (settled and failures >= FAILURES) or time.monotonic() > deadline:
                log.warning("The model service is no longer responding")
                return


def _locked(lock: IO[str]) -> bool:
    """Try to take the lock; whether this process has it now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
