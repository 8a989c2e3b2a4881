"""Keeps one LLM API service running for all of the web app's worker processes.

A lock on a file decides which process is the keeper: the system releases it with the
process, however that ends, and another one takes over. The keeper starts the service,
writes its address where the others read it, and starts it again when it dies or stops
answering. The service itself ends with its keeper (`--with-parent`).

Files, in the data folder: `llm_api.lock`, `llm_api.json` ({"url": …, "pid": …}), and those by which
the app wishes for another model file (choice.py). The keeper then ends the service and starts it
with that file; if it does not load, with the one of before, and says why.
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
from llm_ui.errors import ModelUnavailable, ProviderError
from llm_ui.llm_api import choice, confined
from llm_ui.llm_api.choice import Told, Wanted
from llm_ui.llm_api.key import ensured_key
from llm_ui.llm_api.process import HOST, end, free_port
from llm_ui.wire.events import Timeouts
from llm_ui.wire.http import Call, Retry, fetch_json, make_client

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how often the others look for the lock and the address
WATCH_SECONDS = 3.0  # how often the keeper asks a running service how it is
START_SECONDS = 0.1  # the same while it starts
LOADING_LIMIT = 600.0  # a service that answers nothing at all for that long is started again
FAILURES = 3  # unanswered questions in a row after which a running one is
LONGEST_BACKOFF = 30.0
STEADY_SECONDS = 60.0  # after so long a life a death counts as the first one again
DETAIL_LIMIT = 300
PROBE = Timeouts(connect=1.0, first_token=2.0, silence=2.0, total=2.0)


class Supervisor:
    """Use `start` and `stop` in the app's lifespan, `url` and `wait` anywhere.

    Args:
        settings: `llm_api_url` set means that somebody else runs the service: then
            nothing is started, and `url` is that address.
        command: what to run in place of the service (for tests); `--port N` follows.
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
        # What is being loaded, whether that is still open, and the file to go back to.
        self._wish = Wanted()
        self._is_trial = False
        self._good: str | None = None
        self._has_left = False
        self.keeping = False

    @property
    def url(self) -> str | None:
        """The service's address as far as it is known; it may still be loading."""
        return self._url

    async def start(self) -> None:
        """Begin to keep the service, or to wait for one's turn; returns at once."""
        if self._given is None and self._task is None:
            self._client = make_client()
            self._task = asyncio.create_task(self._run(), name="llm-api-supervisor")

    async def stop(self) -> None:
        """End the service if this process keeps it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def wait(self, seconds: float = 30.0) -> str:
        """The address, once a service answers there that is not loading any more.

        Raises:
            ModelUnavailable: it has no model (its own words are in `detail`), or none
                answered in time.
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
            raise ModelUnavailable("the model service does not answer") from None
        finally:
            if self._client is None:
                await client.aclose()

    async def _health(self, client: httpx.AsyncClient) -> tuple[str, str]:
        """The service's status, "" when nobody answers, and the reason it gives."""
        if self._url is None:
            return "", ""
        try:
            call = Call("GET", f"{self._url}/health")
            found = await fetch_json(client, call, PROBE, Retry(attempts=1))
        except ProviderError:
            return "", ""
        return str(found.get("status", "")), str(found.get("detail", ""))

    # Taking turns

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
            self._url = None  # no keeper has got that far

    def _write_address(self, url: str, pid: int) -> None:
        data = orjson.dumps({"url": url, "pid": pid})
        handle, name = tempfile.mkstemp(dir=self._folder, prefix="llm_api-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(self._address_file)

    # Keeping

    async def _keep(self) -> None:
        deaths = 0
        while True:
            born = time.monotonic()
            self._choose()
            try:
                await self._one_life()
            except OSError as error:
                log.warning("The model service cannot be started: %s", error)
            if self._is_trial:
                self._failed("the service ended while it loaded the file")
                deaths = 0
                continue
            if self._has_left:
                # It did not die: it has something else to load.
                self._has_left, deaths = False, 0
                continue
            deaths = 1 if time.monotonic() - born > STEADY_SECONDS else deaths + 1
            pause = min(LONGEST_BACKOFF, 0.25 * 2**deaths)
            log.warning("The model service has ended; it is started again in %.1f s", pause)
            await asyncio.sleep(pause)

    # Another file

    @property
    def _path(self) -> str | None:
        """The file that is loaded now; None for the usual one."""
        return self._wish.path if self._is_trial else self._good

    def _choose(self) -> None:
        """Which file this life begins with."""
        self._wish, news = choice.wanted(self._folder), choice.told(self._folder)
        self._good = news.path
        is_new = self._wish.id != news.id
        self._is_trial = is_new or news.state == "loading"
        if is_new:
            choice.tell(self._folder, Told(self._wish.id, self._good, "loading"))

    def _loaded(self) -> None:
        """The file of the wish works."""
        self._good, self._is_trial = self._wish.path, False
        choice.tell(self._folder, Told(self._wish.id, self._good, "ready"))

    def _failed(self, why: str) -> None:
        """The file of the wish does not work: back to the one of before."""
        log.warning("The model service could not load %s: %s", self._wish.path, why)
        self._is_trial = False
        choice.tell(self._folder, Told(self._wish.id, self._good, "failed", why[:DETAIL_LIMIT]))

    def _wants_another(self) -> bool:
        """Whether somebody wishes for another file than this one."""
        wish = choice.wanted(self._folder)
        if wish.id == self._wish.id:
            return False
        if wish.path != self._path:
            return True
        # The same again.
        self._wish = wish
        choice.tell(
            self._folder, Told(wish.id, self._good, "loading" if self._is_trial else "ready")
        )
        return False

    async def _one_life(self) -> None:
        """Start the service, and return when it has died or had to be ended."""
        port = free_port(self._preferred_port)
        process = await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(port),
            *confined.chosen(self._path, self._settings),
            # Nothing of the server's surroundings, and away from the folder that .env lies in.
            env=confined.environment(ensured_key(self._settings)),
            cwd="/",
            # Its end of file tells the service that this process is gone.
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
            # One that loads may be too busy to answer; one that had loaded must.
            if (settled and failures >= FAILURES) or time.monotonic() > deadline:
                log.warning("The model service does not answer any more")
                return


def _locked(lock: IO[str]) -> bool:
    """Whether this process has the lock now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
