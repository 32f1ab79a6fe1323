"""Which bytes each golden file holds, by its checksum in SHA256SUMS: a file made anew with other answers is seen."""

import hashlib
from pathlib import Path

SUMS = Path(__file__).parent / "SHA256SUMS"


class Repinned(Exception):
    """A kept file would get other bytes than it was pinned with."""


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pinned(sums: Path = SUMS) -> dict[str, str]:
    """The checksum of each file by its name, as `sha256sum` writes and checks them."""
    lines = sums.read_text().splitlines() if sums.exists() else []
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def pin(name: str, content: bytes, sums: Path = SUMS) -> None:
    """Append a new file's checksum; a file that has one keeps it. Raises Repinned where its bytes are others."""
    known = pinned(sums).get(name)
    if known is None:
        with sums.open("a") as file:
            file.write(f"{sum_of(content)}  {name}\n")
    elif known != sum_of(content):
        raise Repinned(f"{name} was pinned with other answers: they belong to a new version in the registry")
