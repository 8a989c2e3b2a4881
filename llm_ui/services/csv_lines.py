"""CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

# What spreadsheets interpret as a formula at the start of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """A text as a cell that no spreadsheet treats as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_line(*values: object) -> str:
    """One line of CSV (RFC 4180)."""
    line = io.StringIO()
    csv.writer(line).writerow([cell(v) if isinstance(v, str) else v for v in values])
    return line.getvalue()
