"""A whole panel, killed again and again while programs order from it, and what is promised whatever dies when.

Reliability section 3, rows 1 to 5, 18, 20, 27 and 28; X1. The same as `make chaos`, shorter.
"""

import pytest

pytestmark = pytest.mark.chaos

PROMISED = {"sent_twice": 0, "forgotten": 0, "cents_lost": 0}
SIZE = {"orders": 100, "clients": 8, "kills": 6}


def test_with_request_ids_every_order_ends(run):
    """Decision 13: what nobody can vouch for is asked for by its request id, and nothing is left for staff."""
    status, counted = run(**SIZE)

    assert counted == SIZE | PROMISED | {"unknown": counted["unknown"], "healed": counted["unknown"]}
    assert counted["unknown"] > 0
    assert status == 0


def test_without_request_ids_unknowns_stay_held_and_are_never_sent_again(run):
    """Reliability section 2: nobody can tell, so nothing is sent again and no money moves until staff decide."""
    status, counted = run("--no-request-ids", **SIZE)

    assert counted == SIZE | PROMISED | {"unknown": counted["unknown"], "healed": counted["healed"]}
    assert counted["unknown"] > counted["healed"]
    assert status == 0
