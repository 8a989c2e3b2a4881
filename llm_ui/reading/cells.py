"""The cells of a sheet: their results, or their formulas if there is no result."""

from __future__ import annotations

from typing import Any

from openpyxl.worksheet import _reader

MOST_FORMULA = 300


def cells_parser(reader: Any) -> Any:
    """Create the sheet parser for a workbook opened with openpyxl's reader."""
    book = reader.wb
    parser = _Cells(
        None,
        reader.shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )
    parser.is_uncomputed = bool(getattr(book.calculation, "fullCalcOnLoad", False))
    return parser


class _Cells(_reader.WorkSheetParser):  # type: ignore[misc]
    """openpyxl's parser, restricted to rows: everything else in a sheet (filters, rules, links) may
    be malformed and is not text."""

    is_uncomputed = False

    def parse(self) -> Any:
        """Yield the rows, each with its non-empty cells."""
        for _, element in _reader.iterparse(self.source):
            if element.tag == _reader.ROW_TAG:
                yield self.parse_row(element)
                element.clear()

    def parse_row(self, row: Any) -> Any:
        """Parse a row into its number and its cells."""
        number, cells = super().parse_row(row)
        return number, [cell for cell in cells if cell["value"] not in (None, "")]

    def parse_cell(self, element: Any) -> Any:
        """Parse a cell into what it shows."""
        try:
            cell = super().parse_cell(element)
        except (ValueError, IndexError, TypeError, KeyError):
            # A malformed cell: show its raw content.
            raw = element.findtext(_reader.VALUE_TAG, "")
            cell = {
                "row": self.row_counter,
                "column": self.col_counter,
                "value": raw,
                "data_type": "s",
                "style_id": 0,
            }
        if element.find(_reader.FORMULA_TAG) is None:
            return cell
        # Record it even if it is not shown: other cells may share the formula.
        written = self._written(element)
        has_result = element.get("t") == "str" and element.find(_reader.VALUE_TAG) is not None
        if cell["value"] is None and not has_result:
            cell["value"] = written
        elif cell["value"] == 0 and self.is_uncomputed and written:
            # Programs that do not calculate write 0 and request a full recalculation on load.
            cell["value"] = f"0 ({written})"
        return cell

    def _written(self, element: Any) -> str:
        try:
            found = self.parse_formula(element)
        except (ValueError, TypeError, KeyError):
            return ""
        found = getattr(found, "text", found)
        return found[:MOST_FORMULA] if isinstance(found, str) and found != "=" else ""
