"""`python -m llm_ui.llm_api`: the LLM API service as a process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from llm_ui.config import service_settings
from llm_ui.errors import ConfigError, ModelUnavailable
from llm_ui.llm_api import confined
from llm_ui.llm_api.app import create_app
from llm_ui.llm_api.engine import (
    CONTEXT_TOKENS,
    SLOTS,
    Engine,
    EngineOptions,
    bundled_model,
)
from llm_ui.llm_api.key import ensured_key
from llm_ui.wire.transport import is_loopback


def arguments() -> argparse.Namespace:
    """Parse the command line; settings provide the defaults."""
    settings = service_settings()
    parser = argparse.ArgumentParser(prog="python -m llm_ui.llm_api", description=__doc__)
    parser.add_argument("--port", type=int, default=settings.llm_api_port)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--model", type=Path, default=settings.llm_api_model, help="GGUF file")
    parser.add_argument("--threads", type=int, default=settings.llm_api_threads)
    parser.add_argument(
        "--context",
        type=int,
        default=CONTEXT_TOKENS,
        help="context size in tokens, shared by all requests",
    )
    parser.add_argument("--slots", type=int, default=SLOTS, help="number of simultaneous requests")
    parser.add_argument(
        "--with-parent", action="store_true", help="exit when standard input is closed"
    )
    return parser.parse_args()


def _end_with_parent() -> None:
    """Exit when the parent does, even on kill -9: the parent holds the other end of standard input,
    and the system closes it with the process."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


async def serve(options: argparse.Namespace, key: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    engine = Engine(EngineOptions(options.model, options.threads, options.context, options.slots))
    app = create_app(engine, key, loopback_only=is_loopback(options.host))
    server = Server(
        app,
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        websockets=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def main() -> None:
    """Run the service; the exit code is 2 for an invalid setting."""
    logging.basicConfig(level=logging.WARNING)
    try:
        options = arguments()
        key = ensured_key(service_settings())
    except ConfigError as error:
        sys.exit(str(error))
    with contextlib.suppress(ModelUnavailable):  # reported when the model is loaded
        model = options.model or bundled_model()
        confined.limit(model)
        confined.shut_in(model)
    if options.with_parent:
        _end_with_parent()
    asyncio.run(serve(options, key))
    # Without waiting for llama.cpp's threads: there is nothing to save.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
