"""The page *needs a person*: everything that waits for a decision, with its evidence, its acts and who came first."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

import wallet.operations as wallet
from accounts.models import Outgoing
from orders.admin import attention, words
from orders.delivery import holding, stalling
from orders.models import Attempt, Delivery, Flag, OrderEvent, PollBatch, Provider, Run, Wave
from orders.operations import flags
from policies.models import Decision
from tests.factories import NOON, OrderFactory

PAGE = reverse("admin:orders_flag_changelist")
LARGE = 50_000


def tab(client, slug, **more):
    return client.get(PAGE, {"tab": slug, **more})


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def counts(client):
    return {each.slug: each.count for each in client.get(PAGE).context["tabs"]}


def act(name, run):
    return reverse(f"admin:orders_order_run_{name}", args=[run.pk])


def send(client, address, **values):
    """Open an act's page and send its form, as a person does."""
    return client.post(address, {**client.get(address).context["form"].initial, **values}, follow=True)


@pytest.fixture
def unknown(forgetful):
    """An order whose one run was sent to a provider without request ids, which hung up without a word."""
    order = forgetful.order(sim="drop")
    forgetful.send()
    return order


@pytest.fixture
def silent(upstream):
    """An order that stands at 20,000 of 50,000 while its provider has answered nobody for four days."""
    order = upstream.order(quantity=LARGE, sim="remains:30000")
    upstream.send()
    while not Delivery.objects.filter(delivered__gt=0).exists():
        upstream.look()
    long_ago = timezone.now() - timedelta(days=4)
    Delivery.objects.update(progressed_at=long_ago)
    PollBatch.objects.update(due_at=long_ago)
    stalling.flag_unseen(now=timezone.now())
    return order


class TestTabs:
    def test_every_kind_of_flag_has_a_tab_and_only_one(self):
        listed = [kind for _, kinds in attention.LISTS.values() for kind in kinds]

        assert len(listed) == len(set(listed))
        assert set(listed) < set(words.FLAGS)
        assert set(words.FLAGS) - set(attention.SORTED) == {
            flags.WAITING_LONG,
            flags.ODD_STATUS,
            flags.SETTLE_FAILED,
            flags.BY_HAND,
            flags.CANCEL_BY_HAND,
            flags.CANCEL_UNHEARD,
        }

    def test_each_counts_what_is_open_and_lists_the_oldest_first(self, client, staff):
        staff("support")
        order = OrderFactory()
        for minutes, kind in enumerate(("regressed", "unknown_word", "odd_status", "unseen")):
            Flag.objects.create(order=order, kind=kind, raised_at=NOON + timedelta(minutes=minutes))
        Flag.objects.create(order=order, kind="regressed", raised_at=NOON, resolved_at=NOON, resolved_by="system")

        seen = counts(client)

        assert (seen["reports"], seen["other"], seen["stalled"], seen["unclear"], seen["closed"]) == (2, 1, 1, 0, None)
        assert [case.flag.kind for case in tab(client, "reports").context["cases"]] == ["regressed", "unknown_word"]
        assert [case.flag.resolved_by for case in tab(client, "closed").context["cases"]] == ["system"]

    def test_a_kind_that_nobody_sorted_is_listed_under_other(self, client, staff, monkeypatch):
        staff("support")
        monkeypatch.setitem(words.FLAGS, "brand_new", ("brand new", "Look at it."))
        Flag.objects.create(order=OrderFactory(), kind="brand_new", raised_at=NOON)

        assert "brand new" in text_of(tab(client, "other"))
        assert counts(client)["other"] == 1

    def test_nothing_to_do_says_so(self, client, staff):
        staff("support")

        for slug in attention.SLUGS:
            answer = tab(client, slug)
            assert answer.status_code == 200
            assert slug == "elsewhere" or re.search("Nothing|No order is held", text_of(answer)), slug

    def test_an_order_is_found_by_its_number_whatever_became_of_it(self, client, staff):
        staff("support")
        order = OrderFactory()
        Flag.objects.create(order=order, kind="regressed", raised_at=NOON, resolved_at=NOON, resolved_by="staff:1")
        Flag.objects.create(order=order, kind="odd_status", raised_at=NOON)

        cases = client.get(PAGE, {"q": str(order.pk)}).context["cases"]

        assert [case.flag.kind for case in cases] == ["odd_status", "regressed"]
        assert "Nothing was ever odd about order 77" in text_of(client.get(PAGE, {"q": "77"}))
        assert client.get(PAGE, {"q": "x' OR 1"}).status_code == 200

    def test_pages_go_on_where_the_last_one_ended(self, client, staff):
        staff("support")
        orders = [OrderFactory() for _ in range(5)]
        kinds = attention.LISTS["reports"][1]
        Flag.objects.bulk_create(Flag(order=order, kind=kind, raised_at=NOON) for order in orders for kind in kinds)

        first = tab(client, "reports")
        rest = tab(client, "reports", after=first.context["further"])

        shown = [[case.flag.pk for case in answer.context["cases"]] for answer in (first, rest)]
        assert [len(pks) for pks in shown] == [25, 5 * len(kinds) - 25]
        assert shown[0] + shown[1] == sorted(shown[0] + shown[1])
        assert (rest.context["further"], rest.context["deep"]) == (None, True)

    @pytest.mark.parametrize("place", ["x", "-1", "9" * 30, ""])
    def test_a_place_that_is_none_is_the_first_page(self, client, staff, place):
        staff("support")
        Flag.objects.create(order=OrderFactory(), kind="regressed", raised_at=NOON)

        assert len(tab(client, "reports", after=place).context["cases"]) == 1


