"""Reads one file: `python -m llm_ui.reading PATH MEDIA_TYPE CPU_S` prints its text.

The result is JSON, {"text": …, "notes": [[name, words], …]} or {"error": message key}. Anything
else (a crash, no output) means that the file could not be read. The process sets its own limits
before it looks at the file: a hostile file can only crash this process.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import orjson

from llm_ui.errors import AppError, InvalidInput

MEMORY = 1024 * 1024 * 1024
MAX_CHARACTERS = 5_000_000


def confine(cpu_s: int) -> None:
    """Take away from this process everything that reading a file does not need."""
    if sys.platform == "win32":  # there are no such limits; the parent's timeout still applies
        return
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(10)


def answer(path: str, media_type: str) -> dict[str, object]:
    """The file's text, or the reason why there is none."""
    from llm_ui.reading.documents import text_of

    try:
        read = text_of(Path(path), media_type)
        if len(read.text) > MAX_CHARACTERS:
            raise InvalidInput("error.file_text_long")
    except AppError as error:
        return {"error": error.message_key}
    except MemoryError:
        return {"error": "error.file_bomb"}
    return {"text": read.text, "notes": read.notes}


def main() -> int:
    """Read the file named on the command line."""
    path, media_type, cpu_s = sys.argv[1:4]
    confine(int(cpu_s))
    # pypdf logs every flaw of a file; nobody reads that.
    logging.disable(logging.CRITICAL)
    sys.stdout.buffer.write(orjson.dumps(answer(path, media_type)))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
