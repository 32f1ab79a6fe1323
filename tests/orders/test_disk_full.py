"""A full disk under the database: said before anything is charged, and over without hands with room again (row 23)."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

import wallet.operations as wallet
from orders.models import Order
from plumbing import sql
from smmpanel.embedded import processes
from tests.factories import ServiceFactory
from tests.orders.test_api_v2 import Reseller

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = "4m"
PRICE = Decimal("1.5")
MOST = 1000  # orders until the last page that had room is full


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk of its own, on which the orders' table lies; the database's account owns it."""
    account = processes.unprivileged_account()
    if account is None:
        pytest.skip("THE FULL DISK WAS NOT TRIED: only root may mount one")
    place = Path(tempfile.mkdtemp(prefix="smmpanel-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},uid={account.uid},mode=700", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("THE FULL DISK WAS NOT TRIED: this machine lets nobody mount one")
    try:
        with _orders_on(place):
            yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


@contextmanager
def _orders_on(place: Path) -> Iterator[None]:
    sql.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
    sql.execute("ALTER TABLE orders_order SET TABLESPACE small")
    try:
        yield
    finally:
        (place / "filler").unlink(missing_ok=True)
        sql.execute("ALTER TABLE orders_order SET TABLESPACE pg_default")
        sql.execute("DROP TABLESPACE small")


def fill(disk: Path) -> None:
    """To the last byte."""
    free = shutil.disk_usage(disk).free
    with (disk / "filler").open("wb") as filler:
        filler.write(b"\0" * free)
    assert shutil.disk_usage(disk).free == 0


def test_an_order_is_refused_before_it_is_charged_and_goes_through_once_there_is_room(disk):
    service, reseller = ServiceFactory(), Reseller(funds="2000")

    def add(number: int) -> tuple[int, dict]:
        asked = {"service": service.pk, "link": f"https://instagram.com/p/{number}", "quantity": 1000}
        asked |= {"key": reseller.key, "action": "add", "request_id": f"n{number}"}
        answer = reseller.http.post("/api/v2", asked)
        return answer.status_code, answer.json()

    assert add(0)[0] == 200
    fill(disk)
    last = next(number for number in range(1, MOST) if add(number)[0] != 200)

    assert add(last) == (503, {"error": "Temporarily unavailable. Please try again."})
    assert Order.objects.count() == last
    assert wallet.balance_of(reseller.user.pk) == 2000 - PRICE * last

    os.truncate(disk / "filler", 0)
    assert add(last) == (200, {"order": Order.objects.latest("pk").pk})
    assert wallet.balance_of(reseller.user.pk) == 2000 - PRICE * (last + 1)
    call_command("verify_ledger")
