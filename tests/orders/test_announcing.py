"""A material change is told by mail to whom it concerns, in batches, once each (S50, support.9.2)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

import accounts.operations as accounts
import policies.operations as policies
from accounts.models import Outgoing
from orders import announcing
from orders.models import Order
from orders.reading.customers import with_orders
from policies.models import Announcement, PolicyVersion, content_of
from policies.operations import announcing as telling
from policies.reading.announcements import mail_about
from tests.factories import CustomerFactory, OrderFactory, fund
from tests.policies.people import publish, rehearse, staff_with, write
from wallet import operations as wallet

SEEDED = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)
BEGINS = NOW + timedelta(days=14)
DAY = timedelta(days=1)


@pytest.fixture
def shipped(db):
    """Version 1 of each policy, in force for months."""
    policies.seed(now=SEEDED)
    return {version.policy.slug: version for version in PolicyVersion.objects.select_related("policy")}


def customer(shipped, *, standing=False, slugs=("refund", "support", "terms"), **fields):
    """Somebody who accepted these documents when they were new."""
    user = CustomerFactory(**fields)
    checksums = {shipped[slug].pk: shipped[slug].checksum for slug in slugs}
    policies.accept(user_id=user.pk, checksums=checksums, context="order", now=SEEDED, standing=standing)
    return user


def paid(user, *, at=NOW - DAY, left=True):
    """The same with a payment at an instant, and its balance gone at the same instant unless it is left."""
    fund(user, Decimal(5), now=at)
    if not left:
        about = {"key": f"order:{user.pk}:charge", "subject_type": "order", "subject_id": user.pk}
        wallet.charge(user_id=user.pk, amount=Decimal(5), actor="system", now=at, **about)
    return user


@pytest.fixture
def change(shipped):
    """Version 2 of a policy, published with notice by a second person."""

    def change(slug="refund", **said):
        writer = staff_with("draft_policy")
        draft = policies.start_draft(staff=writer, slug=slug, now=NOW)
        write(writer, draft, now=NOW, material=True, **said)
        rehearse(draft, at=NOW)
        publish(staff_with("publish_policy"), draft, at=BEGINS, now=NOW)
        return PolicyVersion.objects.select_related("policy").get(pk=draft.pk)

    return change


def tell(version, *, now=NOW):
    announcing.work_on(version_id=version.pk, now=now)


def told(version):
    return set(
        Outgoing.objects.filter(key__startswith=f"policy:{version.policy.slug}:v").values_list("user_id", flat=True)
    )


class TestPublishing:
    def test_tells_nobody_itself_and_leaves_a_row_for_the_tick(self, shipped, change):
        paid(customer(shipped))
        version = change(params={"fail_after_h": 48})

        assert not Outgoing.objects.filter(key__startswith="policy:").exists()
        assert telling.due(now=NOW) == [version.pk]

    def test_of_signs_between_words_tells_nobody(self, shipped):
        writer = staff_with("draft_policy")
        draft = policies.start_draft(staff=writer, slug="refund", now=NOW)
        heading, text = content_of(draft).clauses["refund.1.1"]
        write(writer, draft, now=NOW, texts={"refund.1.1": (heading, text.replace(".", " !"))})
        rehearse(draft, at=NOW)
        publish(staff_with("publish_policy"), draft, at=NOW, now=NOW)

        assert telling.due(now=NOW) == []


class TestWhoIsTold:
    def test_is_whoever_accepted_an_earlier_version_and_has_money_with_us_or_had_within_a_year(self, shipped, change):
        rich, lately = paid(customer(shipped)), paid(customer(shipped), at=NOW - 364 * DAY, left=False)
        by_key = paid(customer(shipped, standing=True, slugs=("terms",)))
        suspended = paid(customer(shipped))
        accounts.suspend(user_id=suspended.pk, reason="For a test", actor="system", now=NOW)
        paid(customer(shipped), at=NOW - 366 * DAY, left=False)
        paid(customer(shipped, slugs=("support",)))  # never accepted this one
        customer(shipped)  # has nothing with us
        version = change(params={"fail_after_h": 48})

        tell(version)

        assert told(version) == {rich.pk, lately.pk, by_key.pk, suspended.pk}

    @pytest.mark.parametrize(("ended", "is_told"), [(None, True), (364 * DAY, True), (366 * DAY, False)])
    def test_is_whoever_has_an_order_or_had_one_within_a_year(self, shipped, ended, is_told):
        """Whatever money it moved: an order for nothing moves none."""
        order = OrderFactory(user=customer(shipped, funds=Decimal(5)), quantity=100)
        Order.objects.filter(pk=order.pk).update(
            **({} if ended is None else {"status": "completed", "cause": "all_delivered", "ended_at": NOW - ended})
        )

        found = with_orders([order.user_id], since=NOW - announcing.LATELY)

        assert (order.user_id in found) is is_told

    def test_is_everybody_with_money_where_nobody_accepts_the_document(self, shipped, change):
        """privacy.8.1: the notice binds nobody and concerns everybody."""
        one = paid(CustomerFactory())
        CustomerFactory()
        version = change("privacy", texts={"privacy.5.2": ("Mail", "Deleted after 60 days.")})

        tell(version)

        assert told(version) == {one.pk}

    def test_is_not_chosen_by_what_they_wish_to_hear(self):
        """A change of terms is a service message: nothing on a user takes it away."""
        assert {field.name for field in CustomerFactory._meta.model._meta.fields if "notif" in field.name} == set()


class TestWhatIsTold:
    def test_it_names_what_changes_from_when_and_where_it_stands(self, shipped, change, settings):
        settings.SITE_URL = "https://panel.example.com/"
        user = paid(customer(shipped))
        version = change(
            params={"fail_after_h": 48, "tolerance_bp": 300},
            texts={"refund.1.1": ("What this is for", "Otherwise.")},
            without={"refund.12.2"},
            summary="An order has failed after {fail_after_h} hours.",
        )
        tell(version)

        mail = Outgoing.objects.get(user=user, key=f"policy:refund:v2:{user.pk}")
        assert (mail.to, mail.due_at) == (user.email, NOW)
        assert mail.subject == "Refund and cancellation policy: what changes on 21 September 2026"
        for said in (
            "changes on 21 September 2026, 12:00 UTC",
            "An order has failed after 48 hours.",
            "- Refunds when delivery fails (refund.6.3): 72 becomes 48 hours",
            "- A minor difference is not a failure (refund.7.2): 2 % becomes 3 %",
            "- What this is for (refund.1.1): reads otherwise",
            "- Use it with care (refund.12.2): taken out",
            "at an address that stays: https://panel.example.com/policies/refund/v2",
            "word by word: https://panel.example.com/policies/refund/v1..v2",
            "Orders that you place before that day keep the version they were placed under.",
        ):
            assert said in mail.body, said
        assert "{" not in mail.body
        assert "refund.3.3" not in mail.body  # what stays is not told

    def test_a_document_that_orders_do_not_keep_says_nothing_of_them(self, shipped, change):
        _, body = mail_about(change("terms", texts={"terms.4.5": ("Spending limits", "After a while.")}))

        assert "keep the version" not in body
        assert "- Spending limits (terms.4.5): reads otherwise" in body

    def test_it_takes_few_queries(self, change, django_assert_num_queries):
        version = change(params={"fail_after_h": 48})

        with django_assert_num_queries(3):
            mail_about(version)


class TestInBatches:
    @pytest.fixture
    def crowd(self, shipped):
        return {paid(customer(shipped)).pk for _ in range(5)}

    def test_everybody_is_told_once_however_often_it_ticks(self, crowd, change, monkeypatch):
        monkeypatch.setattr(telling, "BATCH", 2)
        version = change(params={"fail_after_h": 48})

        for _ in range(3):
            tell(version)

        assert told(version) == crowd
        row = Announcement.objects.get()
        assert (row.told, row.finished_at) == (5, NOW)
        assert telling.due(now=NOW) == []

    def test_a_pass_ends_and_the_next_goes_on(self, crowd, change, monkeypatch):
        monkeypatch.setattr(telling, "BATCH", 2)
        monkeypatch.setattr(telling, "BATCHES", 1)
        version = change(params={"fail_after_h": 48})

        tell(version)
        assert (len(told(version)), telling.due(now=NOW)) == (2, [version.pk])
        tell(version)
        tell(version)

        assert told(version) == crowd

    def test_what_was_told_before_a_worker_died_is_not_told_again(self, crowd, change):
        """The row says less than was done: the mail's key holds."""
        version = change(params={"fail_after_h": 48})
        tell(version)
        Announcement.objects.update(after=0, told=0, finished_at=None)

        tell(version)

        assert Outgoing.objects.filter(key__startswith="policy:").count() == 5

    def test_an_address_that_takes_no_mail_stops_nobody(self, crowd, change):
        type(CustomerFactory()).objects.filter(pk=min(crowd)).update(email="no address")
        version = change(params={"fail_after_h": 48})

        tell(version)

        assert told(version) == crowd - {min(crowd)}

    def test_a_batch_takes_as_many_queries_as_one_person(self, crowd, change, django_assert_num_queries):
        """The version; three of what changes; a batch: lock, users, orders, money, mails, row, and two marks."""
        version = change(params={"fail_after_h": 48})

        with django_assert_num_queries(12):
            tell(version)


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_come_together_each_person_hears_once(shipped, change, monkeypatch):
    monkeypatch.setattr(telling, "BATCH", 1)
    crowd = {paid(customer(shipped)).pk for _ in range(4)}
    version = change(params={"fail_after_h": 48})
    gate = threading.Barrier(3)

    def work(_):
        gate.wait(timeout=60)
        try:
            tell(version)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, range(3)))
    tell(version)  # who came second may have left the rest

    assert told(version) == crowd
    assert Announcement.objects.get().told == len(crowd)


@pytest.mark.django_db(transaction=True)
def test_the_tick_does_it(shipped, change):
    user, version = paid(customer(shipped)), change(params={"fail_after_h": 48})

    with time_machine.travel(NOW, tick=False):
        call_command("tick", "announce")

    assert told(version) == {user.pk}
