"""Pages by id show every row once, however rows arrive meanwhile, each in one query."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import CustomerGroup
from plumbing.keyset import before_of, page

pytestmark = pytest.mark.django_db


def add_groups(*names):
    return [CustomerGroup.objects.create(name=name) for name in names]


def test_every_row_comes_once_newest_first_though_rows_arrive_meanwhile():
    add_groups(*"abcdefg")
    seen, before, pages = [], None, 0
    while True:
        shown = page(CustomerGroup.objects.all(), before=before, size=3)
        seen += [group.name for group in shown.rows]
        pages += 1
        add_groups(f"late {pages}")
        if shown.older_than is None:
            break
        before = shown.older_than
    assert seen == list("gfedcba")
    assert pages == 3


def test_the_last_page_says_so_even_when_it_is_full():
    add_groups(*"abc")
    assert page(CustomerGroup.objects.all(), before=None, size=3).older_than is None


def test_an_empty_list_is_one_empty_page():
    shown = page(CustomerGroup.objects.all(), before=None, size=3)
    assert (shown.rows, shown.older_than) == ([], None)


def test_a_page_is_one_query_without_offset_or_count():
    add_groups(*"abcdefg")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(CustomerGroup.objects.all(), before=10_000_000, size=3)
    assert len(queries) == 1
    assert "OFFSET" not in queries[0]["sql"]
    assert "COUNT" not in queries[0]["sql"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("42", 42), ("", None), (None, None), ("-1", None), ("4x", None), ("٤٢", None), ("9" * 19, None)],
)
def test_a_place_in_the_address_bar_is_read_forgivingly(text, place):
    assert before_of(text) == place
