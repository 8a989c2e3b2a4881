#!/usr/bin/env python3
"""The one door for developers: `python3 dev.py run`, `test`, `check`, … (`--help` lists all).

Needs nothing but Python's standard library; what it does is in llm_ui/cli.
"""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence rather than as a syntax error
    sys.exit(
        "LLM UI needs Python 3.11 or newer; this is Python "
        + ".".join(map(str, sys.version_info[:2]))
        + ". Debian 12, Ubuntu 24.04 and later bring it as python3."
    )

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from llm_ui.cli.main import main  # noqa: E402
from llm_ui.cli.place import checkout  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(checkout(ROOT)))
