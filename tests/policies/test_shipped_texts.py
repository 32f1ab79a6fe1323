"""What ships as version 1 stays as it shipped: installations have published it, and customers have accepted it."""

import hashlib
from pathlib import Path

import pytest

from policies import texts

FOLDER = Path(texts.__file__).parent
# By slug: of the file as it lies there, with its summary; of the published version, with its headings and numbers.
SHIPPED = {
    "refund": (
        "f6c8338c2018e0d175a40438259a22a131362ff014641ec2969ddef692fde2bf",
        "757e1f7ebc2026672580d59d72f21465ad8edd398534c3ea33ec382cfed5fa74",
    ),
    "support": (
        "84f404ed08dcef3ffd5d966d452d88fb4121e944096e4bd0581d9511dde91148",
        "f624b002a4735e133b57332b75279653022ca7e8681c2be0dc1efd56c89335e2",
    ),
    "terms": (
        "5018e8908853f71fbee1610df6c6102eebf34d47e27cbbd0c4b33f84684510ac",
        "0048599121efb3ea52077d6d812ea42363a97c55d09c75a32ec978ced0c433d6",
    ),
    "privacy": (
        "7b65883d361e10b68dd25308d331b950800f1c2de09d47748f4eeb2d394a7b6d",
        "f7e171444a5155bc7805c4271dcf5b623fb41ca03cfbcdea883296f92ffb93f4",
    ),
}


def test_every_shipped_text_is_pinned():
    assert {path.name for path in FOLDER.glob("*.txt")} == {f"{slug}_v1.txt" for slug in SHIPPED}
    assert texts.TITLES.keys() == SHIPPED.keys()


@pytest.mark.parametrize("slug", SHIPPED)
def test_a_shipped_text_changes_only_by_a_new_version(slug):
    """Otherwise two installations would mean different words by the same number."""
    file, _ = SHIPPED[slug]

    assert hashlib.sha256((FOLDER / f"{slug}_v1.txt").read_bytes()).hexdigest() == file


@pytest.mark.parametrize("slug", SHIPPED)
def test_its_headings_and_numbers_stay_too(shipped, slug):
    _, checksum = SHIPPED[slug]

    assert shipped[slug].checksum == checksum
