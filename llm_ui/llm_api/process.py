"""The service's process: choosing its port, and terminating it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket

HOST = "127.0.0.1"
STOP_SECONDS = 3.0


def free_port(preferred: int) -> int:
    """The preferred port if it is free, otherwise any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


async def end(process: asyncio.subprocess.Process) -> None:
    """Terminate the service and its children: SIGTERM first, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(process.wait()), STOP_SECONDS)
