"""CSV downloads: the text comes back as it was, no cell is a formula, and a long table takes no more memory."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from plumbing.streaming import stream_csv

FORMULAS = [
    "=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "＝1+1", "＋1", "－1", "＠SUM(A1)",
    '=HYPERLINK("https://example.test","Click")', "=cmd|' /C calc'!A0", "-", "+44 20 7946 0000",
]  # fmt: skip
HARMLESS = ["1-1", "a=b", "user@example.test", "Order 7", "'quoted", "", " ", "https://instagram.com/p/x?a=1&b=-2"]


def file_of(rows, header=("A", "B")):
    """The whole file as bytes."""
    return b"".join(stream_csv(name="a.csv", header=header, rows=rows))


def cells_of(rows):
    """What a reader finds below the heading."""
    text = file_of(rows).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


class TestTheFile:
    def test_it_is_rfc_4180_in_utf_8_with_the_mark_that_excel_needs(self):
        made = file_of([["Zoë, 7", 'say "hi"'], ["two\r\nlines", "धन्यवाद"]])

        assert made == '\ufeffA,B\r\n"Zoë, 7","say ""hi"""\r\n"two\r\nlines",धन्यवाद\r\n'.encode()

    @pytest.mark.parametrize("name", ["statement 2026-03.csv", 'a"; evil="b.csv', "Ведомость.csv", "a\r\nb.csv"])
    def test_a_browser_saves_it_under_its_name(self, name):
        response = stream_csv(name=name, header=["A"], rows=[])

        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"].startswith("attachment; filename")
        assert len(response.serialize_headers().splitlines()) == 2

    def test_a_table_without_rows_has_its_heading(self):
        assert file_of([]) == b"\xef\xbb\xbfA,B\r\n"

    @pytest.mark.parametrize(
        ("cell", "written"),
        [
            (-5, "-5"),
            (Decimal("-0.27819"), "-0.27819"),
            (Decimal("0E-5"), "0.00000"),
            (Decimal("1E+3"), "1000"),
            (None, ""),
            (date(2026, 3, 2), "2026-03-02"),
            (datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "2026-03-02 12:00:00"),
            (datetime(2026, 3, 2, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-03-02 12:00:00"),
        ],
    )
    def test_numbers_stay_numbers_and_instants_are_in_utc(self, cell, written):
        assert cells_of([[cell, "x"]]) == [[written, "x"]]


class TestFormulas:
    @pytest.mark.parametrize("text", FORMULAS)
    def test_a_text_that_would_be_a_formula_begins_with_an_apostrophe(self, text):
        assert cells_of([["x", text]]) == [["x", f"'{text}"]]

    @pytest.mark.parametrize("text", HARMLESS)
    def test_every_other_text_is_left_alone(self, text):
        assert cells_of([["x", text]]) == [["x", text]]

    def test_a_heading_is_guarded_too(self):
        assert file_of([], header=["=1"]) == "\ufeff'=1\r\n".encode()

    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=3))
    @example(['",=1', "\n=1"])
    @example(['"\r\n=1,"', ";=1"])
    def test_whatever_the_texts_no_cell_runs_into_another_or_begins_a_formula(self, texts):
        (cells,) = cells_of([texts])

        assert [
            cell.removeprefix("'") if cell != text else cell for cell, text in zip(cells, texts, strict=True)
        ] == texts
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)


class TestLongTables:
    def test_a_hundred_times_the_rows_take_no_more_memory(self):
        assert peak(200_000) < peak(2_000) + 64_000

    def test_the_first_piece_leaves_before_the_last_row_is_read(self):
        read = []

        def rows():
            for number in range(100_000):
                read.append(number)
                yield [number, "text"]

        pieces = iter(stream_csv(name="a.csv", header=["A", "B"], rows=rows()))
        next(pieces)

        assert 0 < len(read) < 10_000

    @pytest.mark.django_db(transaction=True)
    def test_rows_may_come_from_a_cursor_on_the_server(self):
        def rows():
            with transaction.atomic(), connection.chunked_cursor() as cursor:
                cursor.execute("SELECT n, 'row ' || n FROM generate_series(1, 50000) AS n")
                yield from cursor

        found = cells_of(rows())

        assert (len(found), found[-1]) == (50_000, ["50000", "row 50000"])


def peak(count):
    """The most memory held while a table of so many rows is sent, in bytes."""
    tracemalloc.start()
    try:
        response = stream_csv(name="a.csv", header=["A", "B"], rows=([n, "some text"] for n in range(count)))
        for _ in response:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
