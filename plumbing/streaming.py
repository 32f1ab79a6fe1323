"""Long tables as CSV files, safe in a spreadsheet, sent while they are read: memory does not grow with them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

Cell = str | int | Decimal | date | datetime | None

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the machine's old code page; everything else skips it
PIECE = 32_768  # characters sent at once: a piece for each row would cost more than the row
BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def stream_csv(*, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """A file to be downloaded, in UTF-8 with CRLF line ends and quotes as in RFC 4180.

    name: of the file, with its ending. rows: read once, one by one; give an iterator over a server-side cursor.
    Texts that a spreadsheet would take for a formula begin with an apostrophe; numbers stay numbers, without exponents;
    instants are in UTC ("2026-03-02 12:00:00"), which their column's heading should say; None is an empty cell.
    """
    response = StreamingHttpResponse(_pieces(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = str(content_disposition_header(True, name))
    return response


def _pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    text = io.StringIO(BYTE_ORDER_MARK)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow([_written(cell) for cell in header])
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
        if text.tell() >= PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _written(cell: Cell) -> str:
    """A cell as it stands in the file."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(BEGINS_A_FORMULA) else cell
    if isinstance(cell, Decimal):
        return f"{cell:f}"  # str() writes a zero of five places as 0E-5
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return str(cell)