class TestMany:
    def test_more_rows_cost_no_more_queries_on_any_tab(self, client, staff, queries_of, forgetful):
        staff("owner")
        kinds = ["unknown", "unmapped", "regressed", "unseen", "settle_failed"]
        slugs = ["unclear", "refused", "reports", "stalled", "other", "held", "closed"]

        def add(number):
            for _ in range(number):
                order = forgetful.order()
                run = forgetful.run(order)
                wave = Wave.objects.create(provider=forgetful.provider, started_at=NOON, sent=1)
                Attempt.objects.create(
                    id=run.request_id, run=run, wave=wave, started_at=NOON, submission="unknown", detail="?"
                )
                for kind in kinds:
                    Flag.objects.create(order=order, run=run, kind=kind, raised_at=NOON)
                Flag.objects.create(order=order, run=run, kind="same_id", raised_at=NOON, resolved_at=NOON)
                Run.objects.filter(pk=run.pk).update(state="unknown")
                type(order).objects.filter(pk=order.pk).update(held_reason="no_provider")
                OrderEvent.objects.create(order=order, kind="status", status="held", actor="system", at=NOON)

        add(2)
        few = {slug: queries_of(f"{PAGE}?tab={slug}") for slug in slugs}
        add(6)
        many = {slug: queries_of(f"{PAGE}?tab={slug}") for slug in slugs}

        assert many == few
        assert max(few.values()) <= 20


