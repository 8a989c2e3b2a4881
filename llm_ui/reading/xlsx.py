"""The text of workbooks: what each sheet shows, as lines of tab-separated values.

openpyxl handles shared strings, dates and formats. Its own sheet reader trusts the dimensions that
the file claims, fills every gap with empty cells, and returns either formulas or results; so cells
are taken directly from its parser, as they are in the file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from llm_ui.reading.package import BROKEN, Package
from llm_ui.reading.parts import Note, Read

# After a gap of more empty cells than this, the next cell is prefixed with its position instead.
MOST_BLANKS = 64
# What openpyxl raises for a broken sheet depends on where it is broken.
_BROKEN = (*BROKEN, SyntaxError, TypeError, AttributeError, IndexError, AssertionError)


def read_xlsx(path: Path) -> Read:
    """Read a workbook's sheets with their names; hidden sheets are labeled.

    A cell shows its value; for a formula that was never computed, the formula itself is shown.

    Raises:
        InvalidInput: a decompression bomb, or encrypted.
        one of BROKEN: the workbook is damaged. Single unreadable sheets are skipped and listed.
    """
    with Package(path) as package:
        package.check_types()
    warnings.simplefilter("ignore")
    # A file object: given a path, openpyxl checks the extension, and our files have none.
    with path.open("rb") as file:
        try:
            reader = _opened(file)
            sheets = list(reader.parser.find_sheets())
        except _BROKEN as error:
            raise ValueError("not a workbook") from error
        shown: list[str] = []
        unread: list[str] = []
        for sheet, related in sheets:
            if "worksheet" not in related.Type:
                continue
            lines = [f"Sheet {sheet.name}" + (" (hidden)" if sheet.state != "visible" else "")]
            try:
                lines.extend(_rows(reader, related.target))
            except _BROKEN:
                unread.append(sheet.name)
                lines.append(
                    f"[{'The rest of this' if len(lines) > 1 else 'This'} sheet could not be read.]"
                )
            shown.append("\n".join(lines))
    if (
        unread
        and len(unread) == len(shown)
        and all(part.endswith("[This sheet could not be read.]") for part in shown)
    ):
        raise ValueError("no sheet can be read")
    notes: list[Note] = [("sheets", ", ".join(unread))] if unread else []
    # Names of empty sheets do not count as text.
    return Read("\n\n".join(shown) if any("\n" in part for part in shown) else "", notes)


def _opened(file: BinaryIO) -> Any:
    """openpyxl's reader with only the necessary parts of a workbook loaded: properties, themes and
    claimed dimensions may be broken."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    with suppress(*_BROKEN):
        # Without styles dates are shown as numbers, but no text is lost.
        apply_stylesheet(reader.archive, reader.wb)
    return reader


def _rows(reader: Any, part: str) -> Iterator[str]:
    from llm_ui.reading.cells import cells_parser

    parser = cells_parser(reader)
    with reader.archive.open(part) as source:
        parser.source = source
        for _, cells in parser.parse():
            line, at = "", 1
            for cell in cells:
                words = _cell(cell["value"], reader.wb, cell["style_id"])
                if not words:
                    continue
                gap = cell["column"] - at
                if gap > MOST_BLANKS:
                    line += f"\t[{_address(cell['row'], cell['column'])}] {words}"
                else:
                    line += "\t" * max(0, gap) + words
                at = cell["column"]
            if line:
                yield line


def _address(row: int, column: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column)}{row}"


def _cell(value: object, book: Any, style: int) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime):
        # Dates and times are stored as fractions of a day: sub-second parts are rounding errors.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, int | float):
        if "%" in _format(book, style):
            return f"{value * 100:.10g}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    # Characters that XML cannot contain are escaped by number: _x000D_.
    words = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), str(value))
    return " ".join(words.split())


def _format(book: Any, style: int) -> str:
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    try:
        number = book._cell_styles[style].numFmtId
        if number < BUILTIN_FORMATS_MAX_SIZE:
            return str(BUILTIN_FORMATS.get(number, ""))
        return str(book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])
    except (IndexError, KeyError, TypeError):
        return ""
