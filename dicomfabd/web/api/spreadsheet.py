"""Tables as CSV that opens in a spreadsheet and does nothing there (RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for the code page of its machine."""

_ROWS_AT_ONCE: Final = 500

# What a spreadsheet leaves out before it looks at a cell, some of it invisible.
_BLANKS: Final = r"[ \x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
_SIGN: Final = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"  # a formula begins so, in full width too
# Where the spreadsheet's language parts cells by semicolons or tabs, another cell may begin inside one of ours.
_BEGINNING: Final = r"(?:^|(?<=[;\t\r\n]))"
_FORMULA: Final = re.compile(rf"{_BEGINNING}(?='*{_BLANKS}{_SIGN})|^(?='*[\t\r\n])")
_TEXT: Final = re.compile(rf"{_BEGINNING}'(?='*{_BLANKS}{_SIGN})|^'(?='*[\t\r\n])")


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


def plain_text(cell: str) -> str:
    """Give what stood in a cell before it was kept from being a formula."""
    return _TEXT.sub("", cell)


def _cell(value: str) -> str:
    return _FORMULA.sub("'", value)
