#!/usr/bin/env python3
"""The entry point for developers: `python3 dev.py run`, `test`, `check`, … (`--help` lists all).

Needs only Python's standard library; the implementation is in llm_ui/cli.
"""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence rather than as a syntax error
    sys.exit(
        "LLM UI needs Python 3.11 or newer; this is Python "
        + ".".join(map(str, sys.version_info[:2]))
        + ". On Debian 12, Ubuntu 24.04 and later, it is available as python3."
    )

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from llm_ui.cli.main import main  # noqa: E402
from llm_ui.cli.setup.installation import checkout  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(checkout(ROOT)))
