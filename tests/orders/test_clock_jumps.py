"""Clocks of workers that jump: leases go by the database's clock, and a night has one run (fault row 22)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from orders.delivery import claiming, leases, reconcile
from orders.delivery.claiming import claim_wave
from orders.models import Flag, ProviderLease
from tests.factories import NOON
from wallet.models import LedgerCheck

JUMPS = [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-1), timedelta(days=1)]
# New York goes back from 02:00 to 01:00 at 06:00 UTC, and forward at 07:00 UTC.
BACK, FORWARD = datetime(2026, 11, 1, tzinfo=ZoneInfo("UTC")), datetime(2026, 3, 8, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def claimed(forgetful):
    """An order that somebody is sending right now."""
    order = forgetful.order()
    assert claim_wave(provider=forgetful.provider, balance=None, now=forgetful.now).claimed
    return order


@pytest.mark.parametrize("jump", JUMPS, ids=str)
class TestLeases:
    def test_a_claim_is_given_up_by_nobody_whose_clock_is_off(self, forgetful, claimed, jump):
        with time_machine.travel(timezone.now() + jump):
            assert reconcile.expire_leases(now=timezone.now()) == 0
            assert claim_wave(provider=forgetful.provider, balance=None, now=timezone.now()).claimed == ()

        assert forgetful.fresh(claimed).status == "submitting"
        assert not Flag.objects.exists()

    def test_a_provider_is_taken_from_nobody_whose_lease_still_runs(self, forgetful, jump):
        mine = leases.Lease(forgetful.provider.pk, ProviderLease.Work.DISPATCH)
        assert mine.renew()

        with time_machine.travel(timezone.now() + jump):
            assert not leases.Lease(forgetful.provider.pk, ProviderLease.Work.DISPATCH).renew()
            assert leases.taken(ProviderLease.Work.DISPATCH) == {forgetful.provider.pk}


def test_by_the_clock_of_a_worker_a_claim_would_be_given_up_while_it_is_sent(forgetful, claimed, monkeypatch):
    """Negative control: the same look, with the worker's own time in place of the database's."""
    ahead = timezone.now() + timedelta(hours=1)
    for name in ("EXPIRED", "GIVE_UP"):
        monkeypatch.setattr(reconcile, name, getattr(reconcile, name).replace("now()", f"'{ahead.isoformat()}'"))

    assert reconcile.expire_leases(now=ahead) == 1
    assert forgetful.fresh(claimed).status == "unknown"


def test_no_statement_about_leases_asks_a_worker_for_the_time():
    assert all("now()" in said for said in (claiming.TAKE, leases.TAKE, leases.TAKEN, reconcile.EXPIRED))


class TestNights:
    @pytest.mark.django_db(transaction=True)
    def test_a_clock_that_goes_to_and_fro_verifies_once_a_night(self):
        night = NOON.replace(hour=4)
        for jump in (timedelta(0), *JUMPS[:2], timedelta(minutes=5)):
            with time_machine.travel(night + jump, tick=False):
                call_command("tick", "verify")

        assert LedgerCheck.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("day", [BACK, FORWARD], ids=["an hour twice", "an hour left out"])
    def test_the_change_of_a_zone_s_clock_is_no_night(self, day):
        """Decision 9: timetables are in UTC, so there is neither a second 01:30 nor a missing 02:30."""
        halves = [day + timedelta(minutes=30 * number) for number in range(24 * 2)]
        for moment in halves:
            with time_machine.travel(moment, tick=False):
                call_command("tick", "verify")

        assert LedgerCheck.objects.count() == len({f"{check.at:%Y-%m-%d}" for check in LedgerCheck.objects.all()}) == 1
