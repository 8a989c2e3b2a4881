"""Inside the environment: the production web server, on one port.

    python -m llm_ui.cli.serve --port 3000 [--host 0.0.0.0] [--workers 1] [--grace 5]

It serves a frontend that was built before (`dev.py run` does both). `reflex run --env prod`
would compile and build again at each start and keep the whole framework loaded a second
time in the parent; here the parent holds the socket and watches its workers, nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import math
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

TARGET = "llm_ui.cli.serve:application"
PR_SET_PDEATHSIG = 1
# What the parent tells its workers before it asks them to end.
DRAIN_SIGNAL = signal.SIGUSR1

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class Draining:
    """Lets open event streams end when the server is about to stop.

    The server waits for its open connections before it lets the app end its lifespan, and
    an event stream stays open as long as its reader: without this, one open stream would
    cost the app its orderly end. To the app it looks as if the readers had gone.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._draining = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(DRAIN_SIGNAL, self._draining.set)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, lambda: self._receive(receive), send)

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
    """Takes line breaks out of paths: Starlette's mounts, through which every call goes, end
    at one, and what they leave is answered by nobody in particular. No address of ours has
    any, so that what is left is as unknown as before."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "\n" in scope["path"]:
            scope = {**scope, "path": scope["path"].replace("\n", "\ufffd")}
        await self._app(scope, receive, send)


def application() -> Asgi:
    """The app of a worker, as the server's factory."""
    from llm_ui.llm_ui import app

    # The parent outlives its workers unless it is killed; one without a parent would go on
    # serving, hold the port, and nobody would start it again or stop it. Not SIGTERM: an
    # open websocket keeps a worker from ending, and the parent is not there to insist.
    end_with_parent(signal.SIGKILL)
    return Draining(OneLine(app()))


class DrainingServer(Server):  # type: ignore[misc, valid-type, unused-ignore]
    """Granian's server, which tells its workers that the end is near."""

    def shutdown(self, exit_code: int = 0) -> None:
        """Drain, then stop."""
        for worker in self.wrks:
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(worker._id(), DRAIN_SIGNAL)
        super().shutdown(exit_code)


def server(host: str, port: int, *, workers: int, grace: float) -> DrainingServer:
    """The web server; `serve` runs it until it is told to stop."""
    return DrainingServer(
        TARGET,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        # Open websockets and event streams never end by themselves.
        workers_kill_timeout=max(1, math.ceil(grace) + 1),
    )


def reflex_environment(port: int, workers: int) -> dict[str, str]:
    """What `reflex run --env prod --single-port` sets before it starts its server."""
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
    """Ask Linux to signal this process when the one who started it is gone, however it ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def arguments() -> argparse.Namespace:
    """The options of this module."""
    parser = argparse.ArgumentParser(prog="python -m llm_ui.cli.serve")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - origins are checked
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--grace", type=float, default=5.0)
    parser.add_argument("--with-parent", action="store_true", help="end when the parent ends")
    return parser.parse_args()


def main() -> None:
    """Serve until told to stop."""
    options = arguments()
    if options.with_parent:
        end_with_parent()
    os.environ.update(reflex_environment(options.port, options.workers))
    with contextlib.ExitStack() as stack:
        if options.workers > 1:
            # Each worker counts into files of its own; whichever is asked adds them up.
            folder = tempfile.TemporaryDirectory(prefix="llm-ui-metrics-")
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(folder)
        server(options.host, options.port, workers=options.workers, grace=options.grace).serve()


if __name__ == "__main__":
    main()
