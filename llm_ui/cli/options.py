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
PYTEST = "Put other pytest options after `--`, for example: -- --setup-show"


def bench(parser: argparse.ArgumentParser) -> None:
    """Options of bench/__main__.py."""
    rows = ", ".join(BENCH_ROWS)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=BENCH_ROWS,
        metavar="NAME",
        help=f"only these benchmarks: {rows}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="faster and less precise, without `size`"
    )
    parser.add_argument("--profile", action="store_true", help="also show where the time is spent")
    parser.add_argument("--json", action="store_true", help="also print everything as JSON")


def soak(parser: argparse.ArgumentParser) -> None:
    """Options of bench/soak.py."""
    parts = ("kills", "rounds", "outages", "halves")
    parser.add_argument("--only", choices=parts, help="only this part (default: all)")
    parser.add_argument(
        "--kills", type=int, default=50, help="number of worker kills (default: 50)"
    )
    parser.add_argument(
        "--outages", type=int, default=8, help="number of database outages (default: 8)"
    )
    halves = "number of rounds of requests and uploads that never end (default: 6)"
    parser.add_argument("--halves", type=int, default=6, help=halves)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of load (default: 5)")
    parser.add_argument(
        "--sessions", type=int, default=200, help="simultaneous answers (default: 200)"
    )
    parser.add_argument(
        "--rate", type=int, default=50, help="tokens per second and answer (default: 50)"
    )
    parser.add_argument("--seconds", type=float, default=60, help="seconds per round (default: 60)")
    parser.add_argument("--seed", type=int, help="random seed (default: a new one for each run)")
    workers = "with one worker (no databases needed) or with two (default: both)"
    parser.add_argument("--workers", type=int, choices=(1, 2), help=workers)


def llm_api(parser: argparse.ArgumentParser) -> None:
    """Options of llm_ui/llm_api/__main__.py."""
    parser.add_argument("--port", type=int, help="port (default: LLM_API_PORT, or 8100)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    model = "GGUF file (default: LLM_API_MODEL, or the bundled model)"
    parser.add_argument("--model", type=Path, help=model)
    parser.add_argument(
        "--threads", type=int, help="number of threads (default: LLM_API_THREADS, or one per core)"
    )
    parser.add_argument(
        "--context", type=int, help="context size in tokens, shared by all requests"
    )
    parser.add_argument("--slots", type=int, help="number of simultaneous requests")
    parser.add_argument(
        "--with-parent", action="store_true", help="exit when standard input is closed"
    )


def screens(parser: argparse.ArgumentParser) -> None:
    """Options of tests/e2e/screens."""
    parser.add_argument("--out", type=Path, help="output folder (default: data/screens)")
    parser.add_argument(
        "--docs", action="store_true", help="only retake the screenshots in docs/screens"
    )
    parser.add_argument("--size", help="only this window width, for example 390")
    parser.add_argument(
        "--theme", choices=("light", "dark"), action="append", help="only this theme"
    )
    parser.add_argument(
        "--compare", type=Path, help="report differences from the screenshots in a folder"
    )
    parser.add_argument(
        "--language", choices=tuple(LANGUAGES), help="language of the pages (default: en)"
    )
    parser.add_argument("names", nargs="*", help="only these screenshots")


def prices(parser: argparse.ArgumentParser) -> None:
    """Options of llm_ui/cli/prices.py."""
    parser.add_argument(
        "--day", metavar="YYYY-MM-DD", help="date of the price list (default: today)"
    )


def sbom(parser: argparse.ArgumentParser) -> None:
    """Options of `sbom` in llm_ui/cli/development/supply_chain.py."""
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file (default: print it)")


def pytest(parser: argparse.ArgumentParser) -> None:
    """pytest's most used options; all its others go after `--`."""
    parser.epilog = PYTEST
    parser.add_argument(
        "paths", nargs="*", metavar="path", help="tests to run: tests/unit, tests/x.py::test_y, …"
    )
    parser.add_argument("-k", metavar="WORDS", help="only tests whose names match this expression")
    parser.add_argument(
        "-m", metavar="MARKS", help="only tests whose markers match this expression"
    )
    parser.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    parser.add_argument("--maxfail", type=int, metavar="N", help="stop after this many failures")
    parser.add_argument(
        "--lf", "--last-failed", action="store_true", help="only tests that failed in the last run"
    )
    parser.add_argument(
        "--ff", "--failed-first", action="store_true", help="run the tests that failed last first"
    )
    parser.add_argument("-n", metavar="N", help="number of processes")
    parser.add_argument(
        "--dist", metavar="HOW", help="how tests are distributed among the processes"
    )
    parser.add_argument("-v", "--verbose", action="count", help="more output")
    parser.add_argument("-q", "--quiet", action="count", help="less output")
    parser.add_argument("-s", action="store_true", help="show the output of tests")
    parser.add_argument(
        "-r", metavar="CHARS", help="extra summary at the end (s: skipped tests, …)"
    )
    parser.add_argument("-p", metavar="NAME", action="append", help="load a plugin")
    parser.add_argument("--tb", metavar="STYLE", help="style of tracebacks")
    parser.add_argument("--durations", type=int, metavar="N", help="list the N slowest tests")
    parser.add_argument("--co", "--collect-only", action="store_true", help="only list the tests")
    parser.add_argument("--pdb", action="store_true", help="start the debugger on failures")
    parser.add_argument("--junitxml", metavar="FILE", help="write the results to an XML file")


def test(parser: argparse.ArgumentParser) -> None:
    """pytest's options, and a selection of our own."""
    pytest(parser)
    quick = "unit, state and REST tests on SQLite, without the slow ones"
    parser.add_argument("--quick", action="store_true", help=quick)


# By the verb's name.
ADD: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "bench": bench,
    "soak": soak,
    "llm_api": llm_api,
    "screens": screens,
    "prices": prices,
    "sbom": sbom,
    "test": test,
    "e2e": pytest,
}
