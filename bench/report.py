"""Updates docs/performance.md: the measured part is replaced, everything else is kept."""

from __future__ import annotations

from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.2f}"


def _with_unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{_number(value)} {unit}".strip()


def _goal(figure: dict[str, Any]) -> str:
    sign = "≥" if figure["at_least"] else "≤"
    return (
        f"{sign} {_with_unit(figure['goal'], figure['unit'])}" if figure["goal"] is not None else ""
    )


def table(rows: list[dict[str, Any]]) -> str:
    """The figures of all rows as a Markdown table."""
    lines = [
        "| figure | goal | hard limit | measured | floor | ratio to floor | met? |",
        "|---|--:|--:|--:|--:|--:|:-:|",
    ]
    for row in rows:
        if "failed" in row:
            lines.append(f"| *{row['row']}* | | | failed: {row['failed']} | | | |")
            continue
        for each in row["figures"]:
            met = {True: "yes", False: "**no**", None: ""}[each["met"]]
            cells = [
                f"{row['row']}: {each['name']}",
                _goal(each),
                _with_unit(each["cap"], each["unit"]),
                _with_unit(each["value"], each["unit"]),
                _with_unit(each["floor"], each["unit"]),
                "" if each["ratio"] is None else f"{each['ratio']:.2f}",
                met,
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measured(facts: dict[str, str], rows: list[dict[str, Any]]) -> str:
    """The part between the markers."""
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    commands = "\n".join(row["command"] for row in rows if "command" in row)
    return f"{told}\n\n{table(rows)}\n\n```\n{commands}\n```"


def put_in(page: str, part: str) -> str:
    """The page with its measured part replaced. Raises ValueError if there are no markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} or {END} is missing from the page")
    return f"{before}{BEGIN}\n{part}\n{END}{after}"
