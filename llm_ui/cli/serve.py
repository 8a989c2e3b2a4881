"""Inside the environment: the production web server, on one port.

    python -m llm_ui.cli.serve --port 3000 [--host 0.0.0.0] [--workers 1] [--grace 5]

It serves a frontend that has already been built (`dev.py run` does both). `reflex run --env prod`
would compile and build again on every start and keep the whole framework loaded a second time in
the parent; here the parent only holds the socket and watches its workers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import math
import os
import resource
import secrets
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from llm_ui.cli.setup import private_files

TARGET = "llm_ui.cli.serve:application"
PR_SET_PDEATHSIG = 1
# Sent by the parent to its workers before it asks them to exit.
DRAIN_SIGNAL = signal.SIGUSR1
# The variable with the file that a worker creates to tell its parent that it is up.
UP = "LLM_UI_UP"
# Up to this many deaths within this many seconds, a worker is restarted immediately.
DEATHS_AT_ONCE, DEATHS_S = 3, 60.0
LONGEST_PAUSE_S = 20.0
# The desired limit of open files, if the system allows it; the usual 1,024 are soon exhausted.
OPEN_FILES = 32_768
# A worker's connections, besides websockets: half of the open files, so that there are enough left
# for files, databases and tabs.
CONNECTIONS, CONNECTIONS_SHARE = 8_192, 2
# Connections waiting to be accepted while a worker is busy.
BACKLOG = 2_048

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class Draining:
    """Ends open event streams when the server is about to stop.

    The server waits for open connections before it lets the app's lifespan end, and an event stream
    stays open as long as its reader does: without this, a single open stream would prevent an
    orderly shutdown. To the app it looks as if the readers had disconnected.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._draining = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            send = self._noting(send)
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(DRAIN_SIGNAL, self._draining.set)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, lambda: self._receive(receive), send)

    @staticmethod
    def _noting(send: Send) -> Send:
        """Tell the parent when a worker has started."""

        async def noting(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete" and (note := os.environ.get(UP)):
                with contextlib.suppress(OSError):
                    Path(note).touch()  # noqa: ASYNC240 - once
            await send(message)

        return noting

    async def _receive(self, receive: Receive) -> Message:
        incoming = asyncio.ensure_future(receive())
        draining = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait((incoming, draining), return_when=asyncio.FIRST_COMPLETED)
            if incoming.done():
                return incoming.result()
            return {"type": "http.disconnect"}
        finally:
            incoming.cancel()
            draining.cancel()


class OneLine:
    """Replaces line breaks in paths. Starlette's mounts, which every request passes through, match
    only up to a line break, and the rest would bypass our handlers. None of our URLs contains one,
    so the result is just as unknown."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "\n" in scope["path"]:
            scope = {**scope, "path": scope["path"].replace("\n", "\ufffd")}
        await self._app(scope, receive, send)


def application() -> Asgi:
    """Create a worker's app; the server's factory."""
    from llm_ui.api.http.cors import KeysFromAnywhere
    from llm_ui.api.http.unended import MessagesEnd, Unended
    from llm_ui.api.http.unread import UNREAD_OF_ONE, AnswersAreRead, Unread
    from llm_ui.config import get_settings
    from llm_ui.llm_ui import app

    # The parent outlives its workers unless it is killed. An orphaned worker would keep serving and
    # hold the port, and nobody would restart or stop it. SIGTERM is not used: an open websocket
    # keeps a worker from exiting, and there is no parent left to kill it.
    end_with_parent(signal.SIGKILL)
    # Reflex's CORS handling wraps the whole app.
    unended = Unended()
    of_one = 0 if get_settings().trusted_proxies else UNREAD_OF_ONE
    served = MessagesEnd(OneLine(KeysFromAnywhere(app())), unended)
    return Draining(AnswersAreRead(served, Unread(of_one, unended=unended)))


class Deaths:
    """The recent deaths of workers, and how long to wait before the next restart."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=DEATHS_AT_ONCE + 8)

    def pause(self) -> float:
        """Record a death and return the seconds to wait: none for the first few, then exponentially
        longer."""
        moment = time.monotonic()
        self._moments.append(moment)
        recent = sum(moment - each < DEATHS_S for each in self._moments)
        over = recent - DEATHS_AT_ONCE
        return 0.0 if over <= 0 else min(0.5 * 2.0**over, LONGEST_PAUSE_S)


class DrainingServer(Server):  # type: ignore[misc, valid-type, unused-ignore]
    """Granian's server, extended: it tells its workers when a shutdown is about to happen, and
    restarts a dead worker no matter how often it dies, because the death of one worker is no reason
    to stop the others. It gives up only if no worker has ever started."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deaths = Deaths()
        self._up = Path(tempfile.gettempdir()) / f"llm-ui-up-{secrets.token_hex(8)}"
        os.environ[UP] = str(self._up)

    def _respawn_workers(
        self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        deadline = time.monotonic() + self._deaths.pause()
        while not self.interrupt_signal and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        if self.interrupt_signal:
            return
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        if self._up.exists():
            # Otherwise the server would exit after two deaths in a row.
            self.respawned_wrks.clear()

    def shutdown(self, exit_code: int = 0) -> None:
        """Drain, then stop."""
        self._up.unlink(missing_ok=True)
        for worker in self.wrks:
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(worker._id(), DRAIN_SIGNAL)
        super().shutdown(exit_code)


def most_connections() -> int:
    """Raise the limit of open files as far as the system allows, and return how many connections a
    worker accepts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = OPEN_FILES if hard == unlimited else min(OPEN_FILES, hard)
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return CONNECTIONS if soft == unlimited else min(CONNECTIONS, soft // CONNECTIONS_SHARE)


def server(host: str, port: int, *, workers: int, grace: float) -> DrainingServer:
    """Create the web server; its `serve` runs until it is told to stop."""
    return DrainingServer(
        TARGET,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        log_level=LogLevels.warning,
        # Only HTTP/1 has a timeout for a request's headers.
        http=HTTPModes.http1,
        backlog=BACKLOG,
        backpressure=most_connections(),
        respawn_failed_workers=True,
        # Open websockets and event streams never end by themselves.
        workers_kill_timeout=max(1, math.ceil(grace) + 1),
    )


def reflex_environment(port: int, workers: int) -> dict[str, str]:
    """The variables that `reflex run --env prod --single-port` sets before it starts its server."""
    return {
        "REFLEX_ENV_MODE": "prod",
        "__REFLEX_COMPILE_CONTEXT": "run",
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "REFLEX_FRONTEND_PORT": str(port),
        "REFLEX_BACKEND_PORT": str(port),
        "GRANIAN_WORKERS": str(workers),
    }


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask Linux to signal this process when its parent is gone, regardless of how it ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def arguments() -> argparse.Namespace:
    """Parse this module's options."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.serve")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - origins are checked
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument(
        "--with-parent", action="store_true", help="exit when the parent process exits"
    )
    return parser.parse_args()


def main() -> None:
    """Serve until told to stop."""
    options = arguments()
    if options.with_parent:
        end_with_parent()
    os.environ.update(reflex_environment(options.port, options.workers))
    with contextlib.ExitStack() as stack:
        stack.enter_context(private_files.ours())
        if options.workers > 1:
            # Each worker writes metrics to files of its own; the one that is asked aggregates them.
            folder = tempfile.TemporaryDirectory(prefix="llm-ui-metrics-")
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(folder)
        server(options.host, options.port, workers=options.workers, grace=options.grace).serve()


if __name__ == "__main__":
    main()
