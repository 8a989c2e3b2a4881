"""`python -m tests.scripted --port 8123`: the scripted server as a process."""

import argparse
import asyncio
import signal

from tests.scripted.server import ScriptedServer


async def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description="A model server that does as it is told.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    server = ScriptedServer()
    await server.start(options.port, options.host)
    print(server.url, flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await server.stop()


asyncio.run(main())
