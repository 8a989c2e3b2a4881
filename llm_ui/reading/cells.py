"""Cells as they stand in a sheet, with their results, and their formulas where there are none."""

from __future__ import annotations

from typing import Any

from openpyxl.worksheet import _reader

MOST_FORMULA = 300


def cells_parser(reader: Any) -> Any:
    """A parser of the sheets of a workbook that openpyxl's reader has opened."""
    book = reader.wb
    parser = _Cells(
        None, reader.shared_strings, data_only=True, epoch=book.epoch,
        date_formats=book._date_formats, timedelta_formats=book._timedelta_formats,
    )  # fmt: skip
    parser.is_uncomputed = bool(getattr(book.calculation, "fullCalcOnLoad", False))
    return parser


class _Cells(_reader.WorkSheetParser):  # type: ignore[misc]
    """openpyxl's, for rows only: what else a sheet has (filters, rules, links) may be odd and
    is no text."""

    is_uncomputed = False

    def parse(self) -> Any:
        """The rows that there are, each with the cells that have something in them."""
        for _, element in _reader.iterparse(self.source):
            if element.tag == _reader.ROW_TAG:
                yield self.parse_row(element)
                element.clear()

    def parse_row(self, row: Any) -> Any:
        """A row's number and its cells."""
        number, cells = super().parse_row(row)
        return number, [cell for cell in cells if cell["value"] not in (None, "")]

    def parse_cell(self, element: Any) -> Any:
        """A cell with what it shows."""
        try:
            cell = super().parse_cell(element)
        except (ValueError, IndexError, TypeError, KeyError):
            # One odd cell: what stands in it is shown as it is.
            raw = element.findtext(_reader.VALUE_TAG, "")
            cell = {"row": self.row_counter, "column": self.col_counter, "value": raw,
                    "data_type": "s", "style_id": 0}  # fmt: skip
        if element.find(_reader.FORMULA_TAG) is None:
            return cell
        # Also where it is not shown: others may share it.
        written = self._written(element)
        has_result = element.get("t") == "str" and element.find(_reader.VALUE_TAG) is not None
        if cell["value"] is None and not has_result:
            cell["value"] = written
        elif cell["value"] == 0 and self.is_uncomputed and written:
            # Programs that compute nothing write 0 and ask for everything to be computed.
            cell["value"] = f"0 ({written})"
        return cell

    def _written(self, element: Any) -> str:
        try:
            found = self.parse_formula(element)
        except (ValueError, TypeError, KeyError):
            return ""
        found = getattr(found, "text", found)
        return found[:MOST_FORMULA] if isinstance(found, str) and found != "=" else ""
