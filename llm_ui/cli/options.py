"""Options of the programs that `dev.py` starts after preparing what they need.

They are defined here, with only the standard library, so that `--help` lists them and invalid ones
are rejected before anything is installed. bench and soak import them from here; for the others,
tests compare them with the program's own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from llm_ui.i18n import LANGUAGES

BENCH_ROWS = (
    "browser",
    "browser-8000",
    "server",
    "streams",
    "first-load",
    "idle",
    "search",
    "finding",
    "usage",
    "size",
)
PYTEST = "pytest's other options go behind `--`, for example: -- --setup-show"


def bench(parser: argparse.ArgumentParser) -> None:
    """Options of bench/__main__.py."""
    rows = ", ".join(BENCH_ROWS)
    parser.add_argument("--only", nargs="+", choices=BENCH_ROWS, metavar="NAME", help=rows)
    parser.add_argument("--quick", action="store_true", help="less exact; without `size`")
    parser.add_argument("--profile", action="store_true", help="also where the time goes")
    parser.add_argument("--json", action="store_true", help="print everything as JSON too")


def soak(parser: argparse.ArgumentParser) -> None:
    """Options of bench/soak.py."""
    parts = ("kills", "rounds", "outages", "halves")
    parser.add_argument("--only", choices=parts, help="one part (default: all)")
    parser.add_argument("--kills", type=int, default=50, help="how often a worker is killed (50)")
    parser.add_argument("--outages", type=int, default=8, help="how often the database goes (8)")
    halves = "how often requests and uploads come that never end (6)"
    parser.add_argument("--halves", type=int, default=6, help=halves)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of load (5)")
    parser.add_argument("--sessions", type=int, default=200, help="answers at once (200)")
    parser.add_argument("--rate", type=int, default=50, help="tokens per second of each (50)")
    parser.add_argument("--seconds", type=float, default=60, help="how long a round is (60)")
    parser.add_argument("--seed", type=int, help="of what is random (default: another each time)")
    workers = "with one worker, which needs no database, or two (default: both)"
    parser.add_argument("--workers", type=int, choices=(1, 2), help=workers)


def llm_api(parser: argparse.ArgumentParser) -> None:
    """Options of llm_ui/llm_api/__main__.py."""
    parser.add_argument("--port", type=int, help="the port (default: LLM_API_PORT, or 8100)")
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    model = "a GGUF file (default: LLM_API_MODEL, or the bundled one)"
    parser.add_argument("--model", type=Path, help=model)
    parser.add_argument("--threads", type=int, help="default: LLM_API_THREADS, or one per core")
    parser.add_argument("--context", type=int, help="tokens, of all requests together")
    parser.add_argument("--slots", type=int, help="requests at once")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")


def screens(parser: argparse.ArgumentParser) -> None:
    """Options of tests/e2e/screens."""
    parser.add_argument("--out", type=Path, help="the folder (default: data/screens)")
    parser.add_argument("--docs", action="store_true", help="retake those of docs/screens, alone")
    parser.add_argument("--size", help="only this window, for example 390")
    parser.add_argument("--theme", choices=("light", "dark"), action="append", help="only this one")
    parser.add_argument("--compare", type=Path, help="tell what differs from a folder's pictures")
    parser.add_argument("--language", choices=tuple(LANGUAGES), help="default: en")
    parser.add_argument("names", nargs="*", help="only these pictures")


def prices(parser: argparse.ArgumentParser) -> None:
    """Options of llm_ui/cli/prices.py."""
    parser.add_argument("--day", metavar="YYYY-MM-DD", help="the list's date (default: today)")


def sbom(parser: argparse.ArgumentParser) -> None:
    """Options of `sbom` in llm_ui/cli/development/supply_chain.py."""
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file (default: print it)")


def pytest(parser: argparse.ArgumentParser) -> None:
    """pytest's most used options; all its others go after `--`."""
    parser.epilog = PYTEST
    parser.add_argument(
        "paths", nargs="*", metavar="path", help="tests/unit, tests/x.py::test_y, …"
    )
    parser.add_argument("-k", metavar="WORDS", help="only tests whose names hold these")
    parser.add_argument("-m", metavar="MARKS", help="only tests with these marks")
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    parser.add_argument("--maxfail", type=int, metavar="N", help="stop after so many failures")
    parser.add_argument("--lf", "--last-failed", action="store_true", help="only what failed last")
    parser.add_argument(
        "--ff", "--failed-first", action="store_true", help="what failed last first"
    )
    parser.add_argument("-n", metavar="N", help="so many processes")
    parser.add_argument("--dist", metavar="HOW", help="how they share the tests")
    parser.add_argument("-v", "--verbose", action="count", help="say more")
    parser.add_argument("-q", "--quiet", action="count", help="say less")
    parser.add_argument("-s", action="store_true", help="show what tests print")
    parser.add_argument("-r", metavar="CHARS", help="sum up at the end (s: what was skipped, …)")
    parser.add_argument("-p", metavar="NAME", action="append", help="a plugin")
    parser.add_argument("--tb", metavar="STYLE", help="how failures are shown")
    parser.add_argument("--durations", type=int, metavar="N", help="name the slowest")
    parser.add_argument("--co", "--collect-only", action="store_true", help="only list the tests")
    parser.add_argument("--pdb", action="store_true", help="debug at a failure")
    parser.add_argument("--junitxml", metavar="FILE", help="write the results as XML")


# By the verb's name.
ADD: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "bench": bench,
    "soak": soak,
    "llm_api": llm_api,
    "screens": screens,
    "prices": prices,
    "sbom": sbom,
    "test": pytest,
    "e2e": pytest,
}
