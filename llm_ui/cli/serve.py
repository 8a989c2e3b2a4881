"""Inside the environment: the production web server, on one port.

    python -m llm_ui.cli.serve --port 3000 [--host 0.0.0.0] [--workers 1] [--grace 5]

It serves a frontend that was built before (`dev.py run` does both). `reflex run --env prod`
would compile and build again at each start and keep the whole framework loaded a second
time in the parent; here the parent holds the socket and watches its workers, nothing else.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import signal
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

TARGET = "llm_ui.llm_ui:app"
PR_SET_PDEATHSIG = 1


def reflex_environment(port: int, workers: int) -> dict[str, str]:
    """What `reflex run --env prod --single-port` sets before it starts its server."""
    return {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_COMPILE_CONTEXT": "run",
        "REFLEX_SKIP_COMPILE": "true",
        "REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "REFLEX_FRONTEND_PORT": str(port),
        "REFLEX_BACKEND_PORT": str(port),
        "GRANIAN_WORKERS": str(workers),
    }


def end_with_parent() -> None:
    """Ask Linux to stop this server when the one who started it is gone, however it ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


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
    Server(
        TARGET,
        factory=True,
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        # Open websockets and event streams never end by themselves.
        workers_kill_timeout=max(1, math.ceil(options.grace) + 1),
    ).serve()


if __name__ == "__main__":
    main()