class TestEvidence:
    def test_of_an_unclear_answer_is_all_that_a_decision_needs(self, client, staff, forgetful, unknown):
        """Reliability 2.4: the attempt, the balances, what went with it, and a text for the provider's support."""
        staff("support")
        run = forgetful.run(unknown)
        wave = Wave.objects.get()
        other = forgetful.order()
        Wave.objects.update(balance_before=Decimal(100), balance_after=Decimal("98.1862"), sent=2)
        Attempt.objects.filter(run=run).update(detail="<b>gateway</b> " + "x" * 5000, reason="timeout")
        Attempt.objects.create(
            id=other.runs.get().request_id, run=other.runs.get(), wave=wave, started_at=NOON, submission="accepted"
        )

        page = text_of(tab(client, "unclear"))

        assert "&lt;b&gt;gateway&lt;/b&gt; xxx" in page
        assert "x" * 601 not in page
        assert "no request id sent" in page
        assert "100.00000 → 98.18620: 1.81380 for 2 sent together" in page
        assert "This one is listed at 0.90690" in page
        assert "it seems to have been taken" in page  # 1.8138 are two at 0.9069, and the other was taken for certain
        assert f"Order {other.pk}</a>, part 1: accepted, listed at 0.90690" in page
        assert f"Link: {unknown.link}" in page
        assert "Our balance with you: 100.00000 before, 98.18620 after." in page
        assert all(act(name, run) + "?tab=unclear" in page for name in ("link", "resend", "refund"))
        assert "Dismiss…" not in page  # it is decided, not dismissed

    def test_a_balance_that_money_came_back_to_proves_nothing(self, client, staff, unknown):
        staff("support")
        Wave.objects.update(balance_before=Decimal(100), balance_after=Decimal("99.25"), void=True)

        page = text_of(tab(client, "unclear"))

        assert "proves nothing, money came back in between" in page
        assert "it seems" not in page

    def test_of_a_held_order_is_why_and_since_when(self, client, staff, upstream):
        staff("support")
        order = upstream.order()
        Provider.objects.update(enabled=False)
        holding.hold_and_release(now=timezone.now() - timedelta(hours=3, minutes=1))

        page = text_of(tab(client, "held"))

        assert f">{order.pk}</a>" in page
        assert "nobody who delivers it is switched on" in page
        assert "3 h 1 min" in page
        assert counts(client)["held"] == 1

    def test_of_what_waits_elsewhere_is_a_way_there(self, client, staff):
        staff("owner")
        Outgoing.objects.create(
            kind="mail",
            to="a@b.test",
            subject="x",
            body="y",
            key="k",
            created_at=NOON,
            due_at=NOON,
            give_up_at=NOON,
            parked_at=NOON,
        )

        page = text_of(tab(client, "elsewhere"))

        assert reverse("admin:accounts_outgoing_changelist") + "?state=parked" in page
        assert reverse("admin:wallet_payout_changelist") in page
        assert counts(client)["elsewhere"] == 1


class TestDeciding:
    def test_goes_back_to_the_tab_and_is_kept_in_the_log(self, client, staff, forgetful, unknown):
        support, run = staff("support"), forgetful.run(unknown)

        answer = send(client, act("resend", run) + "?tab=unclear", reason="Not in their list")

        assert answer.redirect_chain[-1][0] == f"{PAGE}?tab=unclear"
        assert (forgetful.run(unknown).state, Flag.objects.get().resolved_by) == ("queued", f"staff:{support.pk}")
        assert LogEntry.objects.get().change_message

    @pytest.mark.parametrize("name", ["link", "resend", "refund"])
    def test_about_another_try_than_the_one_that_was_seen_does_nothing(self, client, staff, forgetful, unknown, name):
        """Somebody sent it again meanwhile, and that try is unknown too: the old evidence decides nothing."""
        staff("support")
        run = forgetful.run(unknown)
        seen = client.get(act(name, run)).context["form"].initial
        send(client, act("resend", run), reason="Not in their list")
        forgetful.now = timezone.now() + timedelta(minutes=1)
        forgetful.send()
        again = forgetful.run(unknown)
        assert (again.state, again.tries) == ("unknown", 2)

        answer = client.post(act(name, run), {**seen, "reason": "I looked", "provider_order_id": 77})

        assert "look at the new evidence first" in text_of(answer)
        assert "I looked" in text_of(answer)
        assert (forgetful.run(unknown).state, forgetful.run(unknown).tries) == ("unknown", 2)
        assert forgetful.fresh(unknown).refunded == 0

    @pytest.mark.parametrize("name", ["link", "resend", "refund"])
    def test_without_saying_what_was_seen_does_nothing(self, client, staff, forgetful, unknown, name):
        staff("support")

        client.post(act(name, forgetful.run(unknown)), {"reason": "I looked", "provider_order_id": 77})

        assert forgetful.run(unknown).state == "unknown"


