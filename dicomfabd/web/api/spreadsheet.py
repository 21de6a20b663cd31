"""Tables as CSV that opens in a spreadsheet and does nothing there (RFC 4180)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for the code page of its machine."""

_ROWS_AT_ONCE: Final = 500

# A cell that begins so is a formula, in full width too; blanks before it do not help.
_FORMULA: Final = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]], *, with_mark: bool = False) -> str:
    """Give a table as CSV.

    Args:
        columns: The header; a row that lacks one has an empty cell, and what else a row has is left out.
        rows: Name of a column → text. One that a spreadsheet would take for a formula gets an apostrophe before it.
        with_mark: Begin with a byte order mark.
    """
    return "".join(csv_pieces(columns, rows, with_mark=with_mark))


def csv_pieces(columns: Sequence[str], rows: Iterable[Mapping[str, str]], *, with_mark: bool = False) -> Iterator[str]:
    """Give the same piece by piece, for tables that are written while they are read."""
    if with_mark:
        yield BYTE_ORDER_MARK
    waiting = iter(rows)
    yield _lines([columns])
    while piece := [[_cell(row.get(name, "")) for name in columns] for row in islice(waiting, _ROWS_AT_ONCE)]:
        yield _lines(piece)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: str) -> str:
    is_formula = value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)
    return f"'{value}" if is_formula else value
