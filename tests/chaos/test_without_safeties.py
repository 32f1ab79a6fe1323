"""Negative controls of `make chaos`: without a safety the same run fails, by the harm that the safety is there for."""

import pytest

pytestmark = pytest.mark.chaos

NO_IDS = "--no-request-ids"


@pytest.mark.parametrize(
    ("safety", "flags", "kills", "harm"),
    [
        ("claim", [NO_IDS], 6, "sent_twice"),
        ("unknown", [NO_IDS, "--spoiled", "0.2"], 0, "sent_twice"),
        ("request_key", [], 0, "sent_twice"),
        ("lease", ["--still-seconds", "15"], 4, "forgotten"),
        ("durability", [], 6, "forgotten"),
    ],
)
def test_without_it_the_run_fails(run, safety, flags, kills, harm):
    status, counted = run("--without", safety, *flags, orders=60, clients=8, kills=kills)

    assert counted[harm] > 0
    assert status == 1