class TestGivingUpASilentRun:
    """R37, "refund.6.3": nobody can say how it stands, so a person may end it."""

    def test_ends_it_as_one_that_stands_still_and_pays_the_rest_back(self, client, staff, upstream, silent):
        support, run, before = staff("support"), upstream.run(silent), upstream.balance()
        assert act("give-up", run) + "?tab=stalled" in text_of(tab(client, "stalled"))

        shown = text_of(client.get(act("give-up", run)))
        send(client, act("give-up", run), reason="Their page is gone")

        order = upstream.fresh(silent)
        assert "20,000 of 50,000 delivered" in shown
        assert (order.status, order.cause, order.refunded) == ("failed", "failed", order.charge * Decimal("0.6"))
        assert upstream.balance() - before == order.refunded
        assert Decision.objects.get().actor == f"staff:{support.pk}"
        assert not Flag.objects.filter(resolved_at=None).exists()
        assert order.events.get(kind="ended_by_hand").facts["reason"] == "Their page is gone"
        assert not Delivery.objects.exists()
        page = reverse("admin:orders_order_change", args=[order.pk])
        assert "Part 1 was ended by hand with 20000 delivered. Their page is gone" in text_of(client.get(page))

    def test_not_before_the_hours_of_its_policy_are_over(self, client, staff, upstream, silent):
        staff("support")
        seen = client.get(act("give-up", upstream.run(silent))).context["form"].initial
        Delivery.objects.update(progressed_at=timezone.now() - timedelta(hours=71))

        answer = client.post(act("give-up", upstream.run(silent)), {**seen, "reason": "Too slow"})

        assert "no longer possible" in text_of(answer)
        assert upstream.fresh(silent).ended_at is None

    def test_not_when_it_has_moved_since_the_person_looked(self, client, staff, upstream, silent):
        staff("support")
        run = upstream.run(silent)
        seen = client.get(act("give-up", run)).context["form"].initial
        Delivery.objects.update(delivered=20_001)

        answer = client.post(act("give-up", run), {**seen, "reason": "Their page is gone"})

        assert "It has moved since you opened this page: 20001 are delivered now" in text_of(answer)
        assert upstream.fresh(silent).ended_at is None

    def test_twice_pays_once(self, client, staff, upstream, silent):
        staff("support")
        run = upstream.run(silent)
        seen = client.get(act("give-up", run)).context["form"].initial
        client.post(act("give-up", run), {**seen, "reason": "Their page is gone"})
        paid = upstream.balance()

        assert "no longer possible" in text_of(client.post(act("give-up", run), {**seen, "reason": "Again"}))
        assert upstream.balance() == paid

    def test_is_for_those_alone_who_may_handle_orders(self, client, staff, upstream, silent):
        staff("finance")

        assert client.get(act("give-up", upstream.run(silent))).status_code == 403
        assert act("give-up", upstream.run(silent)) not in text_of(tab(client, "stalled"))


class TestEndingWithTheNumberFound:
    """Orders c.2: ended, charged, and nobody says how much is missing: a person asks and enters it."""

    @pytest.fixture
    def numberless(self, silent):
        Delivery.objects.update(word="Canceled")
        Flag.objects.create(order=silent, run=silent.runs.get(), kind="remains_missing", raised_at=NOON)
        return silent

    def test_pays_back_what_was_not_delivered(self, client, staff, upstream, numberless):
        """The rule "refund.7.3" decides the amount."""
        staff("support")
        before = wallet.balance_of(numberless.user_id)

        assert act("end", upstream.run(numberless)) in text_of(tab(client, "reports"))
        send(client, act("end", upstream.run(numberless)), delivered=40_000, reason="Their support, by mail")

        order = upstream.fresh(numberless)
        assert (order.status, order.cause, order.refunded) == ("partial", "provider_ended", order.charge / 5)
        assert wallet.balance_of(numberless.user_id) - before == order.refunded

    def test_all_of_it_is_a_completed_order(self, client, staff, upstream, numberless):
        staff("support")

        send(client, act("end", upstream.run(numberless)), delivered=LARGE, reason="Their support, by mail")

        assert (upstream.fresh(numberless).status, upstream.fresh(numberless).refunded) == ("completed", 0)

    @pytest.mark.parametrize("number", ["19999", "50001", "-1", "x", ""])
    def test_less_than_is_known_or_more_than_was_bought_is_refused(self, client, staff, upstream, numberless, number):
        staff("support")

        answer = send(client, act("end", upstream.run(numberless)), delivered=number, reason="Their support, by mail")

        assert answer.context["form"].errors
        assert "Their support, by mail" in text_of(answer)
        assert upstream.fresh(numberless).ended_at is None

    def test_not_while_reports_can_be_read(self, client, staff, upstream, silent):
        staff("support")

        answer = client.get(act("end", upstream.run(silent)))

        assert "no longer possible" in text_of(answer)


class TestDismissing:
    @pytest.fixture
    def odd(self, db):
        return [
            Flag.objects.create(order=OrderFactory(at=NOON), kind=kind, raised_at=NOON)
            for kind in ("regressed", "unknown_word")
        ]

    def test_one_goes_back_to_its_tab(self, client, staff, odd):
        staff("support")
        address = reverse("admin:orders_flag_dismiss", args=[odd[0].pk]) + "?tab=reports"

        assert address in text_of(tab(client, "reports"))
        answer = client.post(address, {"reason": "Their counter was reset"}, follow=True)

        assert answer.redirect_chain[-1][0] == f"{PAGE}?tab=reports"
        odd[0].refresh_from_db()
        assert odd[0].resolution == "Their counter was reset"
        assert "no longer possible" in text_of(client.post(address, {"reason": "Again"}))

    def test_several_are_shown_before_and_say_which_could_not_be(self, client, staff, odd, forgetful, unknown):
        support = staff("support")
        chosen = {"tab": "reports", "flag": [flag.pk for flag in [*odd, unknown.flags.get()]]}
        address = reverse("admin:orders_flag_dismiss_chosen")

        asked = text_of(client.get(address, chosen))
        assert "1 × fewer than before" in asked
        assert not Flag.objects.exclude(resolved_at=None).exists()
        assert "This field is required" in text_of(client.post(address, {**chosen, "reason": " "}))
        page = text_of(client.post(f"{address}?tab=reports", {**chosen, "reason": "Seen before"}, follow=True))

        assert "2 of 3 dismissed" in page
        assert f"Order {unknown.pk}: It waits for a decision" in page
        resolved = Flag.objects.filter(resolved_by=f"staff:{support.pk}", resolution="Seen before")
        assert set(resolved) == set(odd)
        assert LogEntry.objects.filter(user=support).count() == 2

    def test_none_chosen_says_so(self, client, staff):
        staff("support")

        page = text_of(client.get(reverse("admin:orders_flag_dismiss_chosen"), {"flag": ["x", "1"]}, follow=True))

        assert "Nothing was dismissed" in page

    def test_finance_sees_them_and_dismisses_none(self, client, staff, odd):
        staff("finance")

        assert "Dismiss" not in text_of(tab(client, "reports"))
        for address in (
            reverse("admin:orders_flag_dismiss", args=[odd[0].pk]),
            reverse("admin:orders_flag_dismiss_chosen"),
        ):
            assert client.post(address, {"reason": "x", "flag": odd[0].pk}).status_code == 403
        odd[0].refresh_from_db()
        assert odd[0].resolved_at is None

    def test_customers_do_not_get_in(self, client, staff):
        staff("customer")

        assert client.get(PAGE).status_code in (302, 403)
